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
            return MakeSafe(site.Actuators, medium, around, time);
        }
        catch (EdgeException e)
        {
            return [.. site.Actuators.Select(binding => NotReached(binding, e.Message))];
        }
    }

    // Each bus on a thread of its own: one that hangs must not keep another output energised.
    private static IReadOnlyList<OutputSafeResult> MakeSafe(IReadOnlyList<ActuatorBinding> bindings, SimulatedOutputs? medium, PartSite around, TimeProvider time)
    {
        var results = new OutputSafeResult?[bindings.Count];
        Task[] buses =
        [
            .. bindings.Select(Bus).Distinct().Select(bus => Task.Factory.StartNew(
                () =>
                {
                    for (int i = 0; i < bindings.Count; i++)
                    {
                        if (Bus(bindings[i]) != bus) continue;
                        OutputSafeResult made = MakeSafe(bindings[i], medium, around);
                        lock (results) results[i] = made;
                    }
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)),
        ];
        try
        {
            Task.WhenAll(buses).WaitAsync(BusLimit + ByDesign(bindings), time).GetAwaiter().GetResult();
        }
        catch (TimeoutException)
        {
            // What is missing below says so itself.
        }

        lock (results)
            return [.. bindings.Select((binding, i) => results[i] ?? NotReached(binding, $"its bus '{Bus(binding)}' did not answer within {BusLimit.TotalSeconds:0} s; cut its supply by hand"))];
    }

    // Coils and contacts take their time, one after the other on a bus; a pulse that is cut off would stay on.
    private static TimeSpan ByDesign(IReadOnlyList<ActuatorBinding> bindings)
    {
        TimeSpan all = TimeSpan.Zero;
        foreach (ActuatorBinding binding in bindings)
        {
            foreach (string key in (string[])["pulse", "feedbackWithin"])
            {
                if (DurationText.TryParse(binding.Wiring.GetValueOrDefault(key), out TimeSpan takes)) all += takes;
            }
        }

        return all;
    }

    private static string Bus(ActuatorBinding binding) => binding.Wiring.GetValueOrDefault(SiteDrivers.BusKey, "");

    private static OutputSafeResult MakeSafe(ActuatorBinding binding, SimulatedOutputs? medium, PartSite around)
    {
        try
        {
            OutputDriver output = binding.Driver == SiteDrivers.Simulated
                ? new SimulatedOutput(binding, medium!, faults: null, effect: null)
                : HardwareFactory.OpenOutput(binding, around);
            using var given = output as IDisposable;
            return new OutputSafeResult(output.Id, output.MakeSafe(SafeCause.Operator));
        }
        catch (Exception e)
        {
            // Whatever is wrong with one output, the next one has its turn.
            return NotReached(binding, e.Message);
        }
    }

    private static OutputSafeResult NotReached(ActuatorBinding binding, string why) =>
        new(binding.Policy.Actuator, new SafeResult(WasEnergised: true, Confirmed: false, why));
}
