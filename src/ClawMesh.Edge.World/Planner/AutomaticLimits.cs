namespace ClawMesh.Edge.World.Planner;

/// <summary>What the policy says of a watering nobody looked at.</summary>
/// <param name="Policy">In whose name it is approved: the goal's; null when an operator must be asked.</param>
/// <param name="Why">Why an operator must be asked; empty when approved.</param>
public sealed record AutomaticVerdict(string? Policy, string Why);

/// <summary>
/// Approves a watering in the name of the operator who wrote the goals file, inside the limits written there and on what sensors say.
/// It is not told what any model thinks: its parameters are a goal, a length, sensor statements and what was used. Pure.
/// </summary>
public static class AutomaticLimits
{
    private const double Tolerance = 1e-6;

    /// <param name="minutes">Of the watering, minutes of the site.</param>
    /// <param name="evidence">At least one must be a moisture below the upper end of the band: the sensor says there is room.</param>
    /// <param name="used">Of the site's day so far.</param>
    /// <param name="siteNow">When it would begin.</param>
    public static AutomaticVerdict Check(ZoneGoal goal, double minutes, IReadOnlyList<SensorEvidence> evidence, WaterUsed used, DateTimeOffset siteNow)
    {
        string why = goal.Level != ApprovalLevel.L1 ? $"the goal of '{goal.Zone}' asks for {goal.Level}"
            : !(minutes > 0 && minutes <= goal.MaxMinutes + Tolerance) ? Text($"{minutes:0.##} minutes are asked for; maxMinutes is {goal.MaxMinutes:0.##}")
            : used.AutomaticMinutes + minutes > goal.MaxAutomaticMinutesPerDay + Tolerance ? Text($"{used.AutomaticMinutes:0.##} minutes were watered by themselves today and {minutes:0.##} are asked for; maxAutomaticMinutesPerDay is {goal.MaxAutomaticMinutesPerDay:0.##}")
            : used.Litres + (minutes * goal.LitresPerMinute) > goal.LitresPerDay + Tolerance ? Text($"{used.Litres:0} l were used today and {minutes * goal.LitresPerMinute:0} l are asked for; litresPerDay is {goal.LitresPerDay:0}")
            : QuietTime.Touches(goal.QuietHours, siteNow.TimeOfDay.TotalHours, minutes / 60) ? "it would reach into quiet hours"
            : Room(goal, evidence);
        return why.Length > 0 ? new AutomaticVerdict(null, why) : new AutomaticVerdict(goal.Zone, "");
    }

    private static string Room(ZoneGoal goal, IReadOnlyList<SensorEvidence> evidence)
    {
        string why = "no sensor gave a fresh moisture";
        foreach (SensorEvidence one in evidence)
        {
            if (one.Property is not { Name: "moisture", Value: { } percent }) continue;
            if (percent < goal.HighPercent) return "";
            why = Text($"the sensor reads {percent:0.0} %, which is no room below {goal.HighPercent:0.#} %");
        }

        return why;
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
