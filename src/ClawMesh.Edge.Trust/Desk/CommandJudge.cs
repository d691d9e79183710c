using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Capabilities;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Trust.Gate;
using ClawMesh.Edge.Trust.Interlocks;
using ClawMesh.Edge.Trust.Limits;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Trust.Desk;

/// <summary>A command on its way through the rows, with what the rows have found out about it.</summary>
internal sealed class Deliberation(ActuationRequest request)
{
    public ActuationRequest Request { get; } = request;

    public ForwardMessage Message => Request.Forward;

    /// <summary>Set from the first row on that needs it; a message without an envelope never gets further.</summary>
    public CommandEnvelope Command => Request.Forward.Envelope!;

    public OutputSlot? Slot { get; set; }

    /// <summary>The output's <see cref="OutputSlot.SafeAsks"/> when the command came.</summary>
    public long SafeAsksAtArrival { get; init; }

    public OutputValue Value { get; set; }

    public bool IsSafeDirection { get; set; }

    public string Digest { get; set; } = "";

    public LimitVerdict Limits { get; set; }

    /// <summary>What a forecast took away; it counts again whenever the limits are found anew.</summary>
    public Restriction Restriction { get; set; } = Restriction.None;

    /// <summary>What a forecast has to say, for the answer; empty when nothing.</summary>
    public string Remark { get; set; } = "";

    /// <summary>What the first judgement took.</summary>
    public TimeSpan GateTime { get; set; }

    /// <summary>From the repeat table on, a refusal is remembered under the command's id ([X-51]).</summary>
    public bool Remembered { get; set; }

    /// <summary>The recorded answer to give instead, when the command is a repeat.</summary>
    public ActuationAnswer? Repeat { get; set; }
}

/// <summary>
/// The checklist of [W-97] rows 1 to 6, then [X-51]. Read <see cref="Judge"/> top to bottom: the order is the documentation,
/// and a property test compares it with the documents. Judges; cannot mint.
/// </summary>
internal sealed class CommandJudge(
    NodeId self,
    IReadOnlyDictionary<string, OutputSlot> slots,
    IActuationJournal journal,
    IClockStatus clock,
    IReadinessSource readiness,
    InterlockCheck interlocks,
    FenceBook fences,
    TimeProvider time,
    DeskOptions options,
    Func<DateTimeOffset?> journalResetAt)
{
    private readonly WireGate _wire = new(self, command => LeadsToSafeState(command, slots));

    private volatile bool _recoveryOwed;

    public IWireGate Wire => _wire;

    /// <summary>True between a clean-up after an earlier life that failed and one that succeeded: nothing is armed meanwhile.</summary>
    public bool RecoveryOwed
    {
        get => _recoveryOwed;
        set => _recoveryOwed = value;
    }

    /// <summary>What may change in a running node; the next command is judged by it.</summary>
    public void Retune(TimeSpan freshness, IReadOnlyList<string> signedTargets) => options = options with { Freshness = freshness, SignedTargets = signedTargets };

    public bool LeadsToSafeState(ForwardMessage message) => message.Envelope is { } command && LeadsToSafeState(command, slots);

    /// <summary>
    /// Whether a command to the safe state gets a place in the window: among the first half, so that closing again and again does not keep
    /// others from opening, and among those kept for it ([X-44]). Without a place it is carried out all the same.
    /// </summary>
    public bool RemembersSafe(string targetRef) =>
        journal.RememberedCommands(targetRef) is var taken && (taken < options.ReplayCapacityPerOutput / 2 || (taken >= PlacesForAll && taken < options.ReplayCapacityPerOutput));

    private int PlacesForAll => options.ReplayCapacityPerOutput - DeskOptions.SafeReserve;

    /// <summary>Null when the output may be energised, or when the command goes to the safe state and nothing stands before that.</summary>
    public Refusal? Judge(Deliberation d) =>
        _wire.Judge(d.Message)
        ?? HasEnvelope(d)
        ?? SessionGrant(d)
        ?? Signed(d)
        ?? TargetKnown(d)
        ?? RepeatTable(d)
        ?? (d.Repeat is not null || d.IsSafeDirection ? null : JudgeEnergising(d));

    /// <summary>The rows that only energising commands meet, from freshness on. Also asked again immediately before driving.</summary>
    public Refusal? JudgeEnergising(Deliberation d) =>
        Freshness(d)
        ?? ClockTrusted(d)
        ?? Fenced(d)
        ?? LocalPolicy(d)
        ?? InterlocksHold(d)
        ?? WithinLimits(d)
        ?? Approved(d)
        ?? JournalReady()
        ?? NodeReady();

    private static bool LeadsToSafeState(CommandEnvelope command, IReadOnlyDictionary<string, OutputSlot> slots) =>
        slots.TryGetValue(command.TargetRef, out OutputSlot? slot)
        && Operations.Resolve(command.OperationName, command.OperationParams) is { } value
        && value == slot.Policy.Safe;

    private static Refusal? HasEnvelope(Deliberation d) =>
        d.Message.Envelope is null ? new Refusal(GateCodes.InvalidCommandEnvelope, "an actuation needs a command envelope") : null;

    private static Refusal? SessionGrant(Deliberation d) => MayCommand(d.Request.Caller, d.Command.TargetRef);

    /// <summary>An operator, or a device with a grant for the output.</summary>
    public static Refusal? MayCommand(Caller caller, string targetRef) =>
        caller.Kind == CallerKind.Operator || Matches(caller.CommandGrants, targetRef)
            ? null
            : new Refusal(GateCodes.NotAuthorized, $"'{caller.Name}' holds no grant to command '{targetRef}'", "An operator grants it: clawmesh-edge trust grant.");

    /// <summary>
    /// [X-50]. Asked in the safe direction too: authentication is never relaxed ([W-106]). A <c>source.nodeId</c> that is no device id names
    /// nobody, like one that is absent; authority is the session's then, as always ([W-105]).
    /// </summary>
    private Refusal? Signed(Deliberation d)
    {
        CommandEnvelope command = d.Command;
        Caller caller = d.Request.Caller;
        NodeId? source = NodeId.IsWellFormed(command.SourceNodeId) ? new NodeId(command.SourceNodeId!) : null;
        // Nothing lies between this node and its own operators and planner that a signature could protect from.
        bool fromHere = caller.Kind == CallerKind.Operator || caller.Device == self;
        bool relayed = !fromHere && source is not null && source != caller.Device;
        if (command.Edge.Signature is null)
        {
            if (relayed) return new Refusal(GateCodes.CommandSigInvalid, $"the command is of {source!.Value.Abbreviated} and came from {caller.Name}; a command that is passed on must be signed by its origin");
            return fromHere || !Matches(options.SignedTargets, command.TargetRef)
                ? null
                : new Refusal(GateCodes.CommandSigInvalid, $"commands for '{command.TargetRef}' must be signed here", "The sender needs software that signs commands, and its device id as source.nodeId.");
        }

        TrustEntry? origin = source is { } device ? options.TrustOf(device) : null;
        if (origin?.PublicKey is not { } key || options.Verifier is null)
            return new Refusal(GateCodes.CommandSigInvalid, "the command is signed, and no key is known for its source.nodeId");
        if (!CommandSignature.Verifies(command, key, options.MeshId(), self, options.Verifier))
            return new Refusal(GateCodes.CommandSigInvalid, $"the signature is not one of {origin.DeviceId.Abbreviated} over this command for this node in this mesh");
        return !relayed || Matches(origin.Grants.Command, command.TargetRef)
            ? null
            : new Refusal(GateCodes.NotAuthorized, $"'{origin.DeviceId.Abbreviated}', which signed the command, holds no grant to command '{command.TargetRef}'", "An operator grants it: clawmesh-edge trust grant.");
    }

    private static bool Matches(IReadOnlyList<string> patterns, string targetRef)
    {
        foreach (string pattern in patterns)
        {
            if (CapabilityPattern.Matches(pattern, targetRef)) return true;
        }

        return false;
    }

    private Refusal? TargetKnown(Deliberation d)
    {
        if (!slots.TryGetValue(d.Command.TargetRef, out OutputSlot? slot))
        {
            return new Refusal(
                GateCodes.TargetUnknown,
                $"this node has no output '{d.Command.TargetRef}'",
                slots.Count == 0 ? "Its site declares no actuators." : $"It has: {string.Join(", ", slots.Keys.Order(StringComparer.Ordinal).Take(12))}.");
        }

        d.Slot = slot;
        // An operation that leads nowhere is answered by the local policy row; until then it is treated as energising.
        d.Value = Operations.Resolve(d.Command.OperationName, d.Command.OperationParams) ?? OutputValue.Active;
        d.IsSafeDirection = LeadsToSafeState(d.Command, slots);
        return null;
    }

    private Refusal? RepeatTable(Deliberation d)
    {
        try
        {
            d.Digest = CommandDigest.Of(d.Command, options.MeshId());
        }
        catch (FormatException bad)
        {
            // What cannot be digested cannot be remembered; going safe needs no memory.
            if (d.IsSafeDirection) return null;
            return new Refusal(GateCodes.InvalidCommandEnvelope, $"the command has no canonical form: {bad.Message}");
        }

        if (journal.FindCommand(d.Command.CommandId) is { } known)
        {
            // Making safe again is harmless and never refused; its repeat is not even looked at.
            if (d.IsSafeDirection) return null;
            if (known.Sender != d.Request.Caller.SenderKey || known.Digest != d.Digest)
                return new Refusal(GateCodes.CommandReplayed, $"command id '{d.Command.CommandId}' was used before, by another sender or for another command");

            // The answer of a refusal was remembered in the record's own transaction, before the record had its number.
            d.Repeat = known.Outcome is null
                ? Pending(d, known.Sequence)
                : (ActuationAnswerJson.Parse(known.Answer) ?? Pending(d, known.Sequence)) with { JournalSequence = known.Sequence, Repeat = true };
            return null;
        }

        d.Remembered = true;
        if (!d.IsSafeDirection && journal.RememberedCommands(d.Command.TargetRef) >= PlacesForAll)
        {
            d.Remembered = false;
            return new Refusal(GateCodes.ReplayWindowFull, $"{PlacesForAll} command ids of the last 24 h are remembered for this output; no more fit");
        }

        return null;
    }

    private static ActuationAnswer Pending(Deliberation d, long sequence) => new(
        d.Command.CommandId, d.Command.TargetRef, d.Command.OperationName, ActuationOutcome.Pending, GateCodes.Ok,
        "The command is still running.", JournalSequence: sequence, Repeat: true);

    /// <summary>When the command was created, by its own word. The wire allows numbers that are no dates; they become the nearest one.</summary>
    public static DateTimeOffset CreatedAt(CommandEnvelope command) =>
        DateTimeOffset.UnixEpoch.AddMilliseconds(Math.Clamp(command.CreatedAtMs, 0, 253_402_300_799_999));

    private Refusal? Freshness(Deliberation d)
    {
        DateTimeOffset now = time.GetUtcNow();
        TimeSpan age = now - CreatedAt(d.Command);
        if (age > options.Freshness) return new Refusal(GateCodes.CommandStale, $"created {age.TotalSeconds:0} s ago; at most {options.Freshness.TotalSeconds:0} s is accepted");
        if (age < -DeskOptions.FutureTolerance) return new Refusal(GateCodes.CommandStale, $"created {-age.TotalSeconds:0} s in the future; at most {DeskOptions.FutureTolerance.TotalSeconds:0} s is accepted");
        if (d.Command.Edge.ExpiresAtMs is { } expires && now.ToUnixTimeMilliseconds() > expires)
            return new Refusal(GateCodes.CommandStale, $"it was good until {expires} ms and it is {now.ToUnixTimeMilliseconds()} ms now");
        if (journalResetAt() is { } reset && now - age < reset) return new Refusal(GateCodes.CommandStale, "created before the journal was reset; its memory of command ids is gone");
        return null;
    }

    private Refusal? ClockTrusted(Deliberation d)
    {
        if (d.Request.Caller.Kind == CallerKind.Operator) return null;
        if (clock.Class == ClockClass.Unsynchronised) return new Refusal(GateCodes.ClockUntrusted, "this node's clock has had no accepted source since boot, or most of its peers contradict it", "clawmesh-edge clock show tells what would clear it.");
        return clock.IsBehindJournal ? new Refusal(GateCodes.ClockUntrusted, "this node's clock reads earlier than its newest journal record", "clawmesh-edge clock show tells what would clear it.") : null;
    }

    /// <summary>[X-49]. Asked a last time under the slot's lock when the lease is armed: whoever was granted the fence finds nothing armed after it.</summary>
    public Refusal? Fenced(Deliberation d) => fences.Judge(d.Slot!, d.Request.Caller, d.Command.Edge.Fence);

    private static Refusal? LocalPolicy(Deliberation d)
    {
        OutputPolicy policy = d.Slot!.Policy;
        CommandEnvelope command = d.Command;
        if (!policy.Operations.Contains(command.OperationName.ToLowerInvariant()))
            return new Refusal(GateCodes.LocalPolicyRefused, $"operation '{command.OperationName}' is not allowed; the site allows {string.Join(", ", policy.Operations)}");
        if (Operations.Resolve(command.OperationName, command.OperationParams) is not { } value)
            return new Refusal(GateCodes.LocalPolicyRefused, $"operation '{command.OperationName}' names no state; set needs params.state active, inactive or a ratio from 0 to 1");
        if (policy.Kind == OutputKind.OnOff && value != OutputValue.Active && value != OutputValue.Inactive)
            return new Refusal(GateCodes.LocalPolicyRefused, $"the output knows active and inactive only; the command asks for {value}");
        if (!Operations.TryDuration(command.OperationParams, out _))
            return new Refusal(GateCodes.LocalPolicyRefused, $"params.durationSec must be a number of seconds above 0 and at most {Operations.MaxDurationSeconds:0}");
        return EvidencePolicy.Judge(command.Trust, policy);
    }

    private Refusal? InterlocksHold(Deliberation d)
    {
        OutputSlot slot = d.Slot!;
        lock (slot.Sync)
        {
            if (slot.Latch is { } latch)
                return new Refusal(GateCodes.InterlockActive, $"latched since {latch.At:u} by {latch.Cause}: {latch.Why}", $"When the cause is gone: clawmesh-edge release {slot.Id}.");
        }

        if (slot.Actuator.ArmingObstacle is { } obstacle) return obstacle;
        if (interlocks.FirstBroken(slot.Policy) is { } broken) return new Refusal(GateCodes.InterlockActive, interlocks.Explain(broken));

        if (slot.Policy.ExclusiveGroup is { } group)
        {
            foreach (OutputSlot other in slots.Values)
            {
                if (other == slot || other.Policy.ExclusiveGroup != group) continue;
                lock (other.Sync)
                {
                    if (other.IsEnergised || other.SafePending) return new Refusal(GateCodes.InterlockActive, $"'{other.Id}' of the same exclusive group '{group}' is energised or not confirmed safe");
                }
            }
        }

        return null;
    }

    /// <summary>Asked a last time under the slot's lock when the lease is armed: between two looks a lease may end and a rest begin.</summary>
    public Refusal? WithinLimits(Deliberation d)
    {
        Operations.TryDuration(d.Command.OperationParams, out TimeSpan? wanted);
        OutputSlot slot = d.Slot!;
        lock (slot.Sync)
        {
            if (slot.SafePending) return new Refusal(GateCodes.Busy, "the output is being sent to its safe state");
            if (slot.Outstanding is not null) return new Refusal(GateCodes.Busy, "another command for this output is being carried out");
            d.Limits = VetoRow.Shrink(LimitCheck.Evaluate(slot.Policy, slot.Book, wanted, time.GetTimestamp(), time), d.Restriction, d);
        }

        return d.Limits.Refusal;
    }

    private static Refusal? Approved(Deliberation d)
    {
        if (!d.Slot!.Policy.RequiresApproval || d.Request.Caller.Kind == CallerKind.Operator) return null;
        return d.Request.Caller.MayApprove && d.Command.Trust.VerificationSatisfied == true
            ? null
            : new Refusal(GateCodes.LocalApprovalRequired, "this output needs an approval that this node can attribute to a person");
    }

    public Refusal? JournalReady() =>
        RecoveryOwed ? new Refusal(GateCodes.JournalUnavailable, "what the node's last life left open could not be closed in the journal yet") :
        journal.Health is { State: JournalState.Unavailable } health ? new Refusal(GateCodes.JournalUnavailable, health.Why, health.Fix) : null;

    private Refusal? NodeReady()
    {
        if (readiness.IsActuationReady) return null;
        Readiness current = readiness.Current;
        return new Refusal(GateCodes.NotReady, $"the node is {current.Level.Word()}: {current.Missing}");
    }
}
