using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Simulated;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>
/// Sends every output of a site to its safe value without a node: no journal, no physics, no clock. For <c>safe-state</c>
/// after a death, when the outputs still are as the dead process left them.
/// </summary>
public static class SafeStateMedium
{
    /// <summary>One result per output of the site, in its order. Never throws: an output that cannot be reached comes back as not confirmed.</summary>
    public static IReadOnlyList<OutputSafeResult> MakeAllSafe(Site site, string stateDirectory)
    {
        ActuatorBinding[] simulated = [.. site.Actuators.Where(a => a.Driver == SiteDrivers.Simulated)];
        try
        {
            using SimulatedOutputs? medium = simulated.Length == 0
                ? null
                : SimulatedOutputs.Open(SimulatedOutputs.PathIn(stateDirectory), [.. simulated.Select(a => new SimulatedOutputStart(a.Policy.Actuator, a.Policy.Safe))]);
            return [.. site.Actuators.Select(binding => MakeSafe(binding, medium))];
        }
        catch (EdgeException e)
        {
            return [.. site.Actuators.Select(binding => NotReached(binding, e.Message))];
        }
    }

    private static OutputSafeResult MakeSafe(ActuatorBinding binding, SimulatedOutputs? medium)
    {
        if (binding.Driver != SiteDrivers.Simulated || medium is null) return NotReached(binding, $"this build has no driver '{binding.Driver}'");
        var output = new SimulatedOutput(binding, medium, faults: null, effect: null);
        return new OutputSafeResult(output.Id, output.MakeSafe(SafeCause.Operator));
    }

    private static OutputSafeResult NotReached(ActuatorBinding binding, string why) =>
        new(binding.Policy.Actuator, new SafeResult(WasEnergised: true, Confirmed: false, why));
}
