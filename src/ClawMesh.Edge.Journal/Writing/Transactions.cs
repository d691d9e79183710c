using ClawMesh.Edge.Journal.Opening;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ClawMesh.Edge.Journal.Writing;

/// <summary>Begins, commits and rolls back on the writer's connection, and keeps the write-ahead log short.</summary>
internal sealed class Transactions : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly PreparedCommand _begin;
    private readonly PreparedCommand _commit;
    private readonly PreparedCommand _rollback;
    private readonly long _pageBytes;

    public Transactions(SqliteConnection connection)
    {
        _connection = connection;
        _begin = new PreparedCommand(connection, "BEGIN IMMEDIATE");
        _commit = new PreparedCommand(connection, "COMMIT");
        _rollback = new PreparedCommand(connection, "ROLLBACK");
        _pageBytes = (long)EdgeDatabase.Scalar(connection, "PRAGMA page_size")!;
    }

    /// <summary>Bytes written to the log since the last <see cref="Checkpoint"/>, headers not counted.</summary>
    public long LogBytes
    {
        get
        {
            raw.sqlite3_db_status(_connection.Handle, raw.SQLITE_DBSTATUS_CACHE_WRITE, out int pages, out _, 0);
            return pages * _pageBytes;
        }
    }

    /// <summary>Runs <paramref name="work"/> in one transaction, on disk when it returns; nothing of it remains when it throws.</summary>
    public void Run(Action work)
    {
        _begin.Run();
        try
        {
            work();
            _commit.Run();
        }
        catch
        {
            TryRollBack();
            throw;
        }
    }

    /// <summary>Moves what it can from the log into the database without waiting for a reader. Costs two flushes.</summary>
    public void Checkpoint()
    {
        EdgeDatabase.Scalar(_connection, "PRAGMA wal_checkpoint(PASSIVE)");
        raw.sqlite3_db_status(_connection.Handle, raw.SQLITE_DBSTATUS_CACHE_WRITE, out _, out _, 1);
    }

    public void Dispose()
    {
        _begin.Dispose();
        _commit.Dispose();
        _rollback.Dispose();
    }

    private void TryRollBack()
    {
        // A full disk or a failed write has often rolled back already; autocommit tells.
        if (raw.sqlite3_get_autocommit(_connection.Handle) != 0) return;
        try
        {
            _rollback.Run();
        }
        catch (SqliteException)
        {
            // The caller is told of the first fault; the connection is closed because of it.
        }
    }
}
