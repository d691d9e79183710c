using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Planner;

public sealed class AutomaticLimitsTests
{
    private static readonly DateTimeOffset Ten = new(2026, 6, 1, 10, 0, 0, TimeSpan.Zero);
    private static readonly ZoneGoal Goal = new("zone-1", "actuator:valve:zone-1", 20, 30, 12, 400, [new QuietSpan(11, 16)], ApprovalLevel.L1, 10, 30);

    [Fact]
    public void A_watering_inside_the_written_limits_with_a_sensor_behind_it_is_approved_in_the_goals_name()
    {
        AutomaticVerdict verdict = AutomaticLimits.Check(Goal, 10, [PlannerField.Evidence(21)], new WaterUsed(280, 20), Ten);

        Assert.Equal("zone-1", verdict.Policy);
        Assert.Empty(verdict.Why);
    }

    [Fact]
    public void Each_limit_alone_sends_it_to_an_operator_and_is_named()
    {
        (string Why, AutomaticVerdict Verdict)[] refused =
        [
            ("maxMinutes is 10", Check(minutes: 10.1)),
            ("maxMinutes", Check(minutes: 0)),
            ("maxMinutes", Check(minutes: double.NaN)),
            ("maxAutomaticMinutesPerDay is 30", Check(used: new WaterUsed(0, 24.1))),
            ("litresPerDay is 400", Check(used: new WaterUsed(330, 0))),
            ("quiet hours", Check(at: Ten.AddMinutes(55))),
            ("no sensor", Check(evidence: [])),
            ("no room below 30 %", Check(evidence: [PlannerField.Evidence(30)])),
            ("asks for L2", Check(goal: Goal with { Level = ApprovalLevel.L2 })),
            ("asks for L0", Check(goal: Goal with { Level = ApprovalLevel.L0 })),
        ];

        Assert.All(refused, case1 =>
        {
            Assert.Null(case1.Verdict.Policy);
            Assert.Contains(case1.Why, case1.Verdict.Why);
        });
    }

    [Fact]
    public void A_statement_of_something_else_says_nothing_about_room()
    {
        SensorEvidence flow = SensorEvidence.From(PlannerField.Property(3) with { Name = "flow" }, outputsAreReal: true)!;

        Assert.Null(Check(evidence: [flow]).Policy);
        Assert.NotNull(Check(evidence: [flow, PlannerField.Evidence(25)]).Policy);
    }

    [Fact]
    public void What_is_stale_simulated_or_from_a_model_cannot_even_become_evidence()
    {
        TwinProperty[] unfit =
        [
            PlannerField.Property(21, Freshness.Aging),
            PlannerField.Property(21, simulated: true),
            PlannerField.Property(21, tier: EvidenceTier.UnverifiedObservation),
            PlannerField.Property(21, source: "llm"),
            PlannerField.Property(21, source: "mixed"),
            PlannerField.Property(double.NaN),
        ];

        Assert.All(unfit, property => Assert.Null(SensorEvidence.From(property, outputsAreReal: true)));
    }

    // Type-level: nothing that came of a model has a way into the policy's parameters.
    [Fact]
    public void The_policy_has_no_parameter_that_a_forecast_would_fit()
    {
        Type[] parameters = [.. typeof(AutomaticLimits).GetMethod(nameof(AutomaticLimits.Check))!.GetParameters().Select(p => p.ParameterType)];

        Assert.Equal([typeof(ZoneGoal), typeof(double), typeof(IReadOnlyList<SensorEvidence>), typeof(WaterUsed), typeof(DateTimeOffset)], parameters);
    }

    private static AutomaticVerdict Check(ZoneGoal? goal = null, double minutes = 6, IReadOnlyList<SensorEvidence>? evidence = null, WaterUsed used = default, DateTimeOffset? at = null) =>
        AutomaticLimits.Check(goal ?? Goal, minutes, evidence ?? [PlannerField.Evidence(21)], used, at ?? Ten);
}
