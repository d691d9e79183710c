using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>Turns ends of commands and changes of outputs into event frames ([X-38], [X-42]).</summary>
internal sealed class ActuationFrames(FrameFactory factory, FrameFlow flow, ActuatorHistory history, IEventSink events, bool simulated) : IActuationListener
{
    public void Finished(ActuationAnswer answer)
    {
        history.Finished(answer);
        // A message that never named a command has no result to report.
        if (answer.CommandId.Length == 0) return;
        EvidenceTier tier = answer.Outcome switch
        {
            ActuationOutcome.Done => EvidenceTier.VerifiedActionEvidence,
            ActuationOutcome.Refused or ActuationOutcome.Fault => EvidenceTier.OperationalObservation,
            _ => EvidenceTier.UnverifiedObservation,
        };
        Tell(factory.DeviceEvent(
            tier,
            writer =>
            {
                writer.WriteString("type", "actuation.result");
                ActuationAnswerJson.WriteMembers(writer, answer, answer.Outcome.WireWord());
                if (simulated) writer.WriteBoolean("simulated", true);
            },
            $"{answer.Operation} {answer.TargetRef}: {answer.Outcome.WireWord()} ({answer.Code})"),
            MessageClass.Safety);
    }

    public void StateChanged(OutputStateChange change) => Tell(
        factory.DeviceEvent(
        EvidenceTier.OperationalObservation,
        writer =>
        {
            writer.WriteString("type", "actuation.state");
            writer.WriteString("targetRef", change.Actuator.Value);
            writer.WriteString("state", change.State.ToString());
            writer.WriteString("cause", WireCause(change.Cause));
            if (change.CommandId is not null) writer.WriteString("commandId", change.CommandId);
            writer.WriteNumber("journalSeq", change.JournalSequence);
            if (simulated) writer.WriteBoolean("simulated", true);
        },
        note: null),
        MessageClass.Safety);

    // Told from inside the desk: a frame that cannot be sent must not change what becomes of a command.
    private void Tell(ContextFrame frame, MessageClass messageClass)
    {
        try
        {
            flow.Tell(frame, messageClass);
        }
        catch (EdgeException unsent)
        {
            events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Error, "mesh", $"{unsent.What} {unsent.Why}", unsent.FailureClass));
        }
    }

    // The five words of.
    private static string WireCause(SafeCause cause) => cause switch
    {
        SafeCause.LeaseEnd => "duration",
        SafeCause.Limit => "limit",
        SafeCause.Interlock => "interlock",
        SafeCause.Operator or SafeCause.Command => "operator",
        _ => "failsafe",
    };
}
