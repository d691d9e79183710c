using System.Threading.Channels;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Trust.Desk;

/// <summary>
/// Tells the journal, the events and the mesh what the safety boundary did, after it did it. The only reader of the notes.
/// While the journal is away it holds on to the oldest note and tries again; the notes behind it wait in their bounded queue.
/// </summary>
internal sealed class SafetyChronicle(
    ChannelReader<SafetyNote> notes,
    IActuationJournal journal,
    LatchBook latches,
    IEventSink events,
    IActuationListener listener,
    TimeProvider time)
{
    private static readonly TimeSpan JournalRetry = TimeSpan.FromSeconds(1);

    // An outcome is due within the effect's own limit; past this the end of the lease is recorded without it.
    private static readonly TimeSpan OutcomeWait = TimeSpan.FromSeconds(30);

    /// <summary>Runs until the notes end. <paramref name="giveUp"/> stops waiting for an absent journal when the node stops.</summary>
    public async Task RunAsync(CancellationToken giveUp)
    {
        await foreach (SafetyNote note in notes.ReadAllAsync(CancellationToken.None))
        {
            if (note.BusBlocked)
            {
                PublishFault(note, FailureClass.BusIo, $"Bus '{note.Slot.Actuator.Bus}' does not answer; a safe write of '{note.Slot.Id}' is waiting. The output is latched.");
                await latches.SaveAsync(CancellationToken.None);
                continue;
            }

            if (note.Lease is { } lease) await WaitForOutcomeAsync(lease, giveUp);
            long sequence = await AppendAsync(note, giveUp);
            if (note.Result.Confirmed)
            {
                PublishState(note, sequence);
            }
            else
            {
                PublishFault(note, FailureClass.ActuationUnconfirmed, $"'{note.Slot.Id}' could not be confirmed at its safe value: {note.Result.Detail}. The output is latched.");
                await latches.SaveAsync(CancellationToken.None);
            }
        }
    }

    private async Task WaitForOutcomeAsync(Lease lease, CancellationToken giveUp)
    {
        try
        {
            await lease.OutcomeWritten.WaitAsync(OutcomeWait, time, giveUp);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            // The record order suffers, the record does not.
            return;
        }
    }

    private async Task<long> AppendAsync(SafetyNote note, CancellationToken giveUp)
    {
        while (true)
        {
            try
            {
                return await journal.AppendAsync(JournalBodies.Safe(note), replay: null, CancellationToken.None);
            }
            catch (EdgeException unavailable) when (unavailable.Code == GateCodes.JournalUnavailable)
            {
                if (giveUp.IsCancellationRequested) return 0;
                await Task.Delay(JournalRetry, time, giveUp).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }

    private void PublishState(SafetyNote note, long sequence)
    {
        events.Publish(new EdgeEvent(
            0, note.At, EventTypes.ActuationState, note.Cause is SafeCause.LeaseEnd or SafeCause.Command or SafeCause.Stop or SafeCause.Operator ? EventSeverity.Info : EventSeverity.Warning,
            note.Slot.Id.Value, $"'{note.Slot.Id}' is {note.Slot.Policy.Safe} again ({note.Cause.Word()}) after {note.OnFor.TotalSeconds:0.0} s.",
            Data: JournalBodies.Place(sequence), Trace: note.Lease?.CommandId));
        listener.StateChanged(new OutputStateChange(note.Slot.Id, note.Slot.Policy.Safe, note.Cause, note.Lease?.CommandId, sequence, note.At, note.OnFor));
    }

    private void PublishFault(SafetyNote note, FailureClass failureClass, string message) =>
        events.Publish(new EdgeEvent(0, note.At, EventTypes.Latch, EventSeverity.Error, note.Slot.Id.Value, message, failureClass, Trace: note.Lease?.CommandId));
}
