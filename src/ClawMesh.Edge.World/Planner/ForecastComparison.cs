namespace ClawMesh.Edge.World.Planner;

/// <summary>Holds what was expected of a watering against what a sensor measured. Pure.</summary>
public static class ForecastComparison
{
    /// <param name="began">When the effect began, in the time of the site.</param>
    public static bool IsDue(Expectation expectation, DateTimeOffset began, DateTimeOffset siteNow) => siteNow - began >= TimeSpan.FromMinutes(expectation.AfterMinutes);

    /// <summary>The time to measure has passed without a measurement: so late, something else's effect would be measured.</summary>
    public static bool IsMissed(Expectation expectation, DateTimeOffset began, DateTimeOffset siteNow) => siteNow - began >= TimeSpan.FromMinutes(Math.Max(2 * expectation.AfterMinutes, expectation.AfterMinutes + 30));

    /// <returns>Null when it is too early or too late.</returns>
    public static Comparison? Of(Expectation expectation, DateTimeOffset began, SensorEvidence measured, DateTimeOffset siteNow)
    {
        if (!IsDue(expectation, began, siteNow) || IsMissed(expectation, began, siteNow)) return null;
        return Against(expectation, measured.Property.Value!.Value, siteNow);
    }

    /// <param name="at">What the record is to say of when it was measured.</param>
    public static Comparison Against(Expectation expectation, double percent, DateTimeOffset at) =>
        new(at, percent, expectation.WithPercent, percent - expectation.WithPercent, percent >= expectation.LowPercent && percent <= expectation.HighPercent);
}
