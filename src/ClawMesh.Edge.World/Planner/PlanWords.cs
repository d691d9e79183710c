using System.Globalization;
using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.World.Planner;

/// <summary>The planner's reasons in plain words, with the figures they rest on. Times are the site's.</summary>
internal sealed class PlanWords(ZoneGoal goal, WaterUsed used, DateTimeOffset siteNow, double nowPercent, float[] hourly)
{
    // A trend is told over six hours: noise drowns it over one.
    private const int TrendHours = 6;

    public string StaysInside() => Text($"{Now()}; without water it stays above {goal.LowPercent:0.#} % for {hourly.Length} hours.{TooWet()}");

    public string MayNotNow(int nextStep) => Text($"{Now()}; {Leaves()}. No watering now: {(used.Litres + (ZoneProblem.ShortestMinutes * goal.LitresPerMinute) > goal.LitresPerDay ? Budget() : "quiet hours")}; {(nextStep < 0 ? "there is no chance within the forecast" : $"next chance at about {Clock(nextStep)}")}.");

    public string CanWait(int nextStep) => Text($"{Now()}; {Leaves()}. There is time until the next chance at about {Clock(nextStep)}.");

    public string BestWaits(int candidates, RolloutPlan best)
    {
        int first = Array.FindIndex(best.Fractions, fraction => fraction > 0);
        return Text($"{Now()}; {Leaves()}. The best of {candidates:N0} plans {(first > 0 ? $"waters at about {Clock(first)}" : "does nothing")}.");
    }

    /// <param name="watered">[steps], percent, when it is watered now and not again.</param>
    public string Water(double minutes, float[] watered)
    {
        int dry = Array.FindIndex(watered, percent => percent < goal.LowPercent);
        string keeps = dry switch
        {
            < 0 => Text($"keep it inside for {watered.Length} hours"),
            0 => Text($"bring it to {watered[0]:0.0} %"),
            _ => $"keep it inside until about {Clock(dry)}",
        };
        return Text($"{Now()}; {Leaves()}; {minutes:0.##} minutes now ({minutes * goal.LitresPerMinute:0} l) {keeps}; {Budget()}.");
    }

    private string Now()
    {
        double perHour = (hourly[Math.Min(TrendHours, hourly.Length) - 1] - nowPercent) / Math.Min(TrendHours, hourly.Length);
        string trend = perHour < -0.005 ? Text($"falling {-perHour:0.00} %/h") : perHour > 0.005 ? Text($"rising {perHour:0.00} %/h") : "steady";
        return Text($"Moisture {nowPercent:0.0} %, {trend}");
    }

    private string Leaves()
    {
        string band = Text($"the band ({goal.LowPercent:0.#}–{goal.HighPercent:0.#} %)");
        if (nowPercent < goal.LowPercent) return $"it is below {band}";
        int dry = Array.FindIndex(hourly, percent => percent < goal.LowPercent);
        return dry < 0 ? $"without water it comes close to the end of {band}" : $"without water it leaves {band} at about {Clock(dry)}";
    }

    private string TooWet() => nowPercent > goal.HighPercent ? Text($" It is above {goal.HighPercent:0.#} %, and only time dries it.") : "";

    private string Budget() => Text($"{used.Litres:0} of {goal.LitresPerDay:0} l used today");

    private string Clock(int step) => siteNow.AddHours(step).ToString("HH:mm", CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
