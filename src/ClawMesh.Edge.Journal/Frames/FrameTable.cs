using System.Text.Json;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Journal.Writing;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Frames;

/// <param name="Stored">Rows in the table.</param>
/// <param name="Bytes">Bytes of their JSON.</param>
internal readonly record struct FrameTotals(long Stored, long Bytes);

/// <param name="Unwritable">Frames that have no JSON form.</param>
internal readonly record struct FrameBatchResult(FrameTotals Totals, int Written, int Unwritable, int Pruned);

/// <summary>The prepared statements for the table of frames, on the writer's connection, and the bounds of that table.</summary>
internal sealed class FrameTable : IDisposable
{
    /// <summary>Frames in one transaction: a few milliseconds, which a journal record may have to wait.</summary>
    public const int MaxBatch = 500;

    private readonly JournalOptions _options;
    private readonly PreparedCommand _insert;
    private readonly PreparedCommand _oldest;
    private readonly PreparedCommand _deleteThrough;
    private readonly PreparedCommand _updateTotals;

    public FrameTable(SqliteConnection connection, JournalOptions options)
    {
        _options = options;
        _insert = new PreparedCommand(
            connection,
            """
            INSERT INTO frames (frame_id, source, kind, ts, json)
            VALUES (CAST($frame AS TEXT), CAST($source AS TEXT), CAST($kind AS TEXT), $ts, CAST($json AS TEXT))
            ON CONFLICT (frame_id) DO NOTHING
            """,
            "$frame", "$source", "$kind", "$ts", "$json");
        _oldest = new PreparedCommand(connection, "SELECT id, length(CAST(json AS BLOB)) FROM frames ORDER BY id LIMIT $limit", "$limit");
        _deleteThrough = new PreparedCommand(connection, "DELETE FROM frames WHERE id <= $id", "$id");
        _updateTotals = new PreparedCommand(connection, "UPDATE frame_totals SET stored = $stored, bytes = $bytes WHERE id = 1", "$stored", "$bytes");

        using var totals = new PreparedCommand(connection, "SELECT stored, bytes FROM frame_totals WHERE id = 1");
        using SqliteDataReader reader = totals.Read();
        Totals = reader.Read() ? new FrameTotals(reader.GetInt64(0), reader.GetInt64(1)) : default;
    }

    public FrameTotals Totals { get; private set; }

    /// <summary>Inserts a batch and removes the oldest beyond the bounds, inside the caller's transaction. A known frame id is passed over.</summary>
    public FrameBatchResult Write(IReadOnlyList<ContextFrame> batch)
    {
        (long stored, long bytes) = (Totals.Stored, Totals.Bytes);
        int written = 0;
        int unwritable = 0;
        foreach (ContextFrame frame in batch)
        {
            if (Json(frame) is not { } json)
            {
                unwritable++;
                continue;
            }

            int rows = _insert.Text(0, frame.FrameId).Text(1, frame.SourceDeviceId).Text(2, frame.Kind).Integer(3, frame.Timestamp).Blob(4, json).Run();
            if (rows == 0) continue;
            written++;
            stored++;
            bytes += json.Length;
        }

        int pruned = 0;
        while (stored > 0 && (stored > _options.MaxFrames || bytes > _options.MaxFrameBytes))
        {
            (int removed, long freed) = RemoveOldest(stored - _options.MaxFrames, bytes - _options.MaxFrameBytes);
            if (removed == 0) break;
            (stored, bytes, pruned) = (stored - removed, bytes - freed, pruned + removed);
        }

        var totals = new FrameTotals(stored, bytes);
        if (totals != Totals) _updateTotals.Integer(0, stored).Integer(1, bytes).Run();
        return new FrameBatchResult(totals, written, unwritable, pruned);
    }

    /// <summary>Told after the commit, so that a rolled-back batch leaves the totals as they were.</summary>
    public void Committed(FrameBatchResult result) => Totals = result.Totals;

    public void Dispose()
    {
        _insert.Dispose();
        _oldest.Dispose();
        _deleteThrough.Dispose();
        _updateTotals.Dispose();
    }

    private (int Removed, long Freed) RemoveOldest(long surplusRows, long surplusBytes)
    {
        int removed = 0;
        long freed = 0;
        long through = 0;
        using (SqliteDataReader reader = _oldest.Integer(0, MaxBatch).Read())
        {
            while ((removed < surplusRows || freed < surplusBytes) && reader.Read())
            {
                through = reader.GetInt64(0);
                freed += reader.GetInt64(1);
                removed++;
            }
        }

        if (removed > 0) _deleteThrough.Integer(0, through).Run();
        return (removed, freed);
    }

    // A frame whose data was never parsed is a bug of its maker; it is counted, and the frames beside it are worth keeping.
    private static byte[]? Json(ContextFrame frame) =>
        frame.Data.ValueKind == JsonValueKind.Object ? JsonSerializer.SerializeToUtf8Bytes(frame, WireJson.Default.ContextFrame) : null;
}
