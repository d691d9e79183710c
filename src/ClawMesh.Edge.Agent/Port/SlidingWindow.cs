namespace ClawMesh.Edge.Agent.Port;

/// <summary>At most so many in any sliding window, counted on the monotonic clock. Not thread-safe; its memory is its limit.</summary>
internal sealed class SlidingWindow(int limit, TimeSpan window, TimeProvider time)
{
    private readonly Queue<long> _taken = new(limit);

    public bool TryTake()
    {
        long now = time.GetTimestamp();
        while (_taken.TryPeek(out long oldest) && time.GetElapsedTime(oldest, now) >= window) _taken.Dequeue();
        if (_taken.Count >= limit) return false;
        _taken.Enqueue(now);
        return true;
    }
}
