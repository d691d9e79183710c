using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.World.Anomalies;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Anomalies;

public class ClogAndPumpTests
{
    private readonly AnomalyBench _bench = new();

    [Fact]
    public void A_valve_that_is_open_and_passes_nothing_is_a_clog_until_water_flows_again()
    {
        _bench.State(AnomalyBench.Valve, 1);
        _bench.Run(60, () => _bench.Say(AnomalyBench.Line, "flow", 0.1));
        AnomalyReport report = Assert.Single(_bench.Reports);
        Assert.Equal((AnomalyKinds.Clog, FailureClass.ActuationUnconfirmed, "at least 2 l/min"), (report.Kind, report.FailureClass, report.Expected));

        // Closing it proves nothing.
        _bench.State(AnomalyBench.Valve, 0);
        _bench.Run(120, () => _bench.Say(AnomalyBench.Line, "flow", 0));
        Assert.Single(_bench.Watch.Open);

        _bench.State(AnomalyBench.Valve, 1);
        _bench.Run(60, () => _bench.Say(AnomalyBench.Line, "flow", 12));
        Assert.Equal("clog raised, clog cleared", _bench.Said());
    }

    [Fact]
    public void A_valve_that_the_desk_closed_again_because_nothing_was_seen_is_a_clog_at_once_and_once()
    {
        _bench.Say(AnomalyBench.Valve, TwinWriter.Outcome, null, "open unconfirmed");
        string frame = _bench.LastFrame;
        _bench.Run(400, () => _bench.Say(AnomalyBench.Line, "flow", 0));

        AnomalyReport report = Assert.Single(_bench.Reports);
        Assert.Contains(frame, report.Evidence);
        Assert.Contains(AnomalyBench.Valve, report.Seen, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("close unconfirmed")]
    [InlineData("open done")]
    [InlineData("open refused")]
    [InlineData("unconfirmed")]
    public void Other_ends_of_commands_are_no_clog(string outcome)
    {
        _bench.Say(AnomalyBench.Valve, TwinWriter.Outcome, null, outcome);
        _bench.Run(60, () => _bench.Say(AnomalyBench.Line, "flow", 0));
        Assert.Empty(_bench.Reports);
    }

    [Fact]
    public void A_pump_that_draws_half_of_what_it_did_runs_dry()
    {
        RunPump(60, current: 4.1, flow: 28);
        Assert.Empty(_bench.Reports);
        RunPump(60, current: 1.6, flow: 12);
        AnomalyReport report = Assert.Single(_bench.Reports);
        Assert.Equal((AnomalyKinds.PumpDryRun, AnomalyBench.Pump), (report.Kind, report.Subject));
        Assert.StartsWith("current 1.6 A", report.Seen, StringComparison.Ordinal);

        RunPump(60, current: 4, flow: 28);
        Assert.Equal("pump-dry-run raised, pump-dry-run cleared", _bench.Said());
    }

    [Fact]
    public void A_pump_that_works_against_closed_valves_draws_little_and_is_not_dry()
    {
        RunPump(60, current: 6, flow: 50);
        _bench.State(AnomalyBench.Valve, 0);
        _bench.Run(120, () =>
        {
            _bench.Say("zone:P1", "current", 2.4);
            _bench.Say(AnomalyBench.Line, "flow", 0);
        });
        Assert.Empty(_bench.Reports);
    }

    [Fact]
    public void Without_anything_learned_the_site_and_an_empty_tank_still_tell()
    {
        RunPump(60, current: 0.4, flow: 3);
        Assert.Equal("pump-dry-run raised", _bench.Said());

        var other = new AnomalyBench();
        other.State(AnomalyBench.Pump, 1);
        other.State(AnomalyBench.Valve, 1);
        other.Run(60, () =>
        {
            other.Say(AnomalyBench.Line, "flow", 0);
            other.Say("tank:tank-1", "level", 4);
        });
        Assert.Contains("pump-dry-run raised", other.Said(), StringComparison.Ordinal);
        Assert.Contains(other.Reports, r => r.Seen == "flow 0 l/min and level 4 % with the pump running");
    }

    [Fact]
    public void A_pump_that_starts_is_given_time()
    {
        RunPump(60, current: 4, flow: 28);
        _bench.State(AnomalyBench.Pump, 0);
        _bench.Run(30, () => _bench.Say("zone:P1", "current", 0));
        _bench.State(AnomalyBench.Pump, 1);
        _bench.Run(3);
        RunPump(60, current: 4, flow: 28);
        Assert.Empty(_bench.Reports);
    }

    private void RunPump(int seconds, double current, double flow)
    {
        _bench.State(AnomalyBench.Pump, 1);
        _bench.State(AnomalyBench.Valve, 1);
        _bench.Run(seconds, () =>
        {
            _bench.Say("zone:P1", "current", current);
            _bench.Say(AnomalyBench.Line, "flow", flow);
        });
    }
}
