namespace ClawMesh.Edge.Mesh.Lifecycle;

/// <summary>
/// How much this node suspects itself ([X-36]), 0 to 8: its own late timers and several peers falling silent at once speak for a fault
/// on this side. Thread-safe.
/// </summary>
public sealed class LocalHealth(TimeProvider time)
{
    public const int Max = 8;

    /// <summary>From here on no peer is reported down and the node calls itself degraded.</summary>
    public const int SuspectsItself = 3;

    private static readonly TimeSpan TogetherWithin = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CalmFor = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LateBy = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private long _lastSuspect;
    private bool _oneSuspect;
    private long _lastChange = time.GetTimestamp();

    public int Multiplier { get; private set; }

    public bool Degraded => Multiplier >= SuspectsItself;

    /// <summary>A session turned suspect.</summary>
    public void Suspected()
    {
        lock (_lock)
        {
            if (_oneSuspect && time.GetElapsedTime(_lastSuspect) <= TogetherWithin) Worse();
            (_oneSuspect, _lastSuspect) = (true, time.GetTimestamp());
        }
    }

    /// <summary>Somebody else reached a device that this node thought silent.</summary>
    public void Refuted()
    {
        lock (_lock) Worse();
    }

    /// <summary>The tick ran, so much later than it should have.</summary>
    public void Ticked(TimeSpan late)
    {
        lock (_lock)
        {
            if (late > LateBy) Worse();
            else if (Multiplier > 0 && time.GetElapsedTime(_lastChange) >= CalmFor) (Multiplier, _lastChange) = (Multiplier - 1, time.GetTimestamp());
        }
    }

    /// <summary>A limit stretched by health: × (1 + m/4) ([X-34]).</summary>
    public TimeSpan Stretch(TimeSpan limit) => limit * (1 + (Multiplier / 4.0));

    private void Worse() => (Multiplier, _lastChange) = (Math.Min(Multiplier + 1, Max), time.GetTimestamp());
}
