namespace ClawMesh.Edge.Mesh.Lifecycle;

/// <summary>
/// What the pings of one session told about the other clock ([X-37]): the last nine answers with a short way. Kept against this node's
/// monotonic clock, so that a step of its own wall clock shows at once and spoils none of them. Not thread-safe.
/// </summary>
internal sealed class ClockSamples
{
    public const int Max = 9;

    // Quickly at first, so that the offset is known when it matters.
    private const int Quick = 3;

    private static readonly TimeSpan LongestTrip = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan QuickPause = TimeSpan.FromSeconds(1);

    private readonly double[] _ms = new double[Max];
    private int _taken;

    /// <summary>The number of the ping sent last.</summary>
    public int Sent { get; private set; }

    /// <summary>The median, in milliseconds by which the other clock is ahead of the monotonic one; null before the first answer.</summary>
    public double? MedianMs { get; private set; }

    /// <summary>Counts a ping when one is due.</summary>
    /// <param name="sinceLast">Since the last ping, or since the session began.</param>
    /// <param name="pause">Between two pings, after the first few.</param>
    public bool TryBegin(TimeSpan sinceLast, TimeSpan pause)
    {
        if (sinceLast < (Sent < Quick ? QuickPause : pause)) return false;
        Sent++;
        return true;
    }

    /// <summary>Takes in one answer; false when its way was too long to tell the time.</summary>
    /// <param name="theirsMs">What the other clock said.</param>
    /// <param name="halfwayMs">The monotonic clock between question and answer.</param>
    public bool Take(double theirsMs, double halfwayMs, TimeSpan roundTrip)
    {
        if (roundTrip > LongestTrip || roundTrip < TimeSpan.Zero) return false;
        _ms[_taken++ % Max] = theirsMs - halfwayMs;
        int count = Math.Min(_taken, Max);
        double[] sorted = _ms[..count];
        Array.Sort(sorted);
        MedianMs = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
        return true;
    }
}
