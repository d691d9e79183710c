using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Anomalies;

/// <summary>A number of the twin, by where it stands there.</summary>
public sealed record Measured(string Entity, string Property, string Unit);

/// <param name="ExpectedFlow">What the meter shows at least when it is open, from the site's <c>effect</c>, in the unit of the meter.</param>
public sealed record LineValve(string Actuator, double ExpectedFlow);

/// <summary>A flow meter and the valves whose water passes it.</summary>
/// <param name="LeakAbove">More than this is flow.</param>
public sealed record WaterLine(Measured Flow, double LeakAbove, IReadOnlyList<LineValve> Valves);

/// <param name="Current">Its motor, when the site measures it.</param>
/// <param name="AtLeast">What a running motor draws at least, from the site's <c>effect</c>.</param>
/// <param name="Line">Where its water goes.</param>
/// <param name="LowLevel">At or below it the tank counts as low.</param>
public sealed record PumpWiring(string Actuator, Measured? Current, double? AtLeast, WaterLine? Line, Measured? Tank, double LowLevel);

/// <summary>What the site file says of how water flows: an output's <c>effect</c> names its meter, <c>upstream</c> its pump, <c>requires</c> its tank.</summary>
/// <param name="ValvesOfZone">Refs of the outputs that water a zone.</param>
public sealed record AnomalySite(IReadOnlyList<WaterLine> Lines, IReadOnlyList<PumpWiring> Pumps, IReadOnlyDictionary<string, IReadOnlyList<string>> ValvesOfZone)
{
    private const string PumpRef = "actuator:pump:";

    // Of a meter's range; below it a reading of nothing may just be noise.
    private const double LeakOfRange = 0.005;
    private const double LeakWithoutRange = 0.5;

    public static AnomalySite Of(Site site)
    {
        var sensors = new Dictionary<SensorId, SensorInfo>();
        foreach (SensorBinding binding in site.Sensors) sensors[binding.Info.Id] = binding.Info;

        var valves = new Dictionary<SensorId, List<LineValve>>();
        var zones = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (ActuatorBinding output in site.Actuators)
        {
            if (IsPump(output)) continue;
            string reference = output.Policy.Actuator.Value;
            if (!zones.TryGetValue(output.Zone, out List<string>? ofZone)) zones.Add(output.Zone, ofZone = []);
            ofZone.Add(reference);
            if (output.Effect is not { } effect || !sensors.TryGetValue(effect.Sensor, out SensorInfo? meter) || !IsFlow(meter)) continue;
            if (!valves.TryGetValue(effect.Sensor, out List<LineValve>? ofMeter)) valves.Add(effect.Sensor, ofMeter = []);
            ofMeter.Add(new LineValve(reference, effect.Rises ?? effect.AtLeast ?? LeakAbove(meter)));
        }

        var lines = new Dictionary<SensorId, WaterLine>();
        foreach ((SensorId meter, List<LineValve> ofMeter) in valves) lines.Add(meter, new WaterLine(Where(sensors[meter]), LeakAbove(sensors[meter]), ofMeter));

        var pumps = new List<PumpWiring>();
        foreach (ActuatorBinding output in site.Actuators)
        {
            if (IsPump(output)) pumps.Add(Pump(site, output, sensors, lines));
        }

        var valvesOfZone = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach ((string zone, List<string> ofZone) in zones) valvesOfZone.Add(zone, ofZone);
        return new AnomalySite([.. lines.Values], pumps, valvesOfZone);
    }

    private static PumpWiring Pump(Site site, ActuatorBinding pump, Dictionary<SensorId, SensorInfo> sensors, Dictionary<SensorId, WaterLine> lines)
    {
        SensorInfo? meter = pump.Effect is { } effect ? sensors.GetValueOrDefault(effect.Sensor) : null;
        WaterLine? line = meter is not null ? lines.GetValueOrDefault(meter.Id) : null;
        foreach (ActuatorBinding output in site.Actuators)
        {
            if (line is null && output.Policy.Upstream == pump.Policy.Actuator && output.Effect is { } seen) line = lines.GetValueOrDefault(seen.Sensor);
        }

        (Measured? tank, double low) = (null, double.NegativeInfinity);
        foreach (SensorPredicate required in pump.Policy.Requires)
        {
            if (required.Above is not { } above || !sensors.TryGetValue(required.Sensor, out SensorInfo? level) || KindOf(level) != EntityKind.Tank) continue;
            // The interlock stops it there; low begins a little above.
            (tank, low) = (Where(level), Math.Max(above, level.Low ?? above));
        }

        bool isMotor = meter?.Quantity.Metric is "current" or "power";
        return new PumpWiring(pump.Policy.Actuator.Value, isMotor ? Where(meter!) : null, isMotor ? pump.Effect!.AtLeast : null, line, tank, low);
    }

    private static bool IsPump(ActuatorBinding output) => output.Policy.Actuator.Value.StartsWith(PumpRef, StringComparison.Ordinal);

    private static bool IsFlow(SensorInfo sensor) => sensor.Quantity.Metric == "flow";

    private static EntityKind KindOf(SensorInfo sensor) => Classification.KindOf(sensor.Zone, sensor.Quantity.Metric, sensor.Quantity.Unit, sensor.Id.Value);

    private static Measured Where(SensorInfo sensor) =>
        new(Classification.IdOf(KindOf(sensor), sensor.Zone), sensor.Quantity.Metric, sensor.Quantity.Unit);

    private static double LeakAbove(SensorInfo meter) => double.IsFinite(meter.ValidMax) && meter.ValidMax > 0 ? meter.ValidMax * LeakOfRange : LeakWithoutRange;
}
