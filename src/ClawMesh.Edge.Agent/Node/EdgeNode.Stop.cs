using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Trust.Desk;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>How a node ends: outputs first, then the doors, then the memory.</summary>
internal sealed partial class EdgeNode
{
    public async ValueTask DisposeAsync()
    {
        _watchdogs?.Stopping();
        // Outputs first ([W-160]); then the doors; then the memory. No step keeps the next from being taken.
        await StepAsync("outputs", StopOutputsAsync);
        await _stop.CancelAsync();
        await StepAsync("mesh", async () =>
        {
            if (_door is not null) await _door.DisposeAsync().AsTask().WaitAsync(StopLimit, Time);
        });
        await StepAsync("local socket", async () =>
        {
            if (_local is not null) await _local.DisposeAsync();
        });
        await StepAsync("loops", () => Task.WhenAll(_tasks).WaitAsync(StopLimit, Time));
        foreach (Subsystem subsystem in Subsystems.All) subsystem.Stop();
        await StepAsync("desk", async () =>
        {
            if (Desk is not null) await Desk.DisposeAsync().AsTask().WaitAsync(StopLimit, Time);
        });
        await StepAsync("journal", () =>
        {
            Journal?.Dispose();
            return Task.CompletedTask;
        });
        // Before the lock: a node that starts now writes to the same ring. What the disk does not take is let go.
        await StepAsync("flight recorder", () => _recorder is null ? Task.CompletedTask : Task.Run(_recorder.Close).WaitAsync(StopLimit, Time));
        // Where the operator wants a hung bus to end in a reset, a stop that could not make its outputs safe ends in one.
        if (StoppedSafe || !Options.WatchdogWithhold) _watchdogs?.Dispose();
        _hardware?.Dispose();
        _identity?.Dispose();
        _lock?.Dispose();
        foreach ((Task task, Action finish) in _last)
        {
            finish();
            await StepAsync("log", () => task.WaitAsync(StopLimit, Time));
        }
    }

    private async Task StopOutputsAsync()
    {
        // Not safe until it is known to be: a stop that goes wrong must not end as if it had gone well.
        StoppedSafe = Desk is null && _atStart.All(o => o.Result.Confirmed);
        if (Desk is null) return;
        IReadOnlyList<OutputSafeResult> stopped = await Desk.StopAsync();
        string[] unsafeOnes = [.. stopped.Where(o => !o.Result.Confirmed).Select(o => $"'{o.Output}' ({o.Result.Detail})")];
        StoppedSafe = unsafeOnes.Length == 0;
        if (!_listening) return;
        Events.Publish(StoppedSafe
            ? new EdgeEvent(0, default, EventTypes.Shutdown, EventSeverity.Info, "node", "Stopping; the outputs are at their safe state.")
            : new EdgeEvent(0, default, EventTypes.Shutdown, EventSeverity.Error, "node", $"Stopping; NOT confirmed at its safe state: {string.Join(", ", unsafeOnes)}.", FailureClass.ActuationUnconfirmed));
    }

    // A stop goes on whatever a part of it says; what went wrong is said.
    private async Task StepAsync(string name, Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception failed)
        {
            Events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Warning, "node", $"Stopping the {name} went wrong: {failed.Message}", FailureClass.Infra));
        }
    }
}
