using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Host;

/// <summary>
/// A sensor of this machine rather than of the site. Reading is a file or two of the kernel and synchronous: microseconds, or the
/// few milliseconds of an I2C transfer where a chip sits behind hwmon.
/// </summary>
internal abstract class HostSensor(SensorInfo info, TimeProvider time) : ISensor
{
    public SensorInfo Info => info;

    protected TimeProvider Time => time;

    public ValueTask<Reading> ReadAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        double value = Sample();
        return ValueTask.FromResult(new Reading(
            info.Id, info.Zone, info.Quantity, value, time.GetUtcNow(), time.GetTimestamp(), EvidenceTier.OperationalObservation, Simulated: false));
    }

    /// <summary>Tries whether the sensor answers; the value it gave.</summary>
    internal double Probe() => Sample();

    /// <summary>One sample in the sensor's unit; NaN while what it measures is switched off.</summary>
    /// <exception cref="Core.Errors.EdgeException"><c>host.sensor_gone</c> (device_absent), <c>host.read_failed</c> (bus_io).</exception>
    protected abstract double Sample();
}
