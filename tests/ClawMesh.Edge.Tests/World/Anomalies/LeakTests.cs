using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.World.Anomalies;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Anomalies;

public class LeakTests
{
    private readonly AnomalyBench _bench = new();

    [Fact]
    public void Water_that_flows_with_every_valve_closed_is_told_once_and_once_more_when_it_stops()
    {
        _bench.Run(60, () => _bench.Say(AnomalyBench.Line, "flow", 3));
        AnomalyReport report = Assert.Single(_bench.Reports);
        Assert.Equal((AnomalyKinds.Leak, AnomalyBench.Line, true, FailureClass.OutOfRange, EvidenceTier.OperationalObservation, false),
            (report.Kind, report.Subject, report.Raised, report.FailureClass, report.Tier, report.UsedForecast));
        Assert.Equal("flow 3 l/min with all 2 valves of the line closed", report.Seen);
        Assert.InRange(report.Evidence.Count, 3, 5);
        Assert.Same(report, Assert.Single(_bench.Watch.Open));

        EdgeEvent told = Assert.Single(_bench.Events.Newest(10));
        Assert.Equal((EventTypes.Anomaly, EventSeverity.Warning, AnomalyBench.Line, FailureClass.OutOfRange), (told.Type, told.Severity, told.Subject, told.FailureClass!.Value));
        Assert.Contains("Look for water", told.Message, StringComparison.Ordinal);
        Assert.Equal("leak", told.Data!["anomaly"]);

        _bench.Run(60, () => _bench.Say(AnomalyBench.Line, "flow", 0));
        Assert.Equal("leak raised, leak cleared", _bench.Said());
        Assert.Empty(_bench.Watch.Open);
    }

    [Fact]
    public void A_moment_of_flow_is_none()
    {
        _bench.Run(15, () => _bench.Say(AnomalyBench.Line, "flow", 3));
        _bench.Run(30, () => _bench.Say(AnomalyBench.Line, "flow", 0));
        Assert.Empty(_bench.Reports);
    }

    [Fact]
    public void One_reading_that_nobody_repeats_is_none_however_long_it_stands()
    {
        _bench.Run(6);
        _bench.Say(AnomalyBench.Line, "flow", 3);
        _bench.Run(80);
        Assert.Empty(_bench.Reports);
    }

    [Fact]
    public void A_line_that_waters_or_just_did_has_no_leak()
    {
        _bench.State(AnomalyBench.OtherValve, 1);
        _bench.Run(120, () => _bench.Say(AnomalyBench.Line, "flow", 12));
        _bench.State(AnomalyBench.OtherValve, 0);
        // The meter's last word is from before the valve closed.
        _bench.Run(60);
        Assert.Empty(_bench.Reports);
    }

    [Theory]
    [InlineData(EvidenceTier.PlanningInference, Freshness.Fresh)]
    [InlineData(EvidenceTier.OperationalObservation, Freshness.Stale)]
    public void A_flow_that_a_model_dreamt_or_that_is_old_raises_nothing(EvidenceTier tier, Freshness freshness)
    {
        _bench.Run(120, () => _bench.Say(AnomalyBench.Line, "flow", 3, tier: tier, freshness: freshness));
        Assert.Empty(_bench.Reports);
    }

    [Fact]
    public void A_valve_whose_state_is_unknown_keeps_the_judgement_open()
    {
        _bench.Say(AnomalyBench.Valve, TwinWriter.State, 0, freshness: Freshness.Expired);
        _bench.Run(120, () => _bench.Say(AnomalyBench.Line, "flow", 3));
        Assert.Empty(_bench.Reports);
    }

    [Fact]
    public void Around_its_limit_a_leak_is_not_raised_and_cleared_again_and_again()
    {
        for (int round = 0; round < 20; round++)
        {
            _bench.Run(40, () => _bench.Say(AnomalyBench.Line, "flow", 0.8));
            _bench.Run(40, () => _bench.Say(AnomalyBench.Line, "flow", 0.6));
        }

        Assert.Equal("leak raised", _bench.Said());
    }

    [Fact]
    public void A_leak_that_comes_and_goes_is_told_once_in_a_cooldown()
    {
        for (int round = 0; round < 5; round++)
        {
            _bench.Run(30, () => _bench.Say(AnomalyBench.Line, "flow", 3));
            _bench.Run(30, () => _bench.Say(AnomalyBench.Line, "flow", 0));
        }

        Assert.Equal("leak raised, leak cleared", _bench.Said());
        _bench.Run(400, () => _bench.Say(AnomalyBench.Line, "flow", 3));
        Assert.Equal("leak raised, leak cleared, leak raised", _bench.Said());
    }

    [Fact]
    public void A_weak_witness_makes_a_weak_report()
    {
        _bench.Run(60, () => _bench.Say(AnomalyBench.Line, "flow", 3, tier: EvidenceTier.UnverifiedObservation));
        Assert.Equal(EvidenceTier.UnverifiedObservation, Assert.Single(_bench.Reports).Tier);
    }
}
