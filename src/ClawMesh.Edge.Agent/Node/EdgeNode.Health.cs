using ClawMesh.Edge.Agent.Update;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>What the node tells the start guard, and what it journals of the guard's acts; only where it runs as the service.</summary>
internal sealed partial class EdgeNode
{
    private async Task ReportHealthAsync(string path)
    {
        var health = new HealthFile(path, Version, () => Ailments.Of(Subsystems, Journal.Health.State, Desk.Safety.SinceLastTick));
        var chronicle = new ReleaseChronicle(
            Version, new UpdatePaths().LastResult, Journal.Settings, (act, by, detail, ct) => Desk.JournalOperatorActAsync(act, by, detail, ct), Events);
        using var timer = new PeriodicTimer(HealthFile.Every, Time);
        try
        {
            do
            {
                health.Write();
                await chronicle.LookAsync(_stop.Token);
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }
}
