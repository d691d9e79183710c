using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Hardware.Simulated;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>Lets the simulated farm live, ten times a second.</summary>
internal static class FarmLoop
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    public static async Task RunAsync(SimulatedFarm farm, Subsystem subsystem, IEventSink events, TimeProvider time, CancellationToken cancellationToken)
    {
        subsystem.Start();
        string told = "";
        using var timer = new PeriodicTimer(Step, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                farm.Advance();
                if (farm.LastFaultFileProblem is { } problem && problem != told)
                {
                    told = problem;
                    if (problem.Length > 0) events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Warning, "simulated farm", problem, FailureClass.Config));
                }
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }
}
