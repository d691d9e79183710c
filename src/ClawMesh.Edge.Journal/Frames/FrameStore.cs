using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Journal.Chain;
using ClawMesh.Edge.Journal.Opening;
using ClawMesh.Edge.Journal.Writing;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Journal.Frames;

/// <summary>
/// The frames in <c>edge.db</c>. Written by the journal's writer, within a second of <see cref="Append"/>; a damaged or full disk
/// costs frames, which are counted, and nothing else. Obtained from <see cref="ActuationJournal.Frames"/>.
/// </summary>
public sealed class FrameStore : IFrameStore
{
    private readonly JournalPaths _paths;
    private readonly FrameQueue _queue;
    private readonly JournalWriter _writer;

    internal FrameStore(JournalPaths paths, FrameQueue queue, JournalWriter writer) => (_paths, _queue, _writer) = (paths, queue, writer);

    public FrameStoreCounters Counters => _queue.Counters;

    public void Append(ContextFrame frame)
    {
        _queue.Add(frame);
        _writer.FramesWait();
    }

    /// <summary>The newest written frames, newest first; empty while the database is unavailable. Reads on a thread of the pool.</summary>
    public Task<IReadOnlyList<ContextFrame>> NewestAsync(int limit, CancellationToken cancellationToken) =>
        limit <= 0 ? Task.FromResult<IReadOnlyList<ContextFrame>>([]) : Task.Run<IReadOnlyList<ContextFrame>>(() => Newest(limit, cancellationToken), cancellationToken);

    private List<ContextFrame> Newest(int limit, CancellationToken cancellationToken)
    {
        try
        {
            using SqliteConnection connection = EdgeDatabase.OpenReadOnly(_paths);
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "SELECT CAST(json AS BLOB) FROM frames ORDER BY id DESC LIMIT $limit";
            command.Parameters.AddWithValue("$limit", limit);
            using SqliteDataReader reader = command.ExecuteReader();
            var frames = new List<ContextFrame>();
            while (reader.Read())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Parse(RecordRow.Bytes(reader, 0)) is { } frame) frames.Add(frame);
            }

            return frames;
        }
        catch (Exception unavailable) when (unavailable is SqliteException or EdgeException)
        {
            return [];
        }
    }

    private static ContextFrame? Parse(byte[]? json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, WireJson.Default.ContextFrame);
        }
        catch (JsonException)
        {
            // Changed on disk; frames carry no chain, and one unreadable row must not hide the others.
            return null;
        }
    }
}
