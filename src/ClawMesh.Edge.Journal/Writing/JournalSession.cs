using System.Diagnostics;
using System.Text;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Journal.Chain;
using ClawMesh.Edge.Journal.Frames;
using ClawMesh.Edge.Journal.Opening;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Writing;

/// <summary>Wall time, clock class and boot nonce of a record: what the journal knows by itself.</summary>
internal readonly record struct RecordStamp(DateTimeOffset At, string ClockClass, string Boot);

/// <summary>
/// One successful open of the database for writing, with everything prepared on it. Lives until it is closed or a write fails.
/// Used by one thread at a time: the opener's, then the writer's.
/// </summary>
internal sealed class JournalSession : IDisposable
{
    // A slice this size is deleted in a few milliseconds; a quarter of a full journal at once would hold up a record for a second.
    private const int MaxPruneSlice = 1000;

    private readonly SqliteConnection _connection;
    private readonly ChainState _chain;
    private readonly JournalSigning _signing;
    private readonly JournalOptions _options;
    private long _first;
    private bool _headLags;

    public JournalSession(SqliteConnection connection, ChainState chain, JournalSigning signing, JournalOptions options, bool headLags)
    {
        (_connection, _chain, _signing, _options, _headLags) = (connection, chain, signing, options, headLags);
        Transactions = new Transactions(connection);
        Tables = new JournalTables(connection);
        Frames = new FrameTable(connection, options);
        _first = (long)EdgeDatabase.Scalar(connection, "SELECT coalesce(min(seq), 0) FROM journal")!;
    }

    public Transactions Transactions { get; }

    public JournalTables Tables { get; }

    public FrameTable Frames { get; }

    private ChainTip Tip => _chain.Tip ?? throw new UnreachableException("A session without a tip.");

    private long Count => _first == 0 ? 0 : Tip.Sequence - _first + 1;

    /// <summary>Writes one record, and in the same transaction whatever <paramref name="also"/> does with its sequence. Durable on return.</summary>
    public long Append(JournalEntry entry, RecordStamp stamp, Action<long>? also)
    {
        ChainTip before = Tip;
        var record = new RecordColumns(
            before.Sequence + 1,
            Encoding.UTF8.GetBytes(entry.Type.Word()),
            stamp.At.ToUnixTimeMilliseconds(),
            Encoding.UTF8.GetBytes(stamp.ClockClass),
            Encoding.UTF8.GetBytes(stamp.Boot),
            RecordColumns.Utf8(entry.ActuatorRef),
            RecordColumns.Utf8(entry.CommandId),
            RecordColumns.Utf8(entry.PermitId),
            Encoding.UTF8.GetBytes(entry.Code),
            Encoding.UTF8.GetBytes(entry.Body),
            before.Hash);
        byte[] hash = record.Hash();
        var tip = new ChainTip(record.Sequence, hash, stamp.Boot, DateTimeOffset.FromUnixTimeMilliseconds(record.AtMs));

        _chain.Attempt(tip);
        Transactions.Run(() =>
        {
            Tables.Insert(record, hash);
            also?.Invoke(record.Sequence);
        });
        _chain.Committed(tip);
        _chain.Timed(record.AtMs);
        _headLags = true;
        if (_first == 0) _first = record.Sequence;
        return record.Sequence;
    }

    /// <summary>Brings the signed head up to the newest record. Called after every record, before the next: it lags by one at most.</summary>
    public void WriteHead()
    {
        if (!_headLags) return;
        _signing.HeadFile.Write(JournalHead.Sign(Tip, _signing.Signer).ToJson());
        _headLags = false;
    }

    /// <summary>True when the journal has outgrown its bound; <paramref name="patient"/> allows it a quarter more while work waits.</summary>
    public bool IsPruneDue(bool patient) => Count > _options.MaxRecords + (patient ? _options.MaxRecords / 4 : 0);

    /// <summary>Removes the oldest slice and appends the signed checkpoint that says so, in one transaction.</summary>
    public void Prune(RecordStamp stamp)
    {
        long through = _first + Math.Min(Math.Max(1, _options.MaxRecords / 4), MaxPruneSlice) - 1;
        byte[] throughHash = HashOf(through);
        Append(Checkpoint.Sign(through, throughHash, _signing.Signer).ToEntry(), stamp, _ => Tables.DeleteThrough(through));
        _first = through + 1;
    }

    /// <summary>Closes after a fault, leaving the files as they are.</summary>
    public void Abandon()
    {
        DisposeStatements();
        EdgeDatabase.Abandon(_connection);
    }

    /// <summary>Closes in order; the log is moved into the database.</summary>
    public void Dispose()
    {
        DisposeStatements();
        _connection.Dispose();
    }

    private byte[] HashOf(long sequence)
    {
        using var select = new PreparedCommand(_connection, "SELECT hash FROM journal WHERE seq = $seq", "$seq");
        using SqliteDataReader reader = select.Integer(0, sequence).Read();
        return reader.Read() ? RecordRow.Bytes(reader, 0) ?? [] : [];
    }

    private void DisposeStatements()
    {
        Frames.Dispose();
        Tables.Dispose();
        Transactions.Dispose();
    }
}
