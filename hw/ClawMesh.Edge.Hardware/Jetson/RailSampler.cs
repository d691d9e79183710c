using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Hardware.Jetson;

/// <summary>Reads a rail's two figures together and lets its sensors share them: each file is a transfer on the module's own I2C bus.</summary>
internal sealed class RailSampler(PowerRail rail, TimeProvider time)
{
    /// <summary>Shorter than any pause between samples, longer than the sensors of one rail take one after the other.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private long? _readAt;
    private double _volts;
    private double _amperes;

    internal PowerRail Rail => rail;

    internal double Volts(SensorId sensor)
    {
        lock (_lock)
        {
            Read(sensor);
            return _volts;
        }
    }

    internal double Amperes(SensorId sensor)
    {
        lock (_lock)
        {
            Read(sensor);
            return _amperes;
        }
    }

    internal double Watts(SensorId sensor)
    {
        lock (_lock)
        {
            Read(sensor);
            return _volts * _amperes;
        }
    }

    private void Read(SensorId sensor)
    {
        if (_readAt is { } at && time.GetElapsedTime(at) < Fresh) return;
        _readAt = null;
        _volts = KernelFile.ReadNumber(sensor, rail.VoltageFile) / 1000.0;
        _amperes = KernelFile.ReadNumber(sensor, rail.CurrentFile) / 1000.0;
        _readAt = time.GetTimestamp();
    }
}
