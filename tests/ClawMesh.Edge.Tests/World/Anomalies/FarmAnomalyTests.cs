using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.Tests.Hardware.Simulated;
using ClawMesh.Edge.Tests.World.Twin;
using ClawMesh.Edge.World.Anomalies;
using ClawMesh.Edge.World.Forecasts;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Anomalies;

/// <summary>The detectors on the simulated farm: its physics, its noise, its faults, frames and twin between.</summary>
public sealed class FarmAnomalyTests : IDisposable
{
    private readonly List<AnomalyReport> _reports = [];
    private FarmBench _farm = null!;
    private TwinWriter _twin = null!;
    private AnomalyWatch _watch = null!;
    private FrameFactory _factory = null!;

    public void Dispose() => _farm?.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_healthy_farm_that_waters_and_rests_raises_nothing(ulong seed)
    {
        Start(seed);
        for (int round = 0; round < 3; round++)
        {
            Set(FarmBench.Valve1, 1);
            await RunAsync(40);
            Set(FarmBench.Pump, 1);
            await RunAsync(40);
            Set(FarmBench.Pump, 0);
            Set(FarmBench.Valve1, 0);
            await RunAsync(60);
        }

        Assert.Empty(_reports);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_valve_that_does_not_shut_is_a_leak_and_one_that_was_mended_is_none(ulong seed)
    {
        Start(seed);
        await RunAsync(20);
        _farm.Farm.Faults.Inject(FarmBench.Valve2, new SimulatedFault(SimulatedFaultKind.Leak));
        await RunAsync(60);
        AnomalyReport leak = Assert.Single(_reports);
        Assert.Equal((AnomalyKinds.Leak, "line:mainline-01", true), (leak.Kind, leak.Subject, leak.Simulated));

        _farm.Farm.Faults.Clear(FarmBench.Valve2);
        await RunAsync(60);
        Assert.Equal([true, false], _reports.Select(r => r.Raised));
        Assert.Empty(_watch.Open);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_valve_that_clogs_while_it_waters_is_found(ulong seed)
    {
        Start(seed);
        Set(FarmBench.Valve1, 1);
        await RunAsync(40);
        Assert.Empty(_reports);
        _farm.Farm.Faults.Inject(FarmBench.Valve1, new SimulatedFault(SimulatedFaultKind.Clog));
        await RunAsync(60);

        Assert.Equal(AnomalyKinds.Clog, Assert.Single(_reports).Kind);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_pump_that_loses_its_water_is_found_by_its_current(ulong seed)
    {
        // At sixty times its pace the tank would really be empty before the minute is over.
        Start(seed, rate: 20);
        Set(FarmBench.Valve1, 1);
        Set(FarmBench.Pump, 1);
        await RunAsync(90);
        Assert.Empty(_reports);
        _farm.Farm.Faults.Inject(FarmBench.Pump, new SimulatedFault(SimulatedFaultKind.Dry));
        await RunAsync(60);

        AnomalyReport dry = Assert.Single(_reports);
        Assert.Equal((AnomalyKinds.PumpDryRun, FarmBench.Pump), (dry.Kind, dry.Subject));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_probe_whose_zero_walks_away_is_found_against_a_forecast(ulong seed)
    {
        Start(seed);
        // An hour of the farm is a minute here. The forecast is the honest one: nothing much changes.
        List<ZoneForecast> forecasts = [];
        for (int hour = 0; hour < 10; hour++)
        {
            if (hour == 4) _farm.Farm.Faults.Inject(FarmBench.Moisture1, new SimulatedFault(SimulatedFaultKind.Drift));
            double truth = _farm.Farm.Latest.SoilMoisturePercent(0);
            forecasts = [new ZoneForecast($"fc-{hour}", "zone-1", _farm.Time.GetUtcNow(), "m", "cpu", true, [new ForecastHorizon(60, truth - 1.5, truth - 0.2, truth + 1, "model")], [], [])];
            await RunAsync(60, forecasts);
            if (hour == 3) Assert.Empty(_reports);
        }

        AnomalyReport drift = Assert.Single(_reports);
        Assert.Equal((AnomalyKinds.SensorDrift, EvidenceTier.PlanningInference), (drift.Kind, drift.Tier));
    }

    private void Start(ulong seed, double rate = 60)
    {
        _farm = new FarmBench(seed, rate);
        WorldClock clock = WorldClock.OfSimulatedFarm(_farm.Time, rate);
        _twin = new TwinWriter(TwinBench.Self, _farm.Time, clock);
        _watch = new AnomalyWatch(AnomalySite.Of(FarmBench.Site), _farm.Time, clock, new EventLog(_farm.Time), _reports.Add);
        _factory = new FrameFactory(TwinBench.Self, "farm", _farm.Time, Guid.NewGuid);
    }

    private void Set(string output, double state) => _farm.Farm.Outputs.Write(new ActuatorId(output), new OutputValue(state));

    // As the node does it: a frame per sensor every five seconds, a look every second.
    private async Task RunAsync(int seconds, IReadOnlyList<ZoneForecast>? forecasts = null)
    {
        for (int second = 0; second < seconds; second++)
        {
            _farm.Run(TimeSpan.FromSeconds(1));
            if (second % 5 == 0)
            {
                foreach (ISensor sensor in _farm.Hardware.Sensors)
                    _twin.Fold(_factory.Observation(await sensor.ReadAsync(CancellationToken.None), sensor.Info), EvidenceTier.OperationalObservation, own: true);
            }

            foreach (string output in new[] { FarmBench.Valve1, FarmBench.Valve2, "actuator:valve:zone-3", "actuator:valve:zone-4", FarmBench.Pump })
            {
                OutputValue state = _farm.Farm.Outputs.Read(new ActuatorId(output))!.Value;
                _twin.Note(EntityKind.Actuator, output, TwinWriter.State, state.Ratio, state.ToString(), simulated: true);
            }

            _twin.Age();
            _watch.Look(_twin.Current, forecasts ?? []);
        }
    }
}
