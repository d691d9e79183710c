namespace ClawMesh.Edge.Trust.Desk;

/// <summary>
/// How long the gate itself took for the latest granted commands: both judgements, minting and arming; not the journal, not the
/// driver. A ring of fixed size; thread-safe.
/// </summary>
internal sealed class GateTimes
{
    private const int Capacity = 1024;

    private readonly Lock _lock = new();
    private readonly double[] _microseconds = new double[Capacity];
    private long _count;

    public void Add(TimeSpan took)
    {
        lock (_lock) _microseconds[_count++ % Capacity] = took.TotalMicroseconds;
    }

    /// <summary>Percentiles by nearest rank in microseconds; zeros before the first command.</summary>
    public GateLatency Snapshot()
    {
        double[] sorted;
        lock (_lock) sorted = _microseconds[..(int)Math.Min(_count, Capacity)];
        if (sorted.Length == 0) return default;
        Array.Sort(sorted);
        return new GateLatency(sorted.Length, At(sorted, 0.50), At(sorted, 0.99));
    }

    private static double At(double[] sorted, double rank) => sorted[Math.Max(0, (int)Math.Ceiling(rank * sorted.Length) - 1)];
}

/// <param name="Count">Commands behind the figures, at most the newest 1,024.</param>
public readonly record struct GateLatency(int Count, double P50Microseconds, double P99Microseconds);
