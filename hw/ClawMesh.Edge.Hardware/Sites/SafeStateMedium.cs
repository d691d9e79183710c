using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Outputs;
using ClawMesh.Edge.Hardware.Parts;
using ClawMesh.Edge.Hardware.Simulated;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>
/// Sends every output of a site to its safe value without a node: no journal, no physics, no clock. For <c>safe-state</c>
/// after a death, when the outputs still are as the dead process left them.
/// </summary>
public static class SafeStateMedium
{
    private static readonly TimeSpan BusLimit = TimeSpan.FromSeconds(3);

    /// <summary>One result per output of the site, in its order. Never throws: an output that cannot be reached comes back as not confirmed.</summary>
    /// <param name="board">The site's board; null when its file cannot be read, which costs only buses named by it.</param>
    public static IReadOnlyList<OutputSafeResult> MakeAllSafe(Site site, string stateDirectory, IHardwarePorts ports, BoardDefinition? board, TimeProvider time)
    {
        ActuatorBinding[] simulated = [.. site.Actuators.Where(a => a.Driver == SiteDrivers.Simulated)];
        using var buses = new SiteBuses(ports, board, time);
        var around = new PartSite(ports, buses, board, time);
        try
        {
            using SimulatedOutputs? medium = simulated.Length == 0
                ? null
                : SimulatedOutputs.Open(SimulatedOutputs.PathIn(stateDirectory), [.. simulated.Select(a => new SimulatedOutputStart(a.Policy.Actuator, a.Policy.Safe))]);
            // All of them first: opening touches no bus, and outputs of one chip tell it each other's safe values.
            Opened[] outputs = [.. site.Actuators.Select(binding => Open(binding, medium, around))];
            return MakeSafe(outputs, time);
        }
        catch (EdgeException e)
        {
            return [.. site.Actuators.Select(binding => NotReached(binding, e.Message))];
        }
    }

    /// <param name="Output">Null when it could not be opened.</param>
    private sealed record Opened(ActuatorBinding Binding, OutputDriver? Output, string Problem)
    {
        public string Bus => Binding.Wiring.GetValueOrDefault(SiteDrivers.BusKey, "");
    }

    // Each bus on a thread of its own: one that hangs must not keep another output energised.
    private static IReadOnlyList<OutputSafeResult> MakeSafe(IReadOnlyList<Opened> outputs, TimeProvider time)
    {
        var results = new OutputSafeResult?[outputs.Count];
        Task[] buses =
        [
            .. outputs.Select(o => o.Bus).Distinct().Select(bus => Task.Factory.StartNew(
                () =>
                {
                    for (int i = 0; i < outputs.Count; i++)
                    {
                        if (outputs[i].Bus != bus) continue;
                        OutputSafeResult made = MakeSafe(outputs[i]);
                        lock (results) results[i] = made;
                    }

                    // Given back only when its bus has let go of all of them.
                    foreach (Opened output in outputs)
                    {
                        if (output.Bus == bus) (output.Output as IDisposable)?.Dispose();
                    }
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)),
        ];
        TimeSpan byDesign = TimeSpan.Zero;
        foreach (Opened output in outputs) byDesign += output.Output?.SafeWriteTakes ?? TimeSpan.Zero;
        try
        {
            Task.WhenAll(buses).WaitAsync(BusLimit + byDesign, time).GetAwaiter().GetResult();
        }
        catch (TimeoutException)
        {
            // What is missing below says so itself.
        }

        lock (results)
            return [.. outputs.Select((o, i) => results[i] ?? NotReached(o.Binding, $"its bus '{o.Bus}' did not answer within {BusLimit.TotalSeconds:0} s; cut its supply by hand"))];
    }

    private static Opened Open(ActuatorBinding binding, SimulatedOutputs? medium, PartSite around)
    {
        try
        {
            return new Opened(
                binding,
                binding.Driver == SiteDrivers.Simulated ? new SimulatedOutput(binding, medium!, faults: null, effect: null) : HardwareFactory.OpenOutput(binding, around),
                "");
        }
        catch (Exception e)
        {
            // Whatever is wrong with one output, the next one has its turn.
            return new Opened(binding, null, e.Message);
        }
    }

    private static OutputSafeResult MakeSafe(Opened opened) =>
        opened.Output is { } output ? new OutputSafeResult(output.Id, output.MakeSafe(SafeCause.Operator)) : NotReached(opened.Binding, opened.Problem);

    private static OutputSafeResult NotReached(ActuatorBinding binding, string why) =>
        new(binding.Policy.Actuator, new SafeResult(WasEnergised: true, Confirmed: false, why));
}
