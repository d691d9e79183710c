using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Agent.Update;

/// <summary>Watches a trial to its end. It only looks: the start guard decides, also when nobody looks any more.</summary>
internal sealed class UpdateFollow(UpdatePaths paths, TimeProvider time, Action<string> tell)
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    // For stopping the old version, and for the guard's own pace.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(90);

    /// <summary>Returns when the release is committed.</summary>
    /// <exception cref="EdgeException"><c>update.rolled_back</c>, or <c>update.undecided</c> when nobody decides.</exception>
    public async Task UntilDecidedAsync(string release, long deadlineSec, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        string told = "";
        while (Trial.Read(paths.Trial) is { } trial && trial.Release == release)
        {
            string seen = Seen(trial);
            if (seen != told) tell(told = seen);
            if (time.GetElapsedTime(started) > TimeSpan.FromSeconds(deadlineSec) + Grace)
            {
                throw new EdgeException(
                    "update.undecided", $"Release {release} is still on trial.", "The guard has neither committed it nor put the old version back in its time.",
                    $"`systemctl status {UpdatePaths.WatchUnit}` says why; `sudo clawmesh-edge update rollback` puts the old version back.", FailureClass.Infra);
            }

            await Task.Delay(Look, time, cancellationToken);
        }

        UpdateResult? result = UpdateResult.Read(paths.LastResult);
        if (result is { Result: UpdateResult.Committed } && result.Release == release) return;
        throw new EdgeException(
            "update.rolled_back", $"Release {release} was not kept; {paths.Running()} runs again.",
            result?.Release == release ? $"{result.Reason}." : "The guard left no reason.",
            "`journalctl -u clawmesh-edge -u clawmesh-edge-update` shows what the new version said.", FailureClass.Infra);
    }

    private string Seen(Trial trial)
    {
        if (trial.Starts == 0) return "waiting for the new version to start";
        string[] words = KeyLines.FirstLine(paths.Health).Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
        string node = words.Length < 3 || words[0] != trial.Release ? "has not spoken yet" : words[2].Trim();
        return $"start {trial.Starts}: {node}";
    }
}
