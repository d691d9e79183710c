namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// The node's clock: the system's, plus an offset that an operator or the persisted floor asks for. Only wall time is touched;
/// timestamps and timers are the system's, so leases and limits never notice.
/// </summary>
internal sealed class NodeClock(TimeProvider system) : TimeProvider
{
    private long _offsetTicks;

    public TimeSpan Offset => TimeSpan.FromTicks(Interlocked.Read(ref _offsetTicks));

    public override long TimestampFrequency => system.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => system.GetUtcNow() + Offset;

    public override long GetTimestamp() => system.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => system.CreateTimer(callback, state, dueTime, period);

    /// <summary>The system's own wall time, for reports about the offset.</summary>
    public DateTimeOffset SystemNow => system.GetUtcNow();

    public void SetOffset(TimeSpan offset) => Interlocked.Exchange(ref _offsetTicks, offset.Ticks);

    /// <summary>Never reads below the newest time the node has journaled ([X-37]). True when the floor had to lift the clock.</summary>
    public bool RaiseTo(DateTimeOffset floor)
    {
        TimeSpan missing = floor - GetUtcNow();
        if (missing <= TimeSpan.Zero) return false;
        SetOffset(Offset + missing);
        return true;
    }
}
