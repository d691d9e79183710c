namespace ClawMesh.Edge.Core.Time;

/// <summary>The newest durations of one kind. A ring of fixed size; thread-safe; adding allocates nothing and waits for nobody.</summary>
public sealed class LatencyRing(int capacity)
{
    private readonly double[] _microseconds = new double[capacity];
    private long _count;

    public void Add(TimeSpan took)
    {
        long place = Interlocked.Increment(ref _count) - 1;
        Volatile.Write(ref _microseconds[place % _microseconds.Length], took.TotalMicroseconds);
    }

    /// <summary>Percentiles by nearest rank; zeros before the first.</summary>
    public LatencyFigures Snapshot()
    {
        double[] sorted = _microseconds[..(int)Math.Min(Volatile.Read(ref _count), _microseconds.Length)];
        if (sorted.Length == 0) return default;
        Array.Sort(sorted);
        return new LatencyFigures(sorted.Length, At(sorted, 0.50), At(sorted, 0.99), At(sorted, 0.999), sorted[^1]);
    }

    private static double At(double[] sorted, double rank) => sorted[Math.Max(0, (int)Math.Ceiling(rank * sorted.Length) - 1)];
}

/// <param name="Count">How many durations are behind the figures, at most the ring's size.</param>
public readonly record struct LatencyFigures(int Count, double P50Microseconds, double P99Microseconds, double P999Microseconds, double MaxMicroseconds);
