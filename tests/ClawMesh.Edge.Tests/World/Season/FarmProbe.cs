using ClawMesh.Edge.Hardware.Simulated;

namespace ClawMesh.Edge.Tests.World.Season;

/// <summary>An instrument with the error the simulated farm's own have: noise, and a zero that wanders over five days.</summary>
internal sealed class FarmProbe
{
    private const double DriftPeriodSeconds = 5 * 86_400;

    private readonly FarmSensorChannel _channel;
    private readonly Random _noise;
    private readonly double _phase;

    public FarmProbe(FarmSensorChannel channel, ulong seed)
    {
        _channel = channel;
        _noise = new Random(unchecked((int)(seed * 1_000_003) + channel.Index));
        _phase = 2 * Math.PI * _noise.NextDouble();
    }

    public double Read(FarmSnapshot truth)
    {
        double value = truth.Value(_channel);
        double normal = Math.Sqrt(-2 * Math.Log(1 - _noise.NextDouble())) * Math.Cos(2 * Math.PI * _noise.NextDouble());
        double drift = _channel.Drift * Math.Sin((2 * Math.PI * truth.SimulatedSeconds / DriftPeriodSeconds) + _phase);
        return Math.Round(Math.Clamp(value + ((_channel.Noise + (_channel.NoiseRatio * Math.Abs(value))) * normal) + drift, _channel.RangeMin, _channel.RangeMax), 2);
    }
}
