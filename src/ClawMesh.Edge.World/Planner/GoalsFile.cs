using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.World.Planner;

/// <summary>What operators want of their zones, from <c>goals.json</c>. Checked whole: every problem is named, then none of it is used.</summary>
public static class GoalsFile
{
    public const string Name = "goals.json";

    public const int MaxGoals = 64;

    private const int Schema = 1;
    private const int MaxBytes = 256 * 1024;
    private const int MaxShownProblems = 8;

    /// <param name="path">Need not exist.</param>
    /// <returns>The goals; empty when there is no file.</returns>
    /// <exception cref="EdgeException"><c>goals.unreadable</c>, or <c>goals.invalid</c> with its problems in it.</exception>
    public static IReadOnlyList<ZoneGoal> Load(string path, Site site)
    {
        string text;
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists) return [];
            if (file.Length > MaxBytes) throw Unreadable(path, $"It has {file.Length} bytes; at most {MaxBytes} are read.", null);
            text = File.ReadAllText(path);
        }
        catch (Exception bad) when (bad is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, bad.Message, bad);
        }

        GoalsReadResult read = Read(text, path, site);
        if (read.IsValid) return read.Goals;
        List<ConfigProblem> errors = [.. read.Problems.Where(p => p.Severity == ProblemSeverity.Error)];
        throw new EdgeException(
            "goals.invalid", $"The goals in '{path}' cannot be used.",
            string.Join(" ", errors.Take(MaxShownProblems).Select(p => $"{p.Path}: {p.What} {p.Fix}")) + (errors.Count > MaxShownProblems ? $" And {errors.Count - MaxShownProblems} more." : ""),
            "Correct them; docs/planner.md has an example.", FailureClass.Config);
    }

    /// <param name="origin">The file's name in messages.</param>
    public static GoalsReadResult Read(string text, string origin, Site site)
    {
        var problems = new List<ConfigProblem>();
        var goals = new List<ZoneGoal>();
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            var root = new GoalReader(document.RootElement, "", problems);
            if (root.IsObject) ReadAll(root, goals, site);
            else problems.Add(new(ProblemSeverity.Error, origin, "The file holds no JSON object.", "Begin it with '{'."));
        }
        catch (JsonException bad)
        {
            problems.Add(new(ProblemSeverity.Error, origin, string.Create(CultureInfo.InvariantCulture, $"The file is not JSON: line {bad.LineNumber + 1}."), "Correct the line, or the one before it."));
        }
        catch (InvalidOperationException)
        {
            // JsonElement hands out no string for half of a surrogate pair.
            problems.Add(new(ProblemSeverity.Error, origin, "The file holds an escape such as \\ud800 that is no character.", "Write the character itself."));
        }

        return new GoalsReadResult(goals, problems);
    }

    private static void ReadAll(GoalReader root, List<ZoneGoal> goals, Site site)
    {
        root.Number("schema", Schema, Schema);
        IReadOnlyList<GoalReader> entries = root.Objects("goals", MaxGoals);
        root.Done();
        for (int i = 0; i < entries.Count; i++)
        {
            ZoneGoal goal = ReadGoal(entries[i], site);
            if (goal.Zone.Length > 0 && goals.Any(g => g.Zone == goal.Zone)) entries[i].Error("zone", $"zone '{goal.Zone}' has a goal already.", "Keep one of them.");
            else if (goal.TargetRef.Length > 0 && goals.Any(g => g.TargetRef == goal.TargetRef && g.ExecutorDeviceId == goal.ExecutorDeviceId)) entries[i].Error("target", $"'{goal.TargetRef}' serves another goal already.", "One valve serves one zone.");
            goals.Add(goal);
        }
    }

    private static ZoneGoal ReadGoal(GoalReader at, Site site)
    {
        string zone = at.Text("zone", 128) ?? "";
        string target = at.Text("target", 128) ?? "";
        string? executor = at.Text("executor", NodeId.Length, required: false);
        double low = at.Number("lowPercent", 0, 100), high = at.Number("highPercent", 0, 100);
        double flow = at.Number("litresPerMinute", 0, 10_000, positive: true), budget = at.Number("litresPerDay", 0, 10_000_000, positive: true);
        ApprovalLevel level = at.Level("level");
        double longest = at.Number("maxMinutes", 0, 60, positive: true);
        double automatic = at.Number("maxAutomaticMinutesPerDay", 0, 24 * 60, required: level == ApprovalLevel.L1, positive: level == ApprovalLevel.L1);
        List<QuietSpan> quiet = ReadQuiet(at);
        at.Done();

        if (low >= high) at.Error("lowPercent", string.Create(CultureInfo.InvariantCulture, $"lowPercent is {low} and highPercent {high}; low must be less."), "Widen the band.");
        if (executor is not null && !NodeId.IsWellFormed(executor)) at.Error("executor", $"executor is '{executor}'; it must be the device id of a peer, {NodeId.Length} hex digits.", "`peers` lists them.");
        var goal = new ZoneGoal(zone, target, low, high, flow, budget, quiet, level, longest, automatic) { ExecutorDeviceId = executor };
        if (executor is null) CheckAgainst(site, goal, at);
        return goal;
    }

    private static List<QuietSpan> ReadQuiet(GoalReader at)
    {
        var quiet = new List<QuietSpan>();
        foreach (GoalReader span in at.Objects("quietHours", 12, required: false))
        {
            double from = span.Number("fromHour", 0, 24), to = span.Number("toHour", 0, 24);
            span.Done();
            if (from == to) span.Error("toHour", string.Create(CultureInfo.InvariantCulture, $"fromHour and toHour are both {from}; the span is empty."), "Leave it out, or write the hour it ends.");
            quiet.Add(new QuietSpan(from, to));
        }

        // A day that is quiet throughout is a goal that can never be met.
        for (double hour = 0; hour < 24; hour += 0.25)
        {
            if (!QuietTime.Touches(quiet, hour, 0.25)) return quiet;
        }

        at.Error("quietHours", "quietHours leave no quarter of an hour to water in.", "Shorten them.");
        return quiet;
    }

    // A peer's site is not known here; its gate judges.
    private static void CheckAgainst(Site site, ZoneGoal goal, GoalReader at)
    {
        List<string> zones = [.. site.Sensors.Where(s => s.Info.Quantity.Metric == "moisture").Select(s => s.Info.Zone)];
        if (goal.Zone.Length > 0 && !zones.Contains(goal.Zone))
            at.Error("zone", $"zone '{goal.Zone}' has no moisture sensor at site '{site.Name}'; it must be one of {Listed(zones)}.", "Correct it, or name the peer that has the zone as \"executor\".");
        if (goal.TargetRef.Length == 0) return;

        ActuatorBinding? valve = site.Actuators.FirstOrDefault(a => a.Policy.Actuator.Value == goal.TargetRef);
        if (valve is null)
        {
            at.Error("target", $"site '{site.Name}' has no output '{goal.TargetRef}'; it must be one of {Listed([.. site.Actuators.Select(a => a.Policy.Actuator.Value)])}.", "Correct it, or name the peer that has the output as \"executor\".");
            return;
        }

        if (!valve.Policy.Operations.Contains("open")) at.Error("target", $"the site allows '{goal.TargetRef}' {string.Join(", ", valve.Policy.Operations)}; a goal needs open.", "Name a valve.");
        if (TimeSpan.FromMinutes(goal.MaxMinutes) > valve.Policy.MaxOn)
            at.Error("maxMinutes", string.Create(CultureInfo.InvariantCulture, $"maxMinutes is {goal.MaxMinutes}; the site allows '{goal.TargetRef}' {DurationText.Format(valve.Policy.MaxOn)} without a pause."), "Write no more than that.");
        if (valve.Zone != goal.Zone) at.Warn("target", $"'{goal.TargetRef}' stands in zone '{valve.Zone}', not in '{goal.Zone}'.", "Check that it waters the zone.");
    }

    private static string Listed(IReadOnlyList<string> names) => names.Count == 0 ? "none" : string.Join(", ", names.Take(12));

    private static EdgeException Unreadable(string path, string why, Exception? inner) =>
        new("goals.unreadable", $"Could not read the goals in '{path}'.", why, "Let the node's user read the file, or name another with `planner.goals`.", FailureClass.Config, inner);
}

/// <param name="Goals">As read; use them only when <see cref="IsValid"/>.</param>
public sealed record GoalsReadResult(IReadOnlyList<ZoneGoal> Goals, IReadOnlyList<ConfigProblem> Problems)
{
    /// <summary>Warnings leave the goals usable.</summary>
    public bool IsValid => !Problems.Any(p => p.Severity == ProblemSeverity.Error);
}
