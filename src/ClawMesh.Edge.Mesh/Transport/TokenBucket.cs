namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>
/// An inbound limit ([W-154]): so many per second over time, and up to <c>burst</c> at once. Starts full. Thread-safe; measures on
/// the monotonic clock.
/// </summary>
public sealed class TokenBucket
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly double _perSecond;
    private readonly double _burst;
    private double _tokens;
    private long _filledAt;

    /// <param name="perSecond">Tokens per second; more than 0.</param>
    /// <param name="burst">Tokens the bucket holds; at least 1.</param>
    public TokenBucket(TimeProvider time, double perSecond, double burst)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(perSecond);
        ArgumentOutOfRangeException.ThrowIfLessThan(burst, 1);
        _time = time;
        _perSecond = perSecond;
        _burst = burst;
        _tokens = burst;
        _filledAt = time.GetTimestamp();
    }

    /// <summary>Takes one token. False: the limit is reached.</summary>
    public bool TryTake()
    {
        lock (_lock)
        {
            long now = _time.GetTimestamp();
            _tokens = Math.Min(_burst, _tokens + _time.GetElapsedTime(_filledAt, now).TotalSeconds * _perSecond);
            _filledAt = now;
            if (_tokens < 1) return false;
            _tokens--;
            return true;
        }
    }
}
