using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Core.Actuation;

/// <summary>Who asks, as far as this node has proved it. Never read from a message body.</summary>
/// <param name="Device">The session's device for a peer; null for an operator on this node.</param>
/// <param name="Name">For example <c>operator:anna</c>, or a peer's short id.</param>
/// <param name="CommandGrants">Refs or [W-111] patterns this caller may command; ignored for an operator.</param>
/// <param name="MayApprove">Its statement of human approval counts here ([X-11]).</param>
public sealed record Caller(CallerKind Kind, string Name, NodeId? Device, IReadOnlyList<string> CommandGrants, bool MayApprove)
{
    public static Caller Operator(string name) => new(CallerKind.Operator, name, null, [], MayApprove: true);

    public static Caller Peer(NodeId device, IReadOnlyList<string> commandGrants, bool mayApprove) =>
        new(CallerKind.Peer, device.Abbreviated, device, commandGrants, mayApprove);

    /// <summary>What the journal and the replay table call the sender.</summary>
    public string SenderKey => Device?.Value ?? Name;
}

public enum CallerKind
{
    Operator,
    Peer,
}

/// <summary>A command on its way to the gate.</summary>
public sealed record ActuationRequest(ForwardMessage Forward, Caller Caller);

/// <summary>How an actuation ended; the journal's words, finer than the wire's ([X-51]).</summary>
public enum ActuationOutcome
{
    /// <summary>Driven, and confirmed by a measurement independent of the drive signal.</summary>
    Done,
    Refused,
    Fault,

    /// <summary>Driven, no independent confirmation in time.</summary>
    EffectUnconfirmed,

    /// <summary>Found open after a crash.</summary>
    OutcomeUnknown,

    /// <summary>Still running; only in answers to a repeat.</summary>
    Pending,
}

public static class ActuationOutcomeWords
{
    /// <summary>The word of the journal and of <c>actuate --json</c>.</summary>
    public static string Word(this ActuationOutcome outcome) => outcome switch
    {
        ActuationOutcome.Done => "done",
        ActuationOutcome.Refused => "refused",
        ActuationOutcome.Fault => "fault",
        ActuationOutcome.EffectUnconfirmed => "effect_unconfirmed",
        ActuationOutcome.OutcomeUnknown => "outcome_unknown",
        ActuationOutcome.Pending => "pending",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "not an outcome"),
    };

    /// <summary>The word of the wire ([X-39]): the two unconfirmed ones travel as one.</summary>
    public static string WireWord(this ActuationOutcome outcome) => outcome switch
    {
        ActuationOutcome.EffectUnconfirmed or ActuationOutcome.OutcomeUnknown => "unconfirmed",
        _ => outcome.Word(),
    };

    public static ActuationOutcome? Parse(string? word) => word switch
    {
        "done" => ActuationOutcome.Done,
        "refused" => ActuationOutcome.Refused,
        "fault" => ActuationOutcome.Fault,
        "effect_unconfirmed" => ActuationOutcome.EffectUnconfirmed,
        "outcome_unknown" => ActuationOutcome.OutcomeUnknown,
        "pending" => ActuationOutcome.Pending,
        _ => null,
    };
}

/// <summary>The answer to a request. The same object goes to the journal, to the caller and to the terminal.</summary>
/// <param name="JournalSequence">Sequence of the decision; 0 when the journal could not take it.</param>
/// <param name="LeaseMs">What was granted; null when nothing was energised.</param>
/// <param name="LeaseCapped">The request asked for more than <paramref name="LeaseMs"/>.</param>
public sealed record ActuationAnswer(
    string CommandId,
    string TargetRef,
    string Operation,
    ActuationOutcome Outcome,
    string Code,
    string Message,
    string? PermitId = null,
    long JournalSequence = 0,
    long? LeaseMs = null,
    bool LeaseCapped = false,
    ObservedEffect? Observed = null,
    long StartedAtMs = 0,
    long FinishedAtMs = 0,
    bool Repeat = false);

/// <summary>The wire gate of [W-97] rows 1 to 6. Judges, cannot mint. Pure and thread-safe.</summary>
public interface IWireGate
{
    /// <summary>Null when the message may pass.</summary>
    Refusal? Judge(ForwardMessage message);

    /// <summary>The same for a command that is to leave this node: what is safe at the other end is not known here.</summary>
    Refusal? JudgeForPeer(ForwardMessage message) => Judge(message);

    /// <summary>True when the command leads to the declared safe state of an output of this node ([W-106]).</summary>
    bool LeadsToSafeState(ForwardMessage message);
}

/// <summary>Asks for an actuation and gets its outcome. The only way to an actuator for everyone outside Trust.</summary>
public interface IActuationRequests
{
    /// <summary>Returns when the effect is known, not when the lease ends. A refusal is an answer, never an exception.</summary>
    Task<ActuationAnswer> RequestAsync(ActuationRequest request, CancellationToken cancellationToken);

    /// <summary>Grants, renews or ends the sole right to command an output ([X-48]). The number is on disk when this returns.</summary>
    /// <exception cref="EdgeException"><c>JOURNAL_UNAVAILABLE</c>: nothing was granted.</exception>
    Task<FenceAnswer> FenceAsync(FenceRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(new FenceAnswer(request.TargetRef, 0, 0, new Refusal(GateCodes.TargetUnknown, "this node has no outputs")));
}
