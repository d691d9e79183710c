using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Journal.Chain;
using ClawMesh.Edge.Journal.Writing;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Frames;

/// <summary>The prepared statements for the table of frames, on the writer's connection.</summary>
internal sealed class FrameTable : IDisposable
{
    /// <summary>Frames in one transaction: a few milliseconds, which a journal record may have to wait.</summary>
    public const int MaxBatch = 500;

    // Ages are of hours and days.
    private const long AgesEveryMs = 60_000;

    private readonly FrameShares _shares;
    private readonly FramePruning _pruning;
    private readonly KnowledgeTable _knowledge;
    private readonly PreparedCommand _insert;
    private readonly PreparedCommand _find;
    private readonly PreparedCommand _update;
    private long _agesJudgedMs = long.MinValue / 2;

    public FrameTable(SqliteConnection connection, JournalOptions options)
    {
        _insert = new PreparedCommand(
            connection,
            """
            INSERT INTO frames (frame_id, source, shelf, epoch, seq, ts, received_ms, id_hash, bytes, kind, json, id)
            VALUES (CAST($frame AS TEXT), CAST($source AS TEXT), $shelf, CAST($epoch AS TEXT), $seq, $ts, $received, CAST($hash AS TEXT), $bytes,
                    CAST($kind AS TEXT), CAST($json AS TEXT), $id)
            ON CONFLICT DO NOTHING
            """,
            "$frame", "$source", "$shelf", "$epoch", "$seq", "$ts", "$received", "$hash", "$bytes", "$kind", "$json", "$id");
        _find = new PreparedCommand(connection, FrameSql.ById, "$source", "$frame");
        _update = new PreparedCommand(
            connection,
            """
            UPDATE OR IGNORE frames SET shelf = $shelf, epoch = CAST($epoch AS TEXT), seq = $seq, ts = $ts,
                   received_ms = $received, id_hash = CAST($hash AS TEXT), bytes = $bytes, kind = CAST($kind AS TEXT), json = CAST($json AS TEXT)
            WHERE id = $id AND source = CAST($source AS TEXT) AND frame_id = CAST($frame AS TEXT)
            """,
            "$frame", "$source", "$shelf", "$epoch", "$seq", "$ts", "$received", "$hash", "$bytes", "$kind", "$json", "$id");
        _shares = new FrameShares(connection);
        _pruning = new FramePruning(connection, options, _shares);
        _knowledge = new KnowledgeTable(connection);

        using var last = new PreparedCommand(
            connection, "SELECT max(coalesce((SELECT max(id) FROM frames), 0), coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'frames'), 0))");
        using SqliteDataReader reader = last.Read();
        LastNumber = reader.Read() ? reader.GetInt64(0) : 0;
    }

    public FrameTotals Totals => _shares.Totals;

    /// <summary>The highest row number ever given, as far as the file knows at its opening.</summary>
    public long LastNumber { get; }

    /// <summary>True when frames are to be removed though none came.</summary>
    public bool IsPruneDue(RecordStamp stamp) => _pruning.IsDue || Judgeable(stamp) is not null;

    /// <summary>Writes a batch and removes a slice of what is beyond the bounds, inside the caller's transaction.</summary>
    public FrameBatchResult Write(FrameBatch batch, RecordStamp stamp)
    {
        int written = 0;
        foreach (WaitingFrame waiting in batch.Frames)
        {
            bool isNew = !(waiting.Replaces && Replace(waiting)) && Insert(waiting);
            if (isNew) written++;
            waiting.IsKept = isNew || (waiting.Written is not null && IsKept(waiting.Frame));
        }

        foreach (WaitingKnowledge waiting in batch.Knowledge) _knowledge.Put(waiting);

        long? nowMs = Judgeable(stamp);
        int pruned = _pruning.Run(nowMs, out bool more);
        if (nowMs is { } judged && !more) _agesJudgedMs = judged;
        _shares.Write();
        return new FrameBatchResult(written, pruned, more);
    }

    /// <summary>Removes a slice of an origin's rows up to a place, and what is known of it; true when rows are left.</summary>
    public bool Forget(string origin, long until)
    {
        _knowledge.Forget(origin, until);
        bool removed = _shares.Find(origin) is { } share && _pruning.Remove(share, until) > 0;
        _shares.Write();
        return removed;
    }

    public void Dispose()
    {
        _insert.Dispose();
        _find.Dispose();
        _update.Dispose();
        _shares.Dispose();
        _pruning.Dispose();
        _knowledge.Dispose();
    }

    // A clock that rests on nothing may be years ahead, and 90 days of safety frames are not to be lost to that.
    private long? Judgeable(RecordStamp stamp)
    {
        if (stamp.ClockClass == ClockClass.Unsynchronised.Word()) return null;
        long now = stamp.At.ToUnixTimeMilliseconds();
        return Math.Abs(now - _agesJudgedMs) >= AgesEveryMs ? now : null;
    }

    private bool Insert(WaitingFrame waiting)
    {
        if (Bound(_insert, waiting, waiting.Number).Run() == 0) return false;
        _shares.Add(waiting.Frame.Origin, Shelf.Of(waiting.Frame), 1, waiting.Frame.Utf8.Length);
        return true;
    }

    /// <summary>False when nothing of its origin is kept under the frame id.</summary>
    private bool Replace(WaitingFrame waiting)
    {
        long id;
        int shelf;
        long bytes;
        using (SqliteDataReader reader = _find.Text(0, waiting.Frame.Origin).Text(1, waiting.Frame.FrameId).Read())
        {
            if (!reader.Read()) return false;
            (id, shelf, bytes) = (reader.GetInt64(0), (int)reader.GetInt64(1), reader.GetInt64(2));
        }

        // Ignored when the number is taken by another frame: the first stays, and the mesh has seen both ([X-21]).
        if (Bound(_update, waiting, id).Run() == 0) return true;
        if (shelf is >= 0 and < Shelf.Count) _shares.Add(waiting.Frame.Origin, shelf, -1, -bytes);
        _shares.Add(waiting.Frame.Origin, Shelf.Of(waiting.Frame), 1, waiting.Frame.Utf8.Length);
        return true;
    }

    private bool IsKept(ArchivedFrame frame)
    {
        using SqliteDataReader reader = _find.Text(0, frame.Origin).Text(1, frame.FrameId).Read();
        return reader.Read();
    }

    private static PreparedCommand Bound(PreparedCommand command, WaitingFrame waiting, long id)
    {
        ArchivedFrame frame = waiting.Frame;
        return command
            .Text(0, frame.FrameId).Text(1, frame.Origin).Integer(2, Shelf.Of(frame)).Text(3, frame.Epoch).Integer(4, frame.Sequence)
            .Integer(5, frame.TimestampMs).Integer(6, frame.ReceivedMs).Text(7, frame.Epoch is null ? waiting.IdHash : null)
            .Integer(8, frame.Utf8.Length).Text(9, frame.Kind).Blob(10, Whole(frame.Utf8)).Integer(11, id);
    }

    private static byte[] Whole(ReadOnlyMemory<byte> text) =>
        MemoryMarshal.TryGetArray(text, out ArraySegment<byte> part) && part.Array is { } array && part.Count == array.Length ? array : text.ToArray();
}
