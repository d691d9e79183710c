using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Hardware.Outputs;

/// <summary>Stands for an output whose driver could not be opened: every write fails with the reason, so that it is never confirmed safe and never armed.</summary>
internal sealed class BrokenOutput(ActuatorBinding binding, Exception why)
    : OutputDriver(binding.Policy.Actuator, binding.Policy.Safe, binding.Wiring.GetValueOrDefault(SiteDrivers.BusKey, ""), effect: null)
{
    protected override void Write(OutputValue value) => throw new EdgeException(
        "output.not_opened", $"Could not set '{Id}'.", $"Its driver '{binding.Driver}' could not be opened: {why.Message}",
        "`clawmesh-edge diag io` looks at its wiring; restart the node when it is mended.", (why as EdgeException)?.FailureClass ?? FailureClass.Infra, why);

    protected override OutputValue? ReadState() => null;
}
