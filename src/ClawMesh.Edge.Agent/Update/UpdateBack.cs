using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Update;

/// <param name="Stopped">The node did not answer and was stopped first.</param>
internal sealed record WentBack(string From, string To, bool Stopped);

/// <summary>
/// <c>update rollback</c>: back to the version before, by hand. A healthy node is asked whether its outputs are at rest; a sick one is stopped
/// first, which makes them safe, because a way back that needs the cooperation of what is broken is none.
/// </summary>
internal sealed class UpdateBack(UpdatePaths paths, IUpdateHost host)
{
    // More than a unit may take to stop and to make its outputs safe afterwards.
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan GuardLimit = TimeSpan.FromSeconds(60);

    /// <exception cref="EdgeException"><c>update.nothing_before</c>, <c>update.energised</c>, <c>update.not_stopped</c>, <c>update.rollback_failed</c>.</exception>
    public async Task<WentBack> RunAsync(CancellationToken cancellationToken)
    {
        string from = paths.Linked(paths.Current);
        if (from == UpdatePaths.PackagedName)
        {
            throw new EdgeException(
                "update.nothing_before", "There is nothing to go back to.", "The packaged version runs; no update is installed over it.",
                "An older package is the way further back.", FailureClass.Config);
        }

        NodeSight node = await host.LookAtNodeAsync(cancellationToken);
        UpdateChecks.RequireAtRest(node);
        bool sick = node is { Answers: false, Pid: not null };
        if (sick) await StopAsync(cancellationToken);

        // The guard does the switching: one place that knows how, and it needs nothing of this version.
        // A tree of a test's own is named to it by a variable, which no other program is given.
        ProgramResult back = paths.Root.Length == 0
            ? await host.RunAsync(paths.Guard, ["rollback", "by hand"], GuardLimit, cancellationToken)
            : await host.RunAsync("env", [$"CLAWMESH_ROOT={paths.Root}", paths.Guard, "rollback", "by hand"], GuardLimit, cancellationToken);
        if (!back.Ok)
        {
            throw new EdgeException(
                "update.rollback_failed", "Did not put the old version back.", $"'{paths.Guard} rollback' ended with exit code {back.ExitCode}; what it said stands above.",
                "docs/guides/update.md tells how to do it by hand.", FailureClass.Infra);
        }

        // The guard leaves a unit alone that somebody has stopped; here that was us.
        if (sick) _ = await host.RunAsync("systemctl", ["start", "--no-block", UpdatePaths.Unit], GuardLimit, cancellationToken);
        return new WentBack(from, paths.Running(), sick);
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        ProgramResult stopped = await host.RunAsync("systemctl", ["stop", UpdatePaths.Unit], StopLimit, cancellationToken);
        NodeSight after = await host.LookAtNodeAsync(cancellationToken);
        if (after.Pid is not { } pid) return;
        throw new EdgeException(
            "update.not_stopped", "Did not put the old version back.",
            $"The node does not answer, and process {pid} is still there after `systemctl stop` (exit code {stopped.ExitCode}).",
            $"End it with `kill -9 {pid}`, run `clawmesh-edge safe-state`, and repeat the command.", FailureClass.Infra);
    }
}
