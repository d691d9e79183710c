using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Host;

/// <summary>A sysfs file that holds one whole number in a fixed unit: hwmon channels and thermal zones.</summary>
/// <param name="unitsPerOne">How many of the file's units make one of the sensor's: 1000 for m°C to °C.</param>
internal sealed class ScaledFileSensor(SensorInfo info, string path, double unitsPerOne, TimeProvider time) : HostSensor(info, time)
{
    protected override double Sample() => KernelFile.ReadNumber(Info.Id, path) / unitsPerOne;
}
