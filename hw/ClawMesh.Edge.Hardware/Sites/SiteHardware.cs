using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>The opened parts of one site. Nothing has been energised: the owner sends every actuator to its safe value before it listens.</summary>
/// <param name="Farm">The simulated farm to advance about ten times a second; null on a real site.</param>
public sealed record SiteHardware(IReadOnlyList<ISensor> Sensors, IReadOnlyList<IActuator> Actuators, SimulatedFarm? Farm, SiteBuses Buses) : IDisposable
{
    public void Dispose()
    {
        foreach (IDisposable sensor in Sensors.OfType<IDisposable>()) sensor.Dispose();
        // Lines are given back after everybody has gone to the safe value.
        foreach (IDisposable actuator in Actuators.OfType<IDisposable>()) actuator.Dispose();
        Buses.Dispose();
        Farm?.Dispose();
    }
}
