using ClawMesh.Edge.Agent.Update;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// Writes down which version runs and how an update ended. The start guard acts while no node lives and may not touch its journal, so the
/// node that lives afterwards reads what the guard left and journals it.
/// </summary>
/// <param name="journal">Appends an operator record: act, by whom, detail.</param>
internal sealed class ReleaseChronicle(
    string version, string resultFile, ISettingsStore settings, Func<string, string, string, CancellationToken, Task> journal, IEventSink events)
{
    private const string VersionKey = "release.version";
    private const string ResultKey = "release.result";
    private const string By = "start-guard";

    /// <summary>Called every few seconds; does nothing when nothing is new. What the journal does not take is tried again.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            await NoteVersionAsync(cancellationToken);
            await NoteResultAsync(cancellationToken);
        }
        catch (EdgeException unavailable) when (unavailable.Code == GateCodes.JournalUnavailable)
        {
            // Its own events say so; the next look comes soon.
            return;
        }
    }

    private async Task NoteVersionAsync(CancellationToken cancellationToken)
    {
        string? before = settings.Get(VersionKey);
        if (before == version) return;
        if (before is not null)
        {
            await journal("release", By, $"{version}, was {before}", cancellationToken);
            events.Publish(new EdgeEvent(0, default, EventTypes.Startup, EventSeverity.Info, "release", $"Version {version} runs; before it ran {before}."));
        }

        await settings.SetAsync(VersionKey, version, cancellationToken);
    }

    private async Task NoteResultAsync(CancellationToken cancellationToken)
    {
        if (UpdateResult.Read(resultFile) is not { } result) return;
        string told = $"{result.Time} {result.Result} {result.Release}";
        if (settings.Get(ResultKey) == told) return;
        await journal($"update-{result.Result}", By, $"{result.Release}, before it {result.Previous}: {result.Reason}", cancellationToken);
        bool kept = result.Result == UpdateResult.Committed;
        events.Publish(new EdgeEvent(
            0, default, EventTypes.Operator, kept ? EventSeverity.Info : EventSeverity.Warning, "release",
            $"Update to {result.Release}: {result.Result}; {result.Reason}.", kept ? null : FailureClass.Infra));
        await settings.SetAsync(ResultKey, told, cancellationToken);
    }
}
