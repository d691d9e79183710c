using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.Hardware.Parts;
using ClawMesh.Edge.Hardware.Simulated;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>Turns a checked site into sensors and actuators.</summary>
public static class HardwareFactory
{
    /// <param name="simRate">Simulated seconds per second of <paramref name="time"/>; ignored on a real site.</param>
    /// <exception cref="EdgeException">A driver is unknown, or the simulated farm cannot be opened (<see cref="SimulatedFarm"/>).</exception>
    public static SiteHardware Build(Site site, string stateDirectory, ulong simSeed, double simRate, TimeProvider time, IHardwarePorts ports, BoardDefinition? board)
    {
        SimulatedFarm? farm = site.Simulated ? new SimulatedFarm(site, stateDirectory, simSeed, simRate, time) : null;
        var buses = new SiteBuses(ports, board, time);
        try
        {
            var around = new PartSite(ports, buses, board, time);
            Dictionary<SensorId, ISensor> sensors = [];
            foreach (SensorBinding binding in site.Sensors) sensors.Add(binding.Info.Id, OpenSensor(binding, farm, around));
            var arming = new PinmuxArming(ports.Root);
            IActuator[] actuators = [.. site.Actuators.Select(binding => OpenOutput(binding, farm, around, Watch(binding, sensors, time), arming))];
            return new SiteHardware([.. site.Sensors.Select(s => sensors[s.Info.Id])], actuators, farm, buses);
        }
        catch
        {
            farm?.Dispose();
            buses.Dispose();
            throw;
        }
    }

    /// <summary>One output of a real site by itself, for <c>safe-state</c>: nobody looks for its effect.</summary>
    internal static OutputDriver OpenOutput(ActuatorBinding binding, PartSite around) => OpenPart(binding, around, effect: null);

    private static ISensor OpenSensor(SensorBinding binding, SimulatedFarm? farm, PartSite around) =>
        binding.Driver == SiteDrivers.Simulated && farm is not null ? new SimulatedSensor(binding, farm, around.Time)
        : PartCatalog.Find(binding.Driver) is SensorPart part ? part.Open(around, binding)
        : throw UnknownDriver(binding.Info.Id.Value, binding.Driver);

    private static OutputDriver OpenOutput(ActuatorBinding binding, SimulatedFarm? farm, PartSite around, EffectWatch? effect, PinmuxArming arming)
    {
        if (binding.Driver == SiteDrivers.Simulated && farm is not null) return new SimulatedOutput(binding, farm.Outputs, farm.Faults, effect);
        OutputDriver output = OpenOrBreak(binding, around, effect);
        output.ArmingCheck = arming.For(binding, around.Board);
        return output;
    }

    // One output that cannot be opened must not keep the others from going to their safe value.
    private static OutputDriver OpenOrBreak(ActuatorBinding binding, PartSite around, EffectWatch? effect)
    {
        try
        {
            return OpenPart(binding, around, effect);
        }
        catch (Exception failed) when (failed is not EdgeException { Code: "site.driver_unknown" })
        {
            return new BrokenOutput(binding, failed);
        }
    }

    private static OutputDriver OpenPart(ActuatorBinding binding, PartSite around, EffectWatch? effect) =>
        PartCatalog.Find(binding.Driver) is OutputPart part ? part.Open(around, binding, effect) : throw UnknownDriver(binding.Policy.Actuator.Value, binding.Driver);

    private static EffectWatch? Watch(ActuatorBinding binding, Dictionary<SensorId, ISensor> sensors, TimeProvider time) =>
        binding.Effect is { } check && sensors.TryGetValue(check.Sensor, out ISensor? sensor)
            ? new EffectWatch(check, new SensorProbe(sensor), time)
            : null;

    private static EdgeException UnknownDriver(string reference, string driver) => new(
        "site.driver_unknown",
        $"Could not open '{reference}'.",
        $"Its driver is '{driver}'; this build knows {string.Join(", ", SiteDrivers.Known)}, and simulated parts only on a simulated site.",
        "Run `clawmesh-edge site check` on the file.",
        FailureClass.Config);
}
