using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Hardware.Simulated;

/// <summary>A valve or the pump of the simulated farm, driven through its record in the mapped file.</summary>
public sealed class SimulatedOutput : OutputDriver
{
    private readonly SimulatedOutputs _medium;
    private readonly SimulatedFaults? _faults;

    /// <param name="faults">Null when nobody injects any, as for <c>safe-state</c> without a node.</param>
    /// <param name="effect">Null when the site declares no effect, or nobody is there to see it.</param>
    public SimulatedOutput(ActuatorBinding binding, SimulatedOutputs medium, SimulatedFaults? faults, EffectWatch? effect)
        : base(binding.Policy.Actuator, binding.Policy.Safe, binding.Wiring.GetValueOrDefault(SiteDrivers.BusKey, "simulated"), effect)
    {
        _medium = medium;
        _faults = faults;
    }

    protected override void Write(OutputValue value)
    {
        _faults?.WaitWhileHung(Id.Value);
        _medium.Write(Id, value);
    }

    protected override OutputValue? ReadState()
    {
        OutputValue? state = _medium.Read(Id);
        bool contradicts = _faults?.Of(Id.Value).Kind == SimulatedFaultKind.ReadBack;
        return contradicts && state is { } real ? new OutputValue(real.Ratio >= 0.5 ? 0 : 1) : state;
    }
}
