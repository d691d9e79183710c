using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// The current value of every key ([W-81]) and a log of the latest frames in arrival order. Bounded ([W-82]); thread-safe.
/// </summary>
internal sealed class WorldPicture
{
    /// <summary>Keys; past it the least recently updated goes.</summary>
    public const int MaxEntries = 10_000;

    /// <summary>Frames in the log; past it the oldest goes.</summary>
    public const int MaxFrames = 1_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<(string Key, ContextFrame Frame)>> _entries = [];
    private readonly LinkedList<(string Key, ContextFrame Frame)> _byAge = [];
    private readonly Queue<ContextFrame> _log = new();
    private long _evicted;

    public (int Entries, int Frames, long Evicted) Counts
    {
        get
        {
            lock (_lock) return (_entries.Count, _log.Count, _evicted);
        }
    }

    /// <summary>Takes a frame in. The current value of a key is chosen by time, ties by frame id, never by arrival ([W-79]).</summary>
    public void Ingest(ContextFrame frame)
    {
        string key = KeyOf(frame);
        lock (_lock)
        {
            _log.Enqueue(frame);
            if (_log.Count > MaxFrames) _log.Dequeue();

            if (_entries.TryGetValue(key, out LinkedListNode<(string Key, ContextFrame Frame)>? known))
            {
                ContextFrame old = known.Value.Frame;
                if (frame.Timestamp < old.Timestamp || (frame.Timestamp == old.Timestamp && string.CompareOrdinal(frame.FrameId, old.FrameId) < 0)) return;
                _byAge.Remove(known);
                known.Value = (key, frame);
                _byAge.AddLast(known);
                return;
            }

            _entries[key] = _byAge.AddLast((key, frame));
            if (_entries.Count > MaxEntries)
            {
                _entries.Remove(_byAge.First!.Value.Key);
                _byAge.RemoveFirst();
                _evicted++;
            }
        }
    }

    /// <summary>The current frame of every key, by key.</summary>
    public IReadOnlyList<ContextFrame> Current()
    {
        lock (_lock) return [.. _entries.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => e.Value.Value.Frame)];
    }

    /// <summary>The last <paramref name="limit"/> frames of the log that pass, in arrival order ([W-138]).</summary>
    public IReadOnlyList<ContextFrame> Log(int limit, string? kind, string? source)
    {
        lock (_lock)
        {
            return [.. _log.Where(f => (kind is null || f.Kind == kind) && (source is null || f.SourceDeviceId == source)).TakeLast(limit)];
        }
    }

    internal static string KeyOf(ContextFrame frame)
    {
        if (frame.Kind == FrameKinds.Observation && Text(frame.Data, "zone") is { } zone && Text(frame.Data, "metric") is { } metric)
            return $"{frame.SourceDeviceId}:observation:{zone}:{metric}";
        return $"{frame.SourceDeviceId}:{frame.Kind}:{Encoding.UTF8.GetString(CanonicalJson.Canonicalise(frame.Data))}";
    }

    private static string? Text(JsonElement data, string name) =>
        data.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
