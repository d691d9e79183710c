using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust;
using ClawMesh.Edge.Trust.Desk;

namespace ClawMesh.Edge.Tests.World.Season;

/// <summary>
/// The simulated farm's physics behind a real desk with the limits of <c>simulated.json</c>, on a clock that moves by the second. The
/// node's time is the farm's. Counts what flowed where; knows the truth and shows it only to whoever keeps the score.
/// </summary>
internal sealed class FarmField : IReadingSource, IActuationListener, IAsyncDisposable
{
    private static readonly NodeId Self = new(new string('a', NodeId.Length));
    private static readonly Caller Controller = Caller.Peer(new NodeId(new string('b', NodeId.Length)), ["actuator:valve:*"], mayApprove: false);

    private readonly FarmModel _model;
    private readonly double[] _drive = new double[FarmChannels.Outputs.Count];
    private readonly double[] _share = new double[FarmChannels.Zones];
    private readonly ActuationDesk _desk;
    private readonly FarmProbe[] _probes;
    private long _clockSeconds;
    private int _commands;

    public FarmField(ulong seed)
    {
        Site = new SiteCatalog(new BoardCatalog()).Read("simulated").Site!;
        _model = new FarmModel(seed);
        Truth = _model.Snapshot();
        _probes = [.. FarmChannels.Sensors.Select(channel => new FarmProbe(channel, seed))];
        var journal = new InMemoryJournal(Time);
        List<(IActuator, OutputPolicy)> outputs =
        [
            .. Site.Actuators.Select(binding => ((IActuator)new FarmOutput(binding, FarmChannels.FindOutput(binding.Wiring[SiteDrivers.ChannelKey]), this), binding.Policy)),
        ];
        _desk = new ActuationDesk(
            Self, outputs, journal, journal, this, new TestReadiness(), new TestClock(), new EventLog(Time), this, Time,
            new DeskOptions { MeshId = () => "mesh", OutputsAreReal = false }, () => null, safetyThreads: null);
    }

    public Site Site { get; }

    public ManualTime Time { get; } = new();

    /// <summary>As of the last second.</summary>
    public FarmSnapshot Truth { get; private set; }

    public long Seconds => _model.SimulatedSeconds;

    /// <summary>What flowed into each bed.</summary>
    public double[] Litres { get; } = new double[FarmChannels.Zones];

    /// <summary>Seconds each valve was open.</summary>
    public long[] OpenSeconds { get; } = new long[FarmChannels.Zones];

    /// <summary>How often each output was driven away from rest.</summary>
    public int[] Starts { get; } = new int[FarmChannels.Outputs.Count];

    /// <summary>Answers other than a confirmed effect, by code.</summary>
    public SortedDictionary<string, int> Refusals { get; } = [];

    /// <summary>Safety ended an output before its lease did: an interlock or a limit was hit by what was running.</summary>
    public int Trips { get; private set; }

    public Task StartAsync() => _desk.RecoverAsync([], CancellationToken.None);

    public bool IsOpen(int zone) => _drive[zone] > 0;

    /// <summary>What an instrument shows now, with its noise and its drift.</summary>
    public double Measure(string channel)
    {
        FarmSensorChannel found = FarmChannels.FindSensor(channel)!;
        return _probes[found.Index].Read(Truth);
    }

    /// <summary>Runs to a moment of the farm; the node's clock is there too.</summary>
    public void RunTo(long second)
    {
        while (_model.SimulatedSeconds < second) Second();
        CatchUp();
        Truth = _model.Snapshot();
    }

    /// <summary>One second of physics. At rest neither the clock nor the safety tick has anything to do.</summary>
    public void Second()
    {
        _model.Step(new FarmInputs(_drive[0], _drive[1], _drive[2], _drive[3], _drive[4]));
        bool flows = false;
        int open = 0;
        for (int zone = 0; zone < FarmChannels.Valves; zone++)
        {
            if (_drive[zone] <= 0) continue;
            open++;
            OpenSeconds[zone]++;
        }

        if (open > 0)
        {
            for (int zone = 0; zone < FarmChannels.Valves; zone++) _share[zone] = _drive[zone] > 0 ? 1.0 / open : 0;
            flows = true;
        }

        if (open == 0 && Truth.FlowLitresPerMinute <= 0 && _drive[FarmChannels.Pump] <= 0) return;
        Truth = _model.Snapshot();
        flows |= Truth.FlowLitresPerMinute > 0;
        if (flows)
        {
            // Open valves pass the same; what still runs after the last one closed belongs to it.
            for (int zone = 0; zone < FarmChannels.Zones; zone++) Litres[zone] += _share[zone] * Truth.FlowLitresPerMinute / 60;
        }

        CatchUp();
        _desk.Tick();
    }

    public async Task<ActuationAnswer> OpenAsync(string targetRef, double minutes, TrustBlock trust)
    {
        using JsonDocument parameters = JsonDocument.Parse(string.Create(CultureInfo.InvariantCulture, $$"""{"durationSec":{{minutes * 60:0.###}}}"""));
        var command = CommandEnvelope.Create(
            $"cmd-{++_commands}", Time.GetUtcNow().ToUnixTimeMilliseconds(), Controller.Device!.Value.Value, "field", targetRef, "open", parameters.RootElement.Clone(), trust, note: null);
        ActuationAnswer answer = await _desk.RequestAsync(new ActuationRequest(ForwardMessage.For(command, "planner"), Controller), CancellationToken.None);
        if (answer.Outcome != ActuationOutcome.Done) Refusals[answer.Code] = Refusals.GetValueOrDefault(answer.Code) + 1;
        return answer;
    }

    /// <summary>Sensor evidence and no more: nobody looked.</summary>
    public static TrustBlock SensorTrust(string approvedBy) => new()
    {
        ActionType = "actuation",
        EvidenceTier = TrustWords.T2,
        MinimumTier = TrustWords.T2,
        VerificationRequired = "none",
        EvidenceSources = ["sensor"],
        ApprovedBy = [approvedBy],
    };

    // Tank and flow for the desk's interlocks and effects, of this very second.
    public Reading? Latest(SensorId sensor) => sensor.Value switch
    {
        "sensor:tank-level:tank-1" => Now(sensor, new Quantity("level", "%"), Truth.TankLevelPercent),
        "sensor:flow:mainline-01" => Now(sensor, new Quantity("flow", "l/min"), Truth.FlowLitresPerMinute),
        "sensor:power:P1" => Now(sensor, new Quantity("current", "A"), Truth.PumpCurrentAmperes),
        _ => null,
    };

    public void Finished(ActuationAnswer answer)
    {
    }

    public void StateChanged(OutputStateChange change)
    {
    }

    internal void Drive(int output, double ratio, SafeCause? cause)
    {
        if (ratio > 0 && _drive[output] <= 0) Starts[output]++;
        if (ratio <= 0 && _drive[output] > 0 && cause is SafeCause.Interlock or SafeCause.Limit or SafeCause.Fault) Trips++;
        _drive[output] = ratio;
    }

    public ValueTask DisposeAsync() => _desk.DisposeAsync();

    private Reading Now(SensorId sensor, Quantity quantity, double value) =>
        new(sensor, "", quantity, value, Time.GetUtcNow(), Time.GetTimestamp(), EvidenceTier.OperationalObservation, Simulated: true);

    private void CatchUp()
    {
        long behind = _model.SimulatedSeconds - _clockSeconds;
        if (behind <= 0) return;
        _clockSeconds = _model.SimulatedSeconds;
        Time.Advance(TimeSpan.FromSeconds(behind));
    }
}
