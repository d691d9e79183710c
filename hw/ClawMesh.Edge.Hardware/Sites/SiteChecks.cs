using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>What must hold between the entries of a site: unique names, references that lead somewhere, no circle of cut-offs.</summary>
internal static class SiteChecks
{
    /// <param name="board">Null when it could not be read; then two names of one bus are not seen as one.</param>
    public static void Check(IReadOnlyList<Located<SensorBinding>> sensors, IReadOnlyList<Located<ActuatorBinding>> actuators, BoardDefinition? board)
    {
        CheckUnique("id", [.. sensors.Select(s => new Named(s.At, s.Binding.Info.Id.Value))]);
        CheckUnique("ref", [.. actuators.Select(a => new Named(a.At, a.Binding.Policy.Actuator.Value))]);

        var sensorById = new Dictionary<SensorId, SensorInfo>();
        foreach (Located<SensorBinding> sensor in sensors) sensorById.TryAdd(sensor.Binding.Info.Id, sensor.Binding.Info);
        var policyById = new Dictionary<ActuatorId, OutputPolicy>();
        var laneById = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Located<ActuatorBinding> actuator in actuators)
        {
            policyById.TryAdd(actuator.Binding.Policy.Actuator, actuator.Binding.Policy);
            laneById.TryAdd(actuator.Binding.Policy.Actuator.Value, LaneOf(actuator.Binding, board));
        }

        foreach ((ConfigObject at, ActuatorBinding binding) in actuators)
        {
            CheckRequires(at, binding.Policy, sensorById);
            if (binding.Effect is { } effect) CheckSensor(at, "effect.sensor", effect.Sensor, sensorById);
            CheckUpstream(at, binding.Policy, policyById);
            CheckUpstreamLane(at, binding.Policy, laneById);
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

    // The cut-off is for a bus that hangs: behind the same bus its safe write would wait for the very write that hangs.
    private static void CheckUpstreamLane(ConfigObject at, OutputPolicy policy, Dictionary<string, string> lanes)
    {
        if (policy.Upstream is not { } upstream || upstream == policy.Actuator) return;
        string lane = lanes.GetValueOrDefault(policy.Actuator.Value, "");
        if (lane.Length == 0 || lanes.GetValueOrDefault(upstream.Value) != lane) return;
        if (lane.StartsWith("gpio:", StringComparison.Ordinal))
        {
            // The module's own controller does not hang; an expander's may.
            at.Warn(
                "upstream", $"{at.PathOf("upstream")} is '{upstream}' on the same chip, {lane["gpio:".Length..]}; it cuts nothing off when that chip does not answer.",
                "Nothing to do when the chip is the module's own; otherwise wire the cut-off to another one.");
            return;
        }

        at.Error(
            "upstream", $"{at.PathOf("upstream")} is '{upstream}', which hangs on {lane} as '{policy.Actuator}' does; a cut-off must be reached when that bus does not answer.",
            "Wire the cut-off to another bus or chip, or remove upstream.");
    }

    // Empty for a simulated output, whose channels each have a bus of their own, and where the entry is wrong already.
    private static string LaneOf(ActuatorBinding binding, BoardDefinition? board)
    {
        if (binding.Driver == SiteDrivers.Simulated || binding.Wiring.GetValueOrDefault(SiteDrivers.BusKey, "") is not { Length: > 0 } bus) return "";
        return board?.Bus(bus)?.Device ?? (bus.StartsWith("i2c-", StringComparison.Ordinal) ? $"/dev/{bus}" : bus);
    }

    private static void CheckGroup(ConfigObject at, OutputPolicy policy, Dictionary<ActuatorId, OutputPolicy> policies)
    {
        if (policy.ExclusiveGroup is { } group && policies.Values.Count(p => p.ExclusiveGroup == group) < 2)
            at.Warn("exclusive", $"{at.PathOf("exclusive")} is '{group}', and no other output is in that group.", "Check the spelling, or remove it.");
    }
}
