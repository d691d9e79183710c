using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// The first thing a node does with its outputs, before there are lanes and a tick: each bus on a thread of its own, so that one
/// that hangs leaves no other output as a dead predecessor left it.
/// </summary>
internal static class StartupSafety
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(500);

    /// <summary>One result per output, in their order; not confirmed where the bus did not answer in time. The tick asks those again.</summary>
    public static async Task<IReadOnlyList<OutputSafeResult>> MakeAllSafeAsync(IReadOnlyList<IActuator> actuators, TimeProvider time)
    {
        var results = new SafeResult?[actuators.Count];
        Task[] buses =
        [
            .. actuators.Select(a => a.Bus).Distinct().Select(bus => Task.Factory.StartNew(
                () =>
                {
                    for (int i = 0; i < actuators.Count; i++)
                    {
                        if (actuators[i].Bus != bus) continue;
                        SafeResult made = actuators[i].MakeSafe(SafeCause.Start);
                        lock (results) results[i] = made;
                    }
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)),
        ];
        try
        {
            await Task.WhenAll(buses).WaitAsync(Limit, time);
        }
        catch (TimeoutException)
        {
            // What is missing below says so itself.
        }

        var answers = new List<OutputSafeResult>(actuators.Count);
        lock (results)
        {
            for (int i = 0; i < actuators.Count; i++)
            {
                answers.Add(new OutputSafeResult(
                    actuators[i].Id,
                    results[i] ?? new SafeResult(WasEnergised: true, Confirmed: false, $"bus '{actuators[i].Bus}' did not answer within {Limit.TotalMilliseconds:0} ms at start")));
            }
        }

        return answers;
    }
}
