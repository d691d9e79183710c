using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Origin;

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

    /// <summary>Bytes of frame text in the log, and likewise among the current values; a peer may send frames of half a megabyte.</summary>
    public const long MaxBytes = 16L * 1024 * 1024;

    /// <summary>How far ahead of local time a frame may be and still become a current value ([W-80]).</summary>
    public const long FutureToleranceMs = 300_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _byAge = new();
    private readonly MeshFrame?[] _log = new MeshFrame?[maxFrames];
    private long _first;
    private long _logged;
    private long _logBytes;
    private long _entryBytes;
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
            lock (_lock) return LogLength == 0 ? null : _log[(_logged - 1) % maxFrames]!.Timestamp;
        }
    }

    private int LogLength => (int)(_logged - _first);

    /// <summary>Takes a frame in. The current value of a key is chosen by time, ties by frame id, never by arrival ([W-79]).</summary>
    public void Ingest(MeshFrame frame)
    {
        string key = frame.Key;
        bool current = !frame.IsHistory && frame.Timestamp <= time.GetUtcNow().ToUnixTimeMilliseconds() + FutureToleranceMs;
        lock (_lock)
        {
            while (LogLength > 0 && (LogLength == maxFrames || _logBytes + frame.Utf8.Length > MaxBytes))
            {
                ref MeshFrame? oldest = ref _log[_first++ % maxFrames];
                _logBytes -= oldest!.Utf8.Length;
                oldest = null;
            }

            _log[_logged++ % maxFrames] = frame;
            _logBytes += frame.Utf8.Length;
            if (current) Enter(key, frame);
        }
    }

    /// <summary>The newest copy of a frame in the log; null when it is not there.</summary>
    public MeshFrame? Find(string frameId)
    {
        lock (_lock)
        {
            for (int back = 1; back <= LogLength; back++)
            {
                if (_log[(_logged - back) % maxFrames] is { } frame && frame.FrameId == frameId) return frame;
            }
        }

        return null;
    }

    /// <summary>Forgets everything; readers of the log go on from here. What is measured is told anew within seconds.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            Array.Clear(_log);
            _first = _logged;
            _logBytes = _entryBytes = 0;
            _entries.Clear();
            _byAge.Clear();
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
    /// <param name="maxBytes">Fewer when their text would be longer together.</param>
    public IReadOnlyList<MeshFrame> Log(int limit, string? kind, string? source, long maxBytes = long.MaxValue)
    {
        var found = new List<MeshFrame>();
        long bytes = 0;
        lock (_lock)
        {
            for (int back = 1; back <= LogLength && found.Count < limit; back++)
            {
                MeshFrame frame = _log[(_logged - back) % maxFrames]!;
                if ((kind is not null && frame.Kind != kind) || (source is not null && frame.SourceDeviceId != source)) continue;
                // A frame that fits in no answer must not hide those before it.
                if (frame.Utf8.Length >= maxBytes) continue;
                bytes += frame.Utf8.Length + 1;
                if (bytes > maxBytes) break;
                found.Add(frame);
            }
        }

        found.Reverse();
        return found;
    }

    /// <summary>Adds what entered the log since <paramref name="place"/>, in arrival order, and returns the place to go on from.</summary>
    /// <param name="place">0 at first.</param>
    /// <param name="limit">The latest so many; what lies before them is left out.</param>
    /// <param name="missed">How many frames were left out, or had left the log already.</param>
    public long Follow(long place, List<MeshFrame> into, int limit, out long missed)
    {
        lock (_lock)
        {
            long from = Math.Max(Math.Max(place, _first), _logged - limit);
            missed = from - place;
            for (long at = from; at < _logged; at++) into.Add(_log[at % maxFrames]!);
            return _logged;
        }
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
            if (IsOlder(frame, old)) return;
            _entryBytes += frame.Utf8.Length - old.Utf8.Length;
            known.Frame = frame;
            if (known.Age is { } age)
            {
                _byAge.Remove(age);
                _byAge.AddLast(age);
            }
        }
        else
        {
            var entry = new Entry(key, frame);
            // The node's own readings are as many as its sensors and never give way to what others send; its events may.
            if (frame.SourceDeviceId != self.Value || frame.Kind != FrameKinds.Observation) entry.Age = _byAge.AddLast(entry);
            _entries[key] = entry;
            _entryBytes += frame.Utf8.Length;
        }

        while ((_entries.Count > maxEntries || _entryBytes > MaxBytes) && _byAge.First is { } oldest)
        {
            _byAge.Remove(oldest);
            _entries.Remove(oldest.Value.Key);
            _entryBytes -= oldest.Value.Frame.Utf8.Length;
            _evicted++;
        }

        // More sensors than the bound: the newest key is not taken in.
        if (_entries.Count > maxEntries && _entries.Remove(key))
        {
            _entryBytes -= frame.Utf8.Length;
            _evicted++;
        }
    }

    // By the origin's own order where both are signed ([X-22]), otherwise by time, ties by frame id ([W-79]).
    private static bool IsOlder(MeshFrame frame, MeshFrame old)
    {
        if (frame is { Stamp: { } stamp, Standing: FrameStanding.Own or FrameStanding.Verified } && old is { Stamp: { } before, Standing: FrameStanding.Own or FrameStanding.Verified })
        {
            int order = string.CompareOrdinal(stamp.Epoch, before.Epoch);
            return (order != 0 ? order : string.CompareOrdinal(stamp.Hlc, before.Hlc)) < 0;
        }

        // A signed copy takes the place of the unsigned one it proves ([X-20]).
        if (frame.FrameId == old.FrameId) return frame.Stamp is null;
        return frame.Timestamp < old.Timestamp || (frame.Timestamp == old.Timestamp && string.CompareOrdinal(frame.FrameId, old.FrameId) < 0);
    }

    private sealed class Entry(string key, MeshFrame frame)
    {
        public string Key => key;

        public MeshFrame Frame { get; set; } = frame;

        public LinkedListNode<Entry>? Age { get; set; }
    }
}
