using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Journal.Frames;
using ClawMesh.Edge.Journal.Writing;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ClawMesh.Edge.Journal.Opening;

/// <summary>
/// Opens <c>edge.db</c>: for the node's one writer, or for readers. A file that is damaged, foreign or from a newer program
/// is looked at read-only and left as it is, byte for byte.
/// </summary>
internal static class EdgeDatabase
{
    public const int SchemaVersion = 2;

    // Nobody but this process writes; another holder is a tool that will be gone in a moment or a mistake worth reporting.
    private const int BusyTimeoutMilliseconds = 2000;

    // Microsoft.Data.Sqlite adds its own wait after SQLite's; zero would mean for ever.
    private const int CommandTimeoutSeconds = 1;

    /// <summary>Opens for reading and writing, and creates the schema in a new file. An older schema stays until <see cref="Upgrade"/>.</summary>
    /// <param name="resetAt">When a journal was last set aside here; stored in a new file with its schema.</param>
    /// <exception cref="JournalUnavailableException">Newer, foreign, or emptied under a head that counts records.</exception>
    /// <exception cref="SqliteException">Damaged, read-only, full.</exception>
    public static SqliteConnection OpenReadWrite(JournalPaths paths, JournalOptions options, DateTimeOffset? resetAt)
    {
        SqliteLibrary.Use();
        bool isNew = IsNew(paths);
        if (isNew && File.Exists(paths.Head))
        {
            throw new JournalUnavailableException(StorageFault.Disagrees(
                $"'{paths.Database}' is missing or empty, but '{paths.Head}' counts records."));
        }

        SqliteConnection connection = Connect(paths.Database, SqliteOpenMode.ReadWriteCreate);
        try
        {
            string mode = Scalar(connection, "PRAGMA journal_mode = WAL") as string ?? "";
            if (mode != "wal")
            {
                throw new JournalUnavailableException(StorageFault.Unavailable(
                    $"'{paths.Database}' stays in journal mode '{mode}'; write-ahead logging is needed.",
                    "Use a local file system with shared memory for the state directory."));
            }

            Execute(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA busy_timeout = {BusyTimeoutMilliseconds}"));
            Execute(connection, "PRAGMA foreign_keys = OFF; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY");

            // Checkpoints run when no actuation waits; SQLite's automatic ones would charge a commit for them.
            Execute(connection, "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 16777216");
            if (options.MaxPageCount is { } pages)
                Execute(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {pages()}"));
            if (isNew) CreateSchema(connection, resetAt);
            return connection;
        }
        catch
        {
            Abandon(connection);
            throw;
        }
    }

    /// <summary>Opens for reading beside a live node, or on a read-only directory ([DESIGN section 7]: <c>immutable=1</c>).</summary>
    /// <exception cref="EdgeException"><c>journal.absent</c>, <c>journal.other_schema</c>, <c>journal.unreadable</c>, <c>journal.wal_unreadable</c>.</exception>
    public static SqliteConnection OpenReadOnly(JournalPaths paths)
    {
        SqliteLibrary.Use();
        if (!File.Exists(paths.Database))
        {
            throw new EdgeException(
                "journal.absent", "Could not read the actuation journal.", $"'{paths.Database}' does not exist.",
                "Name the state directory of the node with --state-dir, or start the node once.", FailureClass.Storage);
        }

        try
        {
            return CheckedForReading(Connect(paths.Database, SqliteOpenMode.ReadOnly), paths);
        }
        catch (SqliteException fault) when (NeedsRoomOfItsOwn(fault))
        {
            return OpenImmutable(paths);
        }
        catch (SqliteException fault)
        {
            throw Unreadable(fault, paths);
        }
    }

    /// <summary>Closes without a checkpoint, so that a file in doubt is not written to by the act of letting go of it.</summary>
    public static void Abandon(SqliteConnection connection)
    {
        if (connection.Handle is { } handle) raw.sqlite3_db_config(handle, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);
        connection.Dispose();
    }

    public static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public static object? Scalar(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    // Looks before anything that could write: opening for writing already recovers logs and may rewrite a header.
    private static bool IsNew(JournalPaths paths)
    {
        var file = new FileInfo(paths.Database);
        if (!file.Exists || file.Length == 0) return true;

        using SqliteConnection connection = Connect(paths.Database, SqliteOpenMode.ReadOnly);
        long version = (long)Scalar(connection, "PRAGMA user_version")!;
        if (version > SchemaVersion) throw new JournalUnavailableException(StorageFault.NewerSchema(paths, version, SchemaVersion));
        if (version > 0) return false;

        // Power can fail between the creation of the file and of its schema.
        if ((long)Scalar(connection, "SELECT count(*) FROM sqlite_master")! == 0) return true;
        throw new JournalUnavailableException(StorageFault.ForeignFile(paths));
    }

    private static void CreateSchema(SqliteConnection connection, DateTimeOffset? resetAt)
    {
        Execute(connection, "BEGIN IMMEDIATE");
        Execute(connection, EmbeddedSql.Read("v1"));
        Execute(connection, EmbeddedSql.Read("v2"));
        if (resetAt is { } at)
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "INSERT INTO settings (key, value) VALUES ($key, $value)";
            command.Parameters.AddWithValue("$key", SettingKeys.ResetAtMs);
            command.Parameters.AddWithValue("$value", at.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
            command.ExecuteNonQuery();
        }

        Execute(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {SchemaVersion}"));
        Execute(connection, "COMMIT");
    }

    /// <summary>
    /// Brings a file of an older schema up to this program's, in one transaction: whatever interrupts it, the file is of the one
    /// schema or of the other. For a file whose end was found sound; one in doubt is not to be written to.
    /// </summary>
    public static void Upgrade(SqliteConnection connection, JournalOptions options)
    {
        if ((long)Scalar(connection, "PRAGMA user_version")! >= SchemaVersion) return;
        Execute(connection, "BEGIN IMMEDIATE");
        Execute(connection, EmbeddedSql.Read("v2"));
        HashFrames(connection);
        options.InUpgrade?.Invoke();
        Execute(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {SchemaVersion}"));
        Execute(connection, "COMMIT");
    }

    private static void HashFrames(SqliteConnection connection)
    {
        // At most 20,000, as v2.sql has it. Read to the end first: the loop below writes to the same table.
        var ids = new List<(long Id, byte[] FrameId)>();
        using (SqliteCommand select = connection.CreateCommand())
        {
            select.CommandText = "SELECT id, CAST(frame_id AS BLOB) FROM frames";
            using SqliteDataReader reader = select.ExecuteReader();
            while (reader.Read()) ids.Add((reader.GetInt64(0), reader.GetFieldValue<byte[]>(1)));
        }

        using var update = new PreparedCommand(connection, "UPDATE frames SET id_hash = CAST($hash AS TEXT) WHERE id = $id", "$hash", "$id");
        foreach ((long id, byte[] frameId) in ids) update.Text(0, ClassicFrameId.HashOf(frameId)).Integer(1, id).Run();
    }

    internal static SqliteConnection OpenImmutable(JournalPaths paths)
    {
        // immutable=1 does not read the log. Showing an old state without a word would be worse than showing none.
        if (new FileInfo(paths.Wal) is { Exists: true, Length: > 0 })
        {
            throw new EdgeException(
                "journal.wal_unreadable", "Could not read the actuation journal.",
                $"'{paths.Wal}' holds records that are not in '{paths.Database}' yet, and its directory cannot be written to.",
                "Copy edge.db, edge.db-wal and edge.db.head to a writable directory and name that one with --state-dir.",
                FailureClass.Storage);
        }

        try
        {
            string uri = new UriBuilder { Scheme = "file", Host = "", Path = paths.Database, Query = "immutable=1" }.Uri.AbsoluteUri;
            return CheckedForReading(Connect(uri, SqliteOpenMode.ReadOnly), paths);
        }
        catch (SqliteException fault)
        {
            throw Unreadable(fault, paths);
        }
    }

    // Reading beside a writer needs a small shared file, which a read-only or a full file system refuses.
    private static bool NeedsRoomOfItsOwn(SqliteException fault) =>
        fault.SqliteErrorCode is raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY
        || fault.SqliteExtendedErrorCode is raw.SQLITE_IOERR_SHMOPEN or raw.SQLITE_IOERR_SHMSIZE or raw.SQLITE_IOERR_SHMMAP;

    private static SqliteConnection CheckedForReading(SqliteConnection connection, JournalPaths paths)
    {
        try
        {
            long version = (long)Scalar(connection, "PRAGMA user_version")!;
            if (version is > 0 and <= SchemaVersion) return connection;
            throw new EdgeException(
                "journal.other_schema", "Could not read the actuation journal.",
                $"'{paths.Database}' has schema {version}; this program reads schemas 1 to {SchemaVersion}.",
                "Read it with the program version that wrote it.", FailureClass.Storage);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public static EdgeException Unreadable(SqliteException fault, JournalPaths paths) => new(
        "journal.unreadable", "Could not read the actuation journal.",
        $"SQLite says '{StorageFault.Message(fault)}' about '{paths.Database}' (code {fault.SqliteExtendedErrorCode}).",
        "Check the disk with `clawmesh-edge diag storage`; the file was left as it is.", FailureClass.Storage, fault);

    private static SqliteConnection Connect(string source, SqliteOpenMode mode)
    {
        var text = new SqliteConnectionStringBuilder
        {
            DataSource = source,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = CommandTimeoutSeconds,
        };
        var connection = new SqliteConnection(text.ConnectionString);
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
