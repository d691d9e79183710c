using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Planner.Book;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// Turns an approved proposal into one command: to this node's own desk or to a peer over its session. Either gate judges it like any
/// command. What came of it is told as a frame ([W-123]).
/// </summary>
/// <param name="tell">Sends a frame of this node.</param>
internal sealed class ProposalExecutor(
    NodeId self, IActuationRequests desk, MeshNode mesh, FrameFactory frames, Action<ContextFrame> tell, bool simulated, TimeProvider time, Func<Guid> newId) : IProposalExecutor
{
    // A peer that is still at it is asked again for the same command, which acts once and tells its outcome.
    private const int MaxAsked = 12;
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(5);

    public async Task<ProposalResult> ExecuteAsync(Proposal proposal, ProposalApproval approval, CancellationToken cancellationToken)
    {
        bool own = proposal.ExecutorDeviceId == self.Value;
        ProposalResult result = ProposalCommand.Of(proposal, approval, newId().ToString("D"), time.GetUtcNow().ToUnixTimeMilliseconds()) is not { } command
            ? new ProposalResult(false, $"level {proposal.Level.Word()} asks for another approval than {approval.By}", null, GateCodes.LocalApprovalRequired) { Outcome = ActuationOutcome.Refused.Word() }
            : own ? await AskOwnAsync(command, approval, cancellationToken)
            : await AskPeerAsync(new NodeId(proposal.ExecutorDeviceId), command, cancellationToken);
        tell(Report(proposal, result, own));
        return result;
    }

    private async Task<ProposalResult> AskOwnAsync(CommandEnvelope command, ProposalApproval approval, CancellationToken cancellationToken)
    {
        // Only an operator of this node has an operator's exemptions. Everything else is judged as a device is, that may command this
        // output; and that a person agreed is said only where a peer's approval counts.
        Caller caller = approval.Person is { IsOperatorHere: true } person
            ? Caller.Operator(person.Name)
            : Caller.Peer(self, [command.TargetRef], mayApprove: !approval.Automatic);
        ActuationAnswer answer = await desk.RequestAsync(new ActuationRequest(ForwardMessage.For(command, "planner"), caller), cancellationToken);
        bool done = answer.Outcome == ActuationOutcome.Done;
        return new ProposalResult(done, done ? null : answer.Message, command.CommandId, answer.Code) { Outcome = answer.Outcome.Word() };
    }

    private async Task<ProposalResult> AskPeerAsync(NodeId peer, CommandEnvelope command, CancellationToken cancellationToken)
    {
        for (int asked = 1; ; asked++)
        {
            CallResult result = await mesh.Forward.SendAsync(peer, command, cancellationToken);
            ProposalResult read = Read(command, result);
            if (read.Outcome != ActuationOutcome.Pending.Word() || asked == MaxAsked) return read;
            await Task.Delay(AskAgainAfter, time, cancellationToken);
        }
    }

    private static ProposalResult Read(CommandEnvelope command, CallResult result)
    {
        if (result.Code is CallErrorCodes.NotConnected or CallErrorCodes.SendFailed or CallErrorCodes.Timeout or CallErrorCodes.PeerDisconnected)
            return new ProposalResult(false, result.Message, command.CommandId, result.Code);
        string outcome = PeerCommands.OutcomeOf(result);
        // A classic node says that the command went past its gate, and no more ([W-100]).
        bool ok = outcome is "done" or "delivered";
        string code = PeerCommands.CodeOf(result);
        string message = result.Ok ? result.Payload.Member("result").Text("message") : result.Message;
        return new ProposalResult(ok, ok ? null : PlainText.Of(message.Length > 0 ? message : outcome, 200), command.CommandId, PlainText.Of(code, 64)) { Outcome = PlainText.Of(outcome, 32) };
    }

    // [W-123] claims a verified human act each time; this node says what it knows: what its own device measured, what a peer told, or
    // that nobody told anything. The device's own result travels besides, from the device.
    private ContextFrame Report(Proposal proposal, ProposalResult result, bool own)
    {
        EvidenceTier tier = (result.Outcome, own) switch
        {
            ("done", true) => EvidenceTier.VerifiedActionEvidence,
            ("done" or "refused" or "fault", _) => EvidenceTier.OperationalObservation,
            _ => EvidenceTier.UnverifiedObservation,
        };
        return frames.DeviceEvent(
            tier,
            w =>
            {
                w.WriteString("proposalId", proposal.TaskId);
                w.WriteString("summary", proposal.Summary);
                w.WriteString("targetRef", proposal.TargetRef);
                w.WriteString("operation", proposal.Operation);
                w.WriteString("result", result.Ok ? "success" : "failed");
                if (result.Code is { } code) w.WriteString("code", code);
                if (simulated) w.WriteBoolean("simulated", true);
            },
            $"{(result.Ok ? "Executed" : "Failed")}: {proposal.Summary}");
    }
}
