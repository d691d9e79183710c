using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Journal;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// The recipe for a journal that went away: reopen it, and say so. The first failed try of an incident escalates to a person;
/// trying goes on quietly, so that a disk with room again heals the node without a visit.
/// </summary>
internal sealed class JournalWatch(ActuationJournal journal, Subsystem subsystem, Func<Task> recover, IEventSink events, TimeProvider time)
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    /// <summary>After the first failed try.</summary>
    private const int QuietPaces = 10;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        subsystem.Start();
        bool incident = false;
        int paces = 0;
        using var timer = new PeriodicTimer(Pace, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                if (journal.Health.State == JournalState.Ready)
                {
                    if (incident)
                    {
                        incident = false;
                        subsystem.Become(DriverState.Active);
                    }

                    continue;
                }

                if (incident && ++paces < QuietPaces) continue;
                paces = 0;
                await TryAsync(first: !incident);
                incident = true;
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    private async Task TryAsync(bool first)
    {
        JournalHealth health = journal.Health;
        if (first)
        {
            subsystem.Become(DriverState.Degraded, health.Why, FailureClass.Storage);
            Publish(EventTypes.Journal, EventSeverity.Error, $"The journal is unavailable: {health.Why} Nothing can be energised until it is back. {health.Fix}");
            Publish(EventTypes.RecoveryAttempt, EventSeverity.Info, "Reopening the journal.");
        }

        bool open = journal.TryReopen();
        if (open)
        {
            await recover();
            Publish(EventTypes.RecoveryResult, EventSeverity.Info, "The journal is back.");
            return;
        }

        if (!first) return;
        Publish(EventTypes.RecoveryResult, EventSeverity.Warning, $"The journal could not be reopened: {journal.Health.Why}");
        Publish(EventTypes.RecoveryEscalated, EventSeverity.Error, $"The journal needs a person. {journal.Health.Fix} It is tried again every {QuietPaces} s.");
    }

    private void Publish(string type, EventSeverity severity, string message) =>
        events.Publish(new EdgeEvent(0, default, type, severity, "journal", message, FailureClass.Storage));
}
