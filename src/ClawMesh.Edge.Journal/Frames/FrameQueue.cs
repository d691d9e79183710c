using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.Journal.Frames;

/// <summary>Frames on their way to the disk, and the counters of the store. Thread-safe.</summary>
internal sealed class FrameQueue
{
    /// <summary>Bounded, oldest dropped first: while the disk is away the newest state of the site is worth more than its history.</summary>
    public const int Capacity = 4096;

    private readonly Lock _lock = new();
    private readonly Queue<ContextFrame> _waiting = new();
    private FrameTotals _totals;
    private long _appended;
    private long _dropped;
    private long _pruned;

    public int Count
    {
        get
        {
            lock (_lock) return _waiting.Count;
        }
    }

    public FrameStoreCounters Counters
    {
        get
        {
            lock (_lock) return new FrameStoreCounters(_totals.Stored, _totals.Bytes, _appended, _dropped, _pruned);
        }
    }

    public void Add(ContextFrame frame)
    {
        lock (_lock)
        {
            if (_waiting.Count == Capacity)
            {
                _waiting.Dequeue();
                _dropped++;
            }

            _waiting.Enqueue(frame);
        }
    }

    /// <summary>Takes the oldest frames out; they are then either <see cref="Wrote"/> or <see cref="Lost"/>.</summary>
    public IReadOnlyList<ContextFrame> Take(int limit)
    {
        lock (_lock)
        {
            if (_waiting.Count == 0) return [];
            var batch = new List<ContextFrame>(Math.Min(limit, _waiting.Count));
            while (batch.Count < limit && _waiting.TryDequeue(out ContextFrame? frame)) batch.Add(frame);
            return batch;
        }
    }

    public void Wrote(FrameBatchResult result, FrameTotals totals)
    {
        lock (_lock)
        {
            _totals = totals;
            _appended += result.Written;
            _dropped += result.Unwritable;
            _pruned += result.Pruned;
        }
    }

    public void Lost(int frames)
    {
        lock (_lock) _dropped += frames;
    }

    /// <summary>What an opened store held already.</summary>
    public void Found(FrameTotals totals)
    {
        lock (_lock) _totals = totals;
    }
}
