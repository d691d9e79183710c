using System.Globalization;

namespace ClawMesh.Edge.World.Twin;

/// <summary>The site's time: of a real site, the node's wall clock with an offset; of a simulated farm, which begins at 06:00, what has passed there.</summary>
public sealed class WorldClock : IWorldClock
{
    private readonly TimeProvider _time;
    private readonly TimeSpan _offset;
    private readonly DateTimeOffset _begin;
    private readonly long _beginTimestamp;

    private WorldClock(TimeProvider time, TimeSpan offset, DateTimeOffset begin, double rate) =>
        (_time, _offset, _begin, Rate, _beginTimestamp) = (time, offset, begin, rate, time.GetTimestamp());

    public double Rate { get; }

    public DateTimeOffset Now => _begin == default
        ? _time.GetUtcNow().ToOffset(_offset)
        : _begin + TimeSpan.FromTicks((long)(_time.GetElapsedTime(_beginTimestamp).Ticks * Rate));

    /// <param name="offset">Of the site's clock from UTC.</param>
    public static WorldClock OfRealSite(TimeProvider time, TimeSpan offset) => new(time, offset, default, 1);

    /// <summary>Day one is today; the farm begins now.</summary>
    /// <param name="rate">Seconds of the farm per second of the node.</param>
    public static WorldClock OfSimulatedFarm(TimeProvider time, double rate) =>
        new(time, TimeSpan.Zero, new DateTimeOffset(time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero) + TimeSpan.FromHours(6), rate);

    /// <summary>Reads <c>+05:30</c>; null for anything else. At most fourteen hours, whole minutes.</summary>
    public static TimeSpan? ParseOffset(string? text)
    {
        if (text is not { Length: 6 } || text[0] is not ('+' or '-') || !TimeSpan.TryParseExact(text.AsSpan(1), "hh\\:mm", CultureInfo.InvariantCulture, out TimeSpan offset)) return null;
        return offset <= TimeSpan.FromHours(14) ? (text[0] == '-' ? -offset : offset) : null;
    }
}
