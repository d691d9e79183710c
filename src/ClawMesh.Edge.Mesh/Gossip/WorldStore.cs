using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Gossip;

/// <param name="Entries">Keys with a current value.</param>
/// <param name="Frames">Frames in the log.</param>
/// <param name="Evicted">Keys that gave way since start.</param>
public readonly record struct WorldCounts(int Entries, int Frames, long Evicted);

/// <summary>
/// What this node knows of the world: the current frame of every key ([W-81]) and a log of the latest frames in arrival order.
/// Both bounded ([W-82]). Thread-safe.
/// </summary>
public sealed class WorldStore(NodeId self, TimeProvider time, int maxEntries = WorldStore.DefaultEntries, int maxFrames = WorldStore.DefaultFrames)
{
    /// <summary>Keys; past it the least recently updated of another device goes.</summary>
    public const int DefaultEntries = 10_000;

    /// <summary>Frames in the log; past it the oldest goes.</summary>
    public const int DefaultFrames = 5_000;

    /// <summary>How far ahead of local time a frame may be and still become a current value ([W-80]).</summary>
    public const long FutureToleranceMs = 300_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _foreignByAge = new();
    private readonly MeshFrame?[] _log = new MeshFrame?[maxFrames];
    private long _logged;
    private long _evicted;

    public WorldCounts Counts
    {
        get
        {
            lock (_lock) return new WorldCounts(_entries.Count, LogLength, _evicted);
        }
    }

    /// <summary>Timestamp of the frame that came last ([W-87]); null when the log is empty.</summary>
    public long? LastTimestamp
    {
        get
        {
            lock (_lock) return _logged == 0 ? null : _log[(_logged - 1) % maxFrames]!.Timestamp;
        }
    }

    private int LogLength => (int)Math.Min(_logged, maxFrames);

    /// <summary>Takes a frame in. The current value of a key is chosen by time, ties by frame id, never by arrival ([W-79]).</summary>
    public void Ingest(MeshFrame frame)
    {
        string key = frame.Key;
        bool current = frame.Timestamp <= time.GetUtcNow().ToUnixTimeMilliseconds() + FutureToleranceMs;
        lock (_lock)
        {
            _log[_logged++ % maxFrames] = frame;
            if (current) Enter(key, frame);
        }
    }

    /// <summary>The current frame of every key, by key.</summary>
    public IReadOnlyList<MeshFrame> Current()
    {
        var entries = new List<Entry>();
        lock (_lock) entries.AddRange(_entries.Values);
        entries.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return entries.ConvertAll(static e => e.Frame);
    }

    /// <summary>The last <paramref name="limit"/> frames of the log that pass, in arrival order ([W-138]).</summary>
    public IReadOnlyList<MeshFrame> Log(int limit, string? kind, string? source)
    {
        var found = new List<MeshFrame>();
        lock (_lock)
        {
            for (int back = 1; back <= LogLength && found.Count < limit; back++)
            {
                MeshFrame frame = _log[(_logged - back) % maxFrames]!;
                if ((kind is null || frame.Kind == kind) && (source is null || frame.SourceDeviceId == source)) found.Add(frame);
            }
        }

        found.Reverse();
        return found;
    }

    /// <summary>The server's side of <c>context.sync</c> ([W-86]): of the latest 500 frames those newer than <paramref name="since"/> that pass, in arrival order.</summary>
    public IReadOnlyList<MeshFrame> Since(long since, string? kind, string? zone)
    {
        var found = new List<MeshFrame>();
        lock (_lock)
        {
            for (long at = Math.Max(_logged - Math.Min(LogLength, 500), 0); at < _logged; at++)
            {
                MeshFrame frame = _log[at % maxFrames]!;
                if (frame.Timestamp > since && (kind is null || frame.Kind == kind) && (zone is null || frame.Zone == zone)) found.Add(frame);
            }
        }

        return found;
    }

    private void Enter(string key, MeshFrame frame)
    {
        if (_entries.TryGetValue(key, out Entry? known))
        {
            MeshFrame old = known.Frame;
            if (frame.Timestamp < old.Timestamp || (frame.Timestamp == old.Timestamp && string.CompareOrdinal(frame.FrameId, old.FrameId) < 0)) return;
            known.Frame = frame;
            if (known.Age is not { } age) return;
            _foreignByAge.Remove(age);
            _foreignByAge.AddLast(age);
            return;
        }

        var entry = new Entry(key, frame);
        // The node's own keys are as many as its sensors and never give way to what others send.
        if (frame.SourceDeviceId != self.Value) entry.Age = _foreignByAge.AddLast(entry);
        _entries[key] = entry;
        if (_entries.Count <= maxEntries) return;
        Entry oldest = _foreignByAge.First?.Value ?? entry;
        if (oldest.Age is { } node) _foreignByAge.Remove(node);
        _entries.Remove(oldest.Key);
        _evicted++;
    }

    private sealed class Entry(string key, MeshFrame frame)
    {
        public string Key => key;

        public MeshFrame Frame { get; set; } = frame;

        public LinkedListNode<Entry>? Age { get; set; }
    }
}
