using System.Security.Cryptography;
using System.Text;
using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.TestKit;

/// <summary>
/// The archive of frames without a disk: everything is kept at once, and <c>written</c> is called before <see cref="Append"/> returns.
/// Thread-safe. With a bound, the oldest frame goes first, whatever its class.
/// </summary>
public sealed class InMemoryFrameArchive(int maxFrames = int.MaxValue) : IFrameArchive
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Origin, string FrameId), Kept> _byId = [];
    private readonly SortedDictionary<long, Kept> _byNumber = [];
    private readonly Dictionary<(string Origin, string Epoch), SortedList<long, Kept>> _signed = [];
    private readonly Dictionary<string, List<Kept>> _classic = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Origin, string Epoch), SequenceKnowledge> _knowledge = [];
    private long _bytes;
    private long _appended;
    private long _dropped;
    private long _pruned;
    private long _last;

    /// <summary>While set, nothing is kept and every callback says so: a disk that is away.</summary>
    public bool Unavailable { get; set; }

    public FrameArchiveCounters Counters
    {
        get
        {
            lock (_lock) return new FrameArchiveCounters(_byId.Count, _bytes, _appended, _dropped, _pruned);
        }
    }

    public long LastNumber
    {
        get
        {
            lock (_lock) return _last;
        }
    }

    public void Append(ArchivedFrame frame, Action<bool>? written = null)
    {
        bool durable;
        lock (_lock)
        {
            if (Unavailable)
            {
                _dropped++;
                durable = false;
            }
            else
            {
                durable = _byId.ContainsKey((frame.Origin, frame.FrameId)) || Keep(frame, _last + 1);
            }
        }

        written?.Invoke(durable);
    }

    public void Replace(ArchivedFrame frame)
    {
        if (frame.Epoch is null)
        {
            // An unsigned copy never takes the place of another.
            Append(frame);
            return;
        }

        lock (_lock)
        {
            if (Unavailable)
            {
                _dropped++;
                return;
            }

            if (IsForked(frame)) return;
            long number = _last + 1;
            if (_byId.TryGetValue((frame.Origin, frame.FrameId), out Kept? before))
            {
                number = before.Number;
                Remove(before);
                _appended--;
            }

            Keep(frame, number);
        }
    }

    public void Remember(SequenceKnowledge knowledge)
    {
        lock (_lock)
        {
            if (!Unavailable) _knowledge[(knowledge.Origin, knowledge.Epoch)] = knowledge;
        }
    }

    public IReadOnlyList<SequenceKnowledge> Knowledge()
    {
        lock (_lock) return [.. _knowledge.Values];
    }

    public IReadOnlyList<ArchivedFrame> Signed(string origin, string epoch, SequenceRange range, int maxFrames, int maxBytes)
    {
        var found = new List<ArchivedFrame>();
        lock (_lock)
        {
            if (!_signed.TryGetValue((origin, epoch), out SortedList<long, Kept>? life)) return found;
            long bytes = 0;
            foreach ((long sequence, Kept kept) in life)
            {
                if (sequence < range.First) continue;
                if (sequence > range.Last || found.Count >= maxFrames) break;
                bytes += kept.Frame.Utf8.Length;
                if (found.Count > 0 && bytes > maxBytes) break;
                found.Add(kept.Frame);
            }
        }

        return found;
    }

    public ArchivedFrame? Head(string origin)
    {
        lock (_lock)
        {
            ArchivedFrame? head = null;
            foreach (((string of, string epoch), SortedList<long, Kept> life) in _signed)
            {
                if (of != origin || life.Count == 0) continue;
                if (head is null || string.CompareOrdinal(epoch, head.Epoch) > 0) head = life.GetValueAtIndex(life.Count - 1).Frame;
            }

            return head;
        }
    }

    public IReadOnlyList<ClassicFrameId> Classic(long fromMs, long toMs)
    {
        var found = new List<ClassicFrameId>();
        lock (_lock)
        {
            foreach ((string hash, List<Kept> same) in _classic)
            {
                foreach (Kept kept in same)
                {
                    var id = new ClassicFrameId(kept.Frame.TimestampMs, hash);
                    if (id.TimestampMs >= fromMs && id.TimestampMs < toMs && (same.Count == 1 || !found.Contains(id))) found.Add(id);
                }
            }
        }

        found.Sort(static (a, b) => a.TimestampMs != b.TimestampMs ? a.TimestampMs.CompareTo(b.TimestampMs) : string.CompareOrdinal(a.IdHash, b.IdHash));
        return found;
    }

    public IReadOnlyList<ArchivedFrame> ClassicByHash(IReadOnlyList<string> idHashes, int maxFrames, int maxBytes)
    {
        var found = new List<ArchivedFrame>();
        lock (_lock)
        {
            long bytes = 0;
            foreach (string hash in idHashes)
            {
                if (!_classic.TryGetValue(hash, out List<Kept>? same)) continue;
                foreach (Kept kept in same)
                {
                    bytes += kept.Frame.Utf8.Length;
                    if (found.Count >= maxFrames || (found.Count > 0 && bytes > maxBytes)) return found;
                    found.Add(kept.Frame);
                }
            }
        }

        return found;
    }

    public IReadOnlyList<OutboxFrame> OwnAfter(string self, long number, long sinceMs, int limit)
    {
        var found = new List<OutboxFrame>();
        lock (_lock)
        {
            foreach ((long place, Kept kept) in _byNumber)
            {
                if (found.Count >= limit) break;
                if (place > number && kept.Frame.Origin == self && kept.Frame.TimestampMs >= sinceMs) found.Add(new OutboxFrame(place, kept.Frame));
            }
        }

        return found;
    }

    public IReadOnlyList<ArchivedFrame> Newest(int limit)
    {
        var found = new List<ArchivedFrame>();
        lock (_lock)
        {
            int skip = Math.Max(0, _byNumber.Count - Math.Max(0, limit));
            foreach (Kept kept in _byNumber.Values)
            {
                if (skip-- <= 0) found.Add(kept.Frame);
            }
        }

        return found;
    }

    public void Forget(string origin)
    {
        lock (_lock)
        {
            var of = new List<Kept>();
            foreach (Kept kept in _byId.Values)
            {
                if (kept.Frame.Origin == origin) of.Add(kept);
            }

            foreach (Kept kept in of) Remove(kept);
            var epochs = new List<(string Origin, string Epoch)>();
            foreach ((string Origin, string Epoch) key in _knowledge.Keys)
            {
                if (key.Origin == origin) epochs.Add(key);
            }

            foreach ((string Origin, string Epoch) key in epochs) _knowledge.Remove(key);
        }
    }

    private bool IsForked(ArchivedFrame frame) =>
        frame.Epoch is { } epoch
        && _signed.TryGetValue((frame.Origin, epoch), out SortedList<long, Kept>? life)
        && life.TryGetValue(frame.Sequence, out Kept? there)
        && there.Frame.FrameId != frame.FrameId;

    private bool Keep(ArchivedFrame frame, long number)
    {
        if (IsForked(frame)) return false;
        var kept = new Kept(number, frame);
        _byId.Add((frame.Origin, frame.FrameId), kept);
        _byNumber.Add(number, kept);
        if (frame.Epoch is { } epoch)
        {
            if (!_signed.TryGetValue((frame.Origin, epoch), out SortedList<long, Kept>? life)) _signed[(frame.Origin, epoch)] = life = [];
            life.Add(frame.Sequence, kept);
        }
        else
        {
            string hash = ClassicFrameId.HashOf(frame.FrameId);
            if (!_classic.TryGetValue(hash, out List<Kept>? same)) _classic[hash] = same = [];
            same.Add(kept);
        }

        _last = Math.Max(_last, number);
        _bytes += frame.Utf8.Length;
        _appended++;
        while (_byId.Count > maxFrames)
        {
            foreach (Kept oldest in _byNumber.Values)
            {
                Remove(oldest);
                _pruned++;
                break;
            }
        }

        return true;
    }

    private void Remove(Kept kept)
    {
        _byId.Remove((kept.Frame.Origin, kept.Frame.FrameId));
        _byNumber.Remove(kept.Number);
        _bytes -= kept.Frame.Utf8.Length;
        if (kept.Frame.Epoch is { } epoch) _signed[(kept.Frame.Origin, epoch)].Remove(kept.Frame.Sequence);
        else if (_classic[ClassicFrameId.HashOf(kept.Frame.FrameId)] is var same && same.Remove(kept) && same.Count == 0) _classic.Remove(ClassicFrameId.HashOf(kept.Frame.FrameId));
    }

    private sealed record Kept(long Number, ArchivedFrame Frame);
}
