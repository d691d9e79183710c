namespace ClawMesh.Edge.TestKit;

/// <summary>The clock of another machine: the same seconds, and a wall clock that is wrong by as much as it is told.</summary>
public sealed class SkewedTime(TimeProvider inner) : TimeProvider
{
    public TimeSpan Skew { get; set; }

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + Skew;

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => inner.CreateTimer(callback, state, dueTime, period);
}
