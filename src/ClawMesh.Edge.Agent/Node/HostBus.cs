using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Buses;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// Host sensors read their files at once, in microseconds, apart from those whose file is a chip behind I2C: such a read may hang, and
/// then it holds the thread of its own bus.
/// </summary>
internal static class HostBus
{
    public static ISensor Separate(ISensor sensor, SiteBuses buses) =>
        sensor.Info.Bus.StartsWith("hwmon:", StringComparison.Ordinal) || sensor.Info.Bus.StartsWith("i2c:", StringComparison.Ordinal) ? new BusSensor(sensor, buses.Thread(sensor.Info.Bus)) : sensor;
}
