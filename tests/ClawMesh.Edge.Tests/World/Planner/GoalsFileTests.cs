using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.Tests.House;
using ClawMesh.Edge.Tests.Native;
using ClawMesh.Edge.World.Planner;

namespace ClawMesh.Edge.Tests.World.Planner;

public sealed class GoalsFileTests
{
    private static readonly Site Farm = new SiteCatalog(new BoardCatalog()).Read("simulated").Site!;

    private const string Good = """
        { "zone": "zone-1", "target": "actuator:valve:zone-1", "level": "L1", "lowPercent": 20, "highPercent": 30, "litresPerMinute": 11,
          "litresPerDay": 150, "maxMinutes": 8, "maxAutomaticMinutesPerDay": 14, "quietHours": [{ "fromHour": 22, "toHour": 5.5 }] }
        """;

    [Fact]
    public void A_goal_is_read_as_it_was_written()
    {
        ZoneGoal goal = Assert.Single(Valid(Good));

        Assert.Equal(("zone-1", "actuator:valve:zone-1", ApprovalLevel.L1), (goal.Zone, goal.TargetRef, goal.Level));
        Assert.Equal((20.0, 30.0, 11.0, 150.0, 8.0, 14.0), (goal.LowPercent, goal.HighPercent, goal.LitresPerMinute, goal.LitresPerDay, goal.MaxMinutes, goal.MaxAutomaticMinutesPerDay));
        Assert.Equal(new QuietSpan(22, 5.5), Assert.Single(goal.QuietHours));
        Assert.Null(goal.ExecutorDeviceId);
    }

    [Fact]
    public void The_example_for_the_simulated_farm_has_no_problem() =>
        Assert.Empty(GoalsFile.Read(Repository.Text("examples/goals/simulated.json"), "simulated.json", Farm).Problems);

    [Theory]
    [InlineData("\"zone-1\"", "\"zone-9\"", "goals[0].zone", "zone-1, zone-2")]
    [InlineData("valve:zone-1", "valve:zone-9", "goals[0].target", "actuator:valve:zone-1")]
    [InlineData("\"highPercent\": 30", "\"highPercent\": 20", "goals[0].lowPercent", "low must be less")]
    [InlineData("\"highPercent\": 30", "\"highPercent\": 101", "goals[0].highPercent", "from 0 to 100")]
    [InlineData("\"litresPerDay\": 150", "\"litresPerDay\": 0", "goals[0].litresPerDay", "above 0")]
    [InlineData("\"litresPerMinute\": 11", "\"litresPerMinute\": -1", "goals[0].litresPerMinute", "above 0")]
    [InlineData("\"litresPerMinute\": 11", "\"litresPerMinute\": \"11\"", "goals[0].litresPerMinute", "\"11\"")]
    [InlineData("\"L1\"", "\"L4\"", "goals[0].level", "L0, L1, L2 or L3")]
    [InlineData("\"maxAutomaticMinutesPerDay\": 14", "\"maxAutomaticMinutesPerDay\": 0", "goals[0].maxAutomaticMinutesPerDay", "above 0")]
    [InlineData("\"maxAutomaticMinutesPerDay\": 14,", "", "goals[0].maxAutomaticMinutesPerDay", "missing")]
    [InlineData("\"maxMinutes\": 8", "\"maxMinutes\": 21", "goals[0].maxMinutes", "20m without a pause")]
    [InlineData("\"maxMinutes\": 8", "\"maxMinutes\": 61", "goals[0].maxMinutes", "at most 60")]
    [InlineData("\"toHour\": 5.5", "\"toHour\": 25", "goals[0].quietHours[0].toHour", "from 0 to 24")]
    [InlineData("\"toHour\": 5.5", "\"toHour\": 22", "goals[0].quietHours[0].toHour", "empty")]
    [InlineData("\"fromHour\": 22, \"toHour\": 5.5", "\"fromHour\": 0, \"toHour\": 24", "goals[0].quietHours", "no quarter")]
    [InlineData("\"maxMinutes\": 8", "\"maxMinute\": 8", "goals[0].maxMinute", "Did you mean 'maxMinutes'")]
    [InlineData("\"maxMinutes\": 8", "\"maxMinutes\": 8, \"maxMinutes\": 9", "goals[0].maxMinutes", "twice")]
    [InlineData("\"zone\": \"zone-1\"", "\"executor\": \"abc\", \"zone\": \"zone-1\"", "goals[0].executor", "64 hex digits")]
    public void A_wrong_value_is_named_with_what_was_seen_and_what_is_allowed(string good, string bad, string path, string says)
    {
        Assert.Contains(good, Good);
        GoalsReadResult read = Read(Good.Replace(good, bad, StringComparison.Ordinal));

        ConfigProblem problem = read.Problems.First(p => p.Severity == ProblemSeverity.Error && p.Path == path);
        Assert.Contains(says, $"{problem.What} {problem.Fix}");
        Assert.False(read.IsValid);
    }

    [Fact]
    public void All_problems_are_told_at_once()
    {
        GoalsReadResult read = Read("""{ "zone": "zone-9", "target": 7, "level": "L9", "lowPercent": 40, "highPercent": 30 }""");

        Assert.Equal(
            ["goals[0].target", "goals[0].litresPerMinute", "goals[0].litresPerDay", "goals[0].level", "goals[0].maxMinutes", "goals[0].lowPercent", "goals[0].zone"],
            read.Problems.Select(p => p.Path));
    }

    [Fact]
    public void A_zone_at_a_peer_is_not_held_against_this_site()
    {
        string peer = new('c', 64);
        ZoneGoal goal = Assert.Single(Valid(Good.Replace("\"zone-1\", \"target\": \"actuator:valve:zone-1\"", $"\"orchard\", \"executor\": \"{peer}\", \"target\": \"actuator:valve:V7\"", StringComparison.Ordinal)));

        Assert.Equal(peer, goal.ExecutorDeviceId);
    }

    [Fact]
    public void Two_goals_for_one_zone_or_one_valve_cannot_both_stand()
    {
        Assert.Contains(Read($"{Good},{Good}").Problems, p => p.Path == "goals[1].zone");
        Assert.Contains(Read($"{Good},{Good.Replace("\"zone-1\"", "\"zone-2\"", StringComparison.Ordinal)}").Problems, p => p.Path == "goals[1].target");
    }

    [Fact]
    public void A_valve_of_another_zone_is_a_warning()
    {
        GoalsReadResult read = Read(Good.Replace("valve:zone-1", "valve:zone-2", StringComparison.Ordinal));

        Assert.True(read.IsValid);
        Assert.Equal(ProblemSeverity.Warning, Assert.Single(read.Problems).Severity);
    }

    [Theory]
    [InlineData("[]", "no JSON object")]
    [InlineData("{ \"schema\": 1, \"goals\": [", "not JSON: line 1")]
    [InlineData("{ \"schema\": 2, \"goals\": [] }", "must be 1")]
    [InlineData("{ \"schema\": 1, \"goals\": 3 }", "array of at most 64")]
    [InlineData("{ \"schema\": 1 }", "missing")]
    [InlineData("{ \"schema\": 1, \"goals\": [{ \"zone\": \"\\ud800\" }] }", "no character")]
    public void A_file_that_is_none_is_told(string text, string says) => Assert.Contains(GoalsFile.Read(text, "goals.json", Farm).Problems, p => p.What.Contains(says, StringComparison.Ordinal));

    [Fact]
    public void Sixty_five_goals_are_too_many() =>
        Assert.Contains(Read(string.Join(',', Enumerable.Repeat(Good, GoalsFile.MaxGoals + 1))).Problems, p => p.Path == "goals" && p.What.Contains("65", StringComparison.Ordinal));

    [Fact]
    public void No_file_is_no_goals_and_a_wrong_one_stops_with_every_problem()
    {
        using var scratch = new ScratchDirectory();
        string path = Path.Combine(scratch.Path, "goals.json");
        Assert.Empty(GoalsFile.Load(path, Farm));

        File.WriteAllText(path, $$"""{ "schema": 1, "goals": [{{Good}}] }""");
        Assert.Single(GoalsFile.Load(path, Farm));

        File.WriteAllText(path, $$"""{ "schema": 1, "goals": [{{Good.Replace("\"L1\"", "\"L4\"", StringComparison.Ordinal).Replace("30", "10", StringComparison.Ordinal)}}] }""");
        EdgeException invalid = Assert.Throws<EdgeException>(() => GoalsFile.Load(path, Farm));
        Assert.Equal("goals.invalid", invalid.Code);
        Assert.Contains("goals[0].level", invalid.Why);
        Assert.Contains("goals[0].lowPercent", invalid.Why);
    }

    [Fact]
    public void A_file_that_is_too_large_is_not_read()
    {
        using var scratch = new ScratchDirectory();
        string path = Path.Combine(scratch.Path, "goals.json");
        File.WriteAllText(path, new string(' ', 300_000));

        Assert.Equal("goals.unreadable", Assert.Throws<EdgeException>(() => GoalsFile.Load(path, Farm)).Code);
    }

    private static IReadOnlyList<ZoneGoal> Valid(string goals)
    {
        GoalsReadResult read = Read(goals);
        Assert.Empty(read.Problems);
        return read.Goals;
    }

    private static GoalsReadResult Read(string goals) => GoalsFile.Read($$"""{ "schema": 1, "goals": [{{goals}}] }""", "goals.json", Farm);
}
