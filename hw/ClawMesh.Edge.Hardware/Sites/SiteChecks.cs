using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>What must hold between the entries of a site: unique names, references that lead somewhere, no circle of cut-offs.</summary>
internal static class SiteChecks
{
    public static void Check(IReadOnlyList<Located<SensorBinding>> sensors, IReadOnlyList<Located<ActuatorBinding>> actuators)
    {
        CheckUnique("id", [.. sensors.Select(s => new Named(s.At, s.Binding.Info.Id.Value))]);
        CheckUnique("ref", [.. actuators.Select(a => new Named(a.At, a.Binding.Policy.Actuator.Value))]);

        var sensorById = new Dictionary<SensorId, SensorInfo>();
        foreach (Located<SensorBinding> sensor in sensors) sensorById.TryAdd(sensor.Binding.Info.Id, sensor.Binding.Info);
        var policyById = new Dictionary<ActuatorId, OutputPolicy>();
        foreach (Located<ActuatorBinding> actuator in actuators) policyById.TryAdd(actuator.Binding.Policy.Actuator, actuator.Binding.Policy);

        foreach ((ConfigObject at, ActuatorBinding binding) in actuators)
        {
            CheckRequires(at, binding.Policy, sensorById);
            if (binding.Effect is { } effect) CheckSensor(at, "effect.sensor", effect.Sensor, sensorById);
            CheckUpstream(at, binding.Policy, policyById);
            CheckGroup(at, binding.Policy, policyById);
        }
    }

    private sealed record Named(ConfigObject At, string Name);

    private static void CheckUnique(string key, IReadOnlyList<Named> entries)
    {
        var first = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((ConfigObject at, string name) in entries)
        {
            if (name.Length > 0 && !first.TryAdd(name, at.Path))
                at.Error(key, $"{at.PathOf(key)} is '{name}', as is {first[name]}.{key}; names must be unique.", "Rename one of them.");
        }
    }

    private static void CheckRequires(ConfigObject at, OutputPolicy policy, Dictionary<SensorId, SensorInfo> sensors)
    {
        for (int i = 0; i < policy.Requires.Count; i++)
        {
            SensorPredicate predicate = policy.Requires[i];
            if (!CheckSensor(at, $"requires[{i}].sensor", predicate.Sensor, sensors)) continue;
            TimeSpan interval = sensors[predicate.Sensor].Interval;
            if (predicate.MaxAge <= interval)
            {
                string key = $"requires[{i}].maxAge";
                at.Error(
                    key,
                    $"{at.PathOf(key)} is {DurationText.Format(predicate.MaxAge)}, yet '{predicate.Sensor}' is sampled every {DurationText.Format(interval)}; it would be stale between samples.",
                    "Allow two or three intervals, or sample more often.");
            }
        }
    }

    private static bool CheckSensor(ConfigObject at, string key, SensorId sensor, Dictionary<SensorId, SensorInfo> sensors)
    {
        if (sensor.Value.Length == 0) return false;
        if (sensors.ContainsKey(sensor)) return true;
        string nearest = NearestText.Find(sensor.Value, [.. sensors.Keys.Select(s => s.Value)]);
        at.Error(key, $"{at.PathOf(key)} is '{sensor}'; the site has no such sensor.", nearest.Length == 0 ? "Add it under sensors." : $"Did you mean '{nearest}'?");
        return false;
    }

    private static void CheckUpstream(ConfigObject at, OutputPolicy policy, Dictionary<ActuatorId, OutputPolicy> policies)
    {
        if (policy.Upstream is not { } upstream) return;
        if (!policies.ContainsKey(upstream))
        {
            at.Error("upstream", $"{at.PathOf("upstream")} is '{upstream}'; the site has no such actuator.", $"Did you mean '{NearestText.Find(upstream.Value, [.. policies.Keys.Select(p => p.Value)])}'?");
            return;
        }

        // A walk longer than there are actuators has met itself.
        ActuatorId? next = upstream;
        for (int steps = 0; next is { } reached && steps <= policies.Count; steps++)
        {
            if (reached == policy.Actuator)
            {
                at.Error("upstream", $"{at.PathOf("upstream")} = '{upstream}' leads back to '{policy.Actuator}' itself; a cut-off must lie before what it cuts off.", "Remove one of the links.");
                return;
            }

            next = policies.TryGetValue(reached, out OutputPolicy? found) ? found.Upstream : null;
        }
    }

    private static void CheckGroup(ConfigObject at, OutputPolicy policy, Dictionary<ActuatorId, OutputPolicy> policies)
    {
        if (policy.ExclusiveGroup is { } group && policies.Values.Count(p => p.ExclusiveGroup == group) < 2)
            at.Warn("exclusive", $"{at.PathOf("exclusive")} is '{group}', and no other output is in that group.", "Check the spelling, or remove it.");
    }
}
