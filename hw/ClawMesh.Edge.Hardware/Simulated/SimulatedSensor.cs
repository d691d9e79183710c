using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Hardware.Simulated;

/// <summary>
/// One instrument of the simulated farm: the true value with noise from its own seeded stream, a wandering zero, its range, and the
/// fault it has. Reads the latest state and never advances physics. Thread-safe, so that an effect probe may read beside the sampler.
/// </summary>
public sealed class SimulatedSensor : ISensor
{
    private const double DriftPeriodSeconds = 5 * 86_400;
    private const double FaultDriftRatioPerSecond = 0.01 / 60;

    private readonly Lock _lock = new();
    private readonly SimulatedFarm _farm;
    private readonly TimeProvider _time;
    private readonly FarmSensorChannel _channel;
    private readonly SeededStream _noise;
    private readonly double _driftPhase;
    private double? _lastShown;
    private long? _driftSince;

    /// <exception cref="Core.Errors.EdgeException"><c>sim.channel_unknown</c>.</exception>
    public SimulatedSensor(SensorBinding binding, SimulatedFarm farm, TimeProvider time)
    {
        Info = binding.Info;
        _farm = farm;
        _time = time;
        _channel = SimulatedFarm.SensorChannel(binding);
        _noise = new SeededStream(farm.Seed, $"sensor/{_channel.Name}");
        _driftPhase = 2 * Math.PI * new SeededStream(farm.Seed, $"drift/{_channel.Name}").NextRatio();
    }

    public SensorInfo Info { get; }

    public async ValueTask<Reading> ReadAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        SimulatedFault fault = _farm.Faults.Of(Info.Id.Value);
        if (fault.Kind == SimulatedFaultKind.Silent) await Task.Delay(Timeout.InfiniteTimeSpan, _time, cancellationToken);
        if (fault.Kind == SimulatedFaultKind.Slow) await Task.Delay(fault.Delay, _time, cancellationToken);

        return new Reading(
            Info.Id,
            Info.Zone,
            Info.Quantity,
            Show(fault.Kind, _farm.Latest),
            _time.GetUtcNow(),
            _time.GetTimestamp(),
            EvidenceTier.OperationalObservation,
            Simulated: true);
    }

    private double Show(SimulatedFaultKind fault, FarmSnapshot farm)
    {
        lock (_lock)
        {
            if (fault != SimulatedFaultKind.Drift) _driftSince = null;
            switch (fault)
            {
                case SimulatedFaultKind.NotANumber: return double.NaN;
                case SimulatedFaultKind.Rail: return _channel.RangeMax;
                case SimulatedFaultKind.Stuck: return _lastShown ??= Measure(farm);
                case SimulatedFaultKind.Drift:
                    _driftSince ??= farm.SimulatedSeconds;
                    double walked = (farm.SimulatedSeconds - _driftSince.Value) * FaultDriftRatioPerSecond * (_channel.RangeMax - _channel.RangeMin);
                    return Math.Min(Measure(farm) + walked, _channel.RangeMax);
                default:
                    double shown = Measure(farm);
                    _lastShown = shown;
                    return shown;
            }
        }
    }

    private double Measure(FarmSnapshot farm)
    {
        double truth = farm.Value(_channel);
        double noise = (_channel.Noise + (_channel.NoiseRatio * Math.Abs(truth))) * _noise.NextNormal();
        double drift = _channel.Drift * Math.Sin((2 * Math.PI * farm.SimulatedSeconds / DriftPeriodSeconds) + _driftPhase);
        return Math.Round(Math.Clamp(truth + noise + drift, _channel.RangeMin, _channel.RangeMax), 2);
    }
}
