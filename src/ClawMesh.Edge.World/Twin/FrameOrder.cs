using System.Globalization;

namespace ClawMesh.Edge.World.Twin;

/// <summary>
/// Where a statement stands in time: by the hybrid time of its frame where that was verified ([X-22]), by its own timestamp where not,
/// ties by frame id ([W-79]). One key for both, so that the order is total and what is current does not depend on who arrived first.
/// </summary>
public readonly struct FrameOrder
{
    private const int MillisecondDigits = 12;
    private const int HlcLength = 24;

    private readonly string _frameId;
    private readonly int _counter;

    private FrameOrder(long ms, int counter, string frameId) => (Ms, _counter, _frameId) = (ms, counter, frameId);

    /// <summary>Milliseconds since the Unix epoch.</summary>
    public long Ms { get; }

    /// <param name="verifiedHlc">The frame's <c>hlc</c> ([X-16]) when its signature was verified; null otherwise. Text that is none counts as absent.</param>
    public static FrameOrder Of(long timestampMs, string frameId, string? verifiedHlc = null) =>
        verifiedHlc is { Length: HlcLength }
        && long.TryParse(verifiedHlc.AsSpan(0, MillisecondDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long ms)
        && int.TryParse(verifiedHlc.AsSpan(MillisecondDigits, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int counter)
            ? new FrameOrder(ms, counter, frameId)
            : new FrameOrder(timestampMs, 0, frameId);

    /// <summary>Positive when this one is newer; 0 for the same frame.</summary>
    public int CompareTo(in FrameOrder other)
    {
        int byTime = Ms.CompareTo(other.Ms);
        if (byTime != 0) return byTime;
        int byCounter = _counter.CompareTo(other._counter);
        return byCounter != 0 ? byCounter : string.CompareOrdinal(_frameId, other._frameId);
    }
}
