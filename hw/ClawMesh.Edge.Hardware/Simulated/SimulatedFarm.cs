using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Hardware.Simulated;

/// <summary>
/// A farm that is not there: physics, instruments and a switchboard that survives the process. Somebody calls
/// <see cref="Advance"/> about ten times a second; physics then catches up with the node's clock times the rate. Thread-safe.
/// </summary>
public sealed class SimulatedFarm : IDisposable
{
    public const double MinRate = 0.01;
    public const double MaxRate = 3_600;

    /// <summary>Most physics one call may do, in simulated seconds. A suspended machine must not pay for its night on waking.</summary>
    public const int MaxCatchUpSeconds = 600;

    // About two litres a minute.
    private const double LeakingOpening = 0.15;

    private readonly Lock _lock = new();
    private readonly FarmModel _model;
    private readonly FaultFile _faultFile;
    private readonly TimeProvider _time;
    private readonly long _startTimestamp;
    private readonly double _rate;
    private readonly ActuatorId?[] _outputByChannel = new ActuatorId?[FarmChannels.Outputs.Count];
    private readonly double[] _plant = new double[FarmChannels.Outputs.Count];
    private FarmSnapshot _latest;
    private long _skippedSeconds;

    /// <param name="rate">Simulated seconds per second of the node's clock, <see cref="MinRate"/> to <see cref="MaxRate"/>.</param>
    /// <exception cref="EdgeException">
    /// <c>sim.rate_out_of_range</c>, <c>sim.channel_unknown</c>, <c>sim.outputs_foreign</c> or <c>sim.outputs_unavailable</c>.
    /// </exception>
    public SimulatedFarm(Site site, string stateDirectory, ulong seed, double rate, TimeProvider time)
    {
        if (!(rate >= MinRate && rate <= MaxRate))
        {
            throw new EdgeException(
                "sim.rate_out_of_range",
                "Could not start the simulated farm.",
                $"--sim-rate is {rate}; it must be {MinRate} to {MaxRate} simulated seconds per second.",
                "Use 60 unless you need something else.",
                FailureClass.Config);
        }

        Seed = seed;
        _rate = rate;
        _time = time;
        _model = new FarmModel(seed);
        _latest = _model.Snapshot();

        ActuatorBinding[] bindings = [.. site.Actuators.Where(a => a.Driver == SiteDrivers.Simulated)];
        foreach (ActuatorBinding binding in bindings) _outputByChannel[OutputIndex(binding)] = binding.Policy.Actuator;
        Outputs = SimulatedOutputs.Open(
            SimulatedOutputs.PathIn(stateDirectory),
            [.. bindings.Select(b => new SimulatedOutputStart(b.Policy.Actuator, b.Policy.Safe))]);

        HashSet<string> refs = [.. site.Sensors.Select(s => s.Info.Id.Value), .. site.Actuators.Select(a => a.Policy.Actuator.Value)];
        _faultFile = new FaultFile(Path.Combine(stateDirectory, "sim", "faults.json"), refs, Faults, time);
        _faultFile.Follow();
        _startTimestamp = time.GetTimestamp();
    }

    public ulong Seed { get; }

    /// <summary>The mapped file that holds the outputs.</summary>
    public SimulatedOutputs Outputs { get; }

    public SimulatedFaults Faults { get; } = new();

    /// <summary>The true state after the last <see cref="Advance"/>.</summary>
    public FarmSnapshot Latest => Volatile.Read(ref _latest);

    /// <summary>Simulated seconds that were left out because a call came too late.</summary>
    public long SkippedSeconds => Interlocked.Read(ref _skippedSeconds);

    /// <summary>Empty, or what is wrong with <c>sim/faults.json</c>; then the faults of the last good file are in force.</summary>
    public string LastFaultFileProblem
    {
        get
        {
            lock (_lock) return _faultFile.Problem;
        }
    }

    /// <summary>Lets physics catch up with the clock, in whole simulated seconds. Looks at the fault file once a second.</summary>
    public void Advance()
    {
        lock (_lock)
        {
            _faultFile.Follow();

            long reached = _model.SimulatedSeconds + _skippedSeconds;
            long due = (long)(_time.GetElapsedTime(_startTimestamp).TotalSeconds * _rate) - reached;
            if (due <= 0) return;
            if (due > MaxCatchUpSeconds)
            {
                Interlocked.Add(ref _skippedSeconds, due - MaxCatchUpSeconds);
                due = MaxCatchUpSeconds;
            }

            FarmInputs inputs = MovePlant();
            for (long step = 0; step < due; step++) _model.Step(inputs);
            Volatile.Write(ref _latest, _model.Snapshot());
        }
    }

    /// <summary>Ends the mapping. Writes that hang come free first.</summary>
    public void Dispose()
    {
        Faults.Close();
        Outputs.Dispose();
    }

    /// <exception cref="EdgeException"><c>sim.channel_unknown</c>.</exception>
    internal static FarmSensorChannel SensorChannel(SensorBinding binding)
    {
        string channel = binding.Wiring.GetValueOrDefault(SiteDrivers.ChannelKey, "");
        return FarmChannels.FindSensor(channel) ?? throw UnknownChannel(binding.Info.Id.Value, channel, FarmChannels.Sensors.Select(s => s.Name));
    }

    // A stuck part keeps the place it had when it got stuck; at the start of the farm that is shut and still.
    private FarmInputs MovePlant()
    {
        bool dry = false;
        for (int i = 0; i < _plant.Length; i++)
        {
            if (_outputByChannel[i] is not { } output) continue;
            SimulatedFaultKind fault = Faults.Of(output.Value).Kind;
            if (fault == SimulatedFaultKind.Stuck) continue;
            if (Outputs.Read(output) is { } state) _plant[i] = state.Ratio;
            if (i == FarmChannels.Pump) dry = fault == SimulatedFaultKind.Dry;
            else if (fault == SimulatedFaultKind.Leak) _plant[i] = Math.Max(_plant[i], LeakingOpening);
            else if (fault == SimulatedFaultKind.Clog) _plant[i] = 0;
        }

        return new FarmInputs(_plant[0], _plant[1], _plant[2], _plant[3], _plant[FarmChannels.Pump], dry);
    }

    private static int OutputIndex(ActuatorBinding binding)
    {
        string channel = binding.Wiring.GetValueOrDefault(SiteDrivers.ChannelKey, "");
        int index = FarmChannels.FindOutput(channel);
        return index >= 0 ? index : throw UnknownChannel(binding.Policy.Actuator.Value, channel, FarmChannels.Outputs);
    }

    private static EdgeException UnknownChannel(string reference, string channel, IEnumerable<string> known) => new(
        "sim.channel_unknown",
        $"Could not wire '{reference}' to the simulated farm.",
        $"The farm has no channel '{channel}'; it has {string.Join(", ", known)}.",
        "Correct the channel in the site file, or remove the override of board 'simulated'.",
        FailureClass.Config);
}
