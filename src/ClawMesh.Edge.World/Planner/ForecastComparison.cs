namespace ClawMesh.Edge.World.Planner;

/// <summary>Holds what was expected of a watering against what a sensor measured. Pure.</summary>
public static class ForecastComparison
{
    // Later than this, something else has happened in between.
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(30);

    /// <param name="began">When the effect began, in the time of the site.</param>
    public static bool IsDue(Expectation expectation, DateTimeOffset began, DateTimeOffset siteNow) => siteNow - began >= TimeSpan.FromMinutes(expectation.AfterMinutes);

    /// <summary>The time to measure has passed without a measurement.</summary>
    public static bool IsMissed(Expectation expectation, DateTimeOffset began, DateTimeOffset siteNow) => siteNow - began > TimeSpan.FromMinutes(expectation.AfterMinutes) + Window;

    /// <returns>Null when it is too early or too late.</returns>
    public static Comparison? Of(Expectation expectation, DateTimeOffset began, SensorEvidence measured, DateTimeOffset siteNow)
    {
        if (!IsDue(expectation, began, siteNow) || IsMissed(expectation, began, siteNow)) return null;
        double percent = measured.Property.Value!.Value;
        bool inside = percent >= expectation.LowPercent && percent <= expectation.HighPercent;
        return new Comparison(siteNow, percent, expectation.WithPercent, percent - expectation.WithPercent, inside);
    }
}
