using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Capabilities;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh.Capabilities;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Sessions;

namespace ClawMesh.Edge.Mesh.Forwarding;

/// <summary>
/// <c>mesh.message.forward</c>, both ways. The gate is asked before this node sends, when it receives, and by the executor below;
/// no layer relies on another having run ([W-98]).
/// </summary>
public sealed class ForwardDesk
{
    private const string ActuatorPrefix = "actuator:";

    /// <summary>After this the answer says that the outcome is still to come ([X-40]).</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromMilliseconds(2_000);

    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(30);

    private readonly MeshNode _mesh;
    private readonly IWireGate _gate;
    private readonly IActuationRequests _actuation;
    // How many commands each device may still send.
    private readonly Transport.DeviceBuckets _budget;
    private readonly Transport.DeviceBuckets _fences;

    // Counted always, said sometimes: a storm must not push everything else out of the events.
    private readonly Transport.TokenBucket _refusalsTold;
    private long _refused;

    internal ForwardDesk(MeshNode mesh, IWireGate gate, IActuationRequests actuation) =>
        (_mesh, _gate, _actuation, _fences, _budget, _refusalsTold) = (
            mesh, gate, actuation, new Transport.DeviceBuckets(mesh.Time, 1, 10), new Transport.DeviceBuckets(mesh.Time, mesh.Options.ForwardsPerSecond, mesh.Options.ForwardBurst), new Transport.TokenBucket(mesh.Time, 0.5, 20));

    /// <summary>Forwards the receiver gate refused since start.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>The gate of the sender ([W-98]): null when the command may leave this node.</summary>
    /// <remarks>Row 2, the loop, is the receiver's; every other row is asked here as well.</remarks>
    public Refusal? MayLeave(CommandEnvelope command) => _gate.JudgeForPeer(ForwardMessage.For(command, "sender"));

    /// <summary>Sends a command to a peer over its session and returns what it answered. Nothing is stored and nothing is repeated ([X-80]).</summary>
    public async Task<CallResult> SendAsync(NodeId peer, CommandEnvelope command, CancellationToken cancellationToken)
    {
        if (MayLeave(command) is { } refusal) return CallResult.Failed(refusal.Code, refusal.Why);
        if (_mesh.SessionOf(peer) is not { } session) return CallResult.Failed(CallErrorCodes.NotConnected, $"there is no session with {peer.Abbreviated}…");
        if (session.State == SessionState.Suspect) return CallResult.Failed(CallErrorCodes.NotConnected, $"{peer.Abbreviated}… is silent; no command is routed through it until it is heard again");
        CommandEnvelope sent = SignedFor(session, command);
        return await session.Conversation.CallAsync("mesh.message.forward", w => Write(w, sent, _mesh.NewId()), CallLimit).WaitAsync(cancellationToken);
    }

    // A peer that knows signatures gets one, whatever the link ([X-50]); a command that is not this node's own is passed on as it is.
    private CommandEnvelope SignedFor(Session session, CommandEnvelope command)
    {
        if (!session.Facts.Has(EdgeFeatures.SignedCommands) || command.SourceNodeId != _mesh.Self.Value || command.Edge.Signature is not null) return command;
        try
        {
            return CommandSignature.Sign(command, _mesh.Handshake.Signer, _mesh.SelfFacts.MeshId, session.DeviceId);
        }
        catch (FormatException)
        {
            // Without a canonical form the executor refuses it, and says why.
            return command;
        }
    }

    /// <summary>Whether this very node has, or a connected one announces, this very ref.</summary>
    public bool Offers(string device, string targetRef)
    {
        foreach (CapabilityHolder holder in _mesh.Holders())
        {
            if (holder.DeviceId.Value == device && holder.Capabilities.Contains(targetRef)) return true;
        }

        return false;
    }

    /// <summary>The peer that can carry out a command for <paramref name="targetRef"/> ([W-110]), or null.</summary>
    public NodeId? ExecutorOf(string targetRef) => CapabilityRouting.Executor(targetRef, _mesh.Holders());

    /// <summary>Writes the params of the forward ([W-92], [W-95]).</summary>
    public static void Write(Utf8JsonWriter w, CommandEnvelope command, Guid idempotencyKey)
    {
        w.WriteString("channel", "clawmesh");
        w.WriteString("to", command.TargetRef);
        w.WriteString("originGatewayId", SenderOf(command));
        w.WriteString("idempotencyKey", idempotencyKey.ToString("D"));
        if (command.Note is { } note) w.WriteString("message", note);
        w.WritePropertyName("command");
        command.Raw.WriteTo(w);
        w.WritePropertyName("trust");
        command.Raw.GetProperty("trust").WriteTo(w);
    }

    /// <summary>Answers a forward of a peer or of an operator on the port.</summary>
    /// <exception cref="RpcRefusalException">The gate, a missing grant or the executor said no.</exception>
    internal async Task<Action<Utf8JsonWriter>> ReceiveAsync(JsonElement parameters, RpcCaller caller, CancellationToken cancellationToken)
    {
        ForwardMessage message = ForwardMessage.Parse(parameters);
        bool actuates = IsActuation(message);
        if (actuates) _mesh.Counters.Add(MeshCounter.ActuationForwards);
        bool safe = actuates && _gate.LeadsToSafeState(message);

        // Each command leaves a record. One that leads to the safe state is never one too many, from a device that may command the output.
        bool granted = caller.Tier == RpcTier.Operator || caller.Grants.Command.Any(g => CapabilityPattern.Matches(g, message.TargetRef));
        if (actuates && !(safe && granted) && caller.Device is { } device && !_budget.TryTake(device))
            throw No(GateCodes.RateLimited, $"more than {_mesh.Options.ForwardsPerSecond:0} actuation commands a second", null);

        if (_gate.Judge(message) is { } refusal)
        {
            Interlocked.Increment(ref _refused);
            if (_refusalsTold.TryTake()) _mesh.Events.Publish(new EdgeEvent(
                0, default, EventTypes.ActuationOutcome, EventSeverity.Warning, message.TargetRef.Length > 128 ? message.TargetRef[..128] : message.TargetRef,
                $"The receiver gate refused a command of '{caller.Name}': {refusal.Code}, {refusal.Why}.", FailureClass.TrustGate));
            throw No(refusal.Code, refusal.Why, null);
        }

        if (!actuates) return Delivered(message, null);

        Task<ActuationAnswer> running = _actuation.RequestAsync(new ActuationRequest(message, Who(caller)), cancellationToken);
        ActuationAnswer answer;
        try
        {
            answer = await running.WaitAsync(AnswerWithin, _mesh.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // It goes on; its outcome travels as a frame of class safety ([X-38]).
            return Delivered(message, new ActuationAnswer(
                message.Envelope?.CommandId ?? "", message.TargetRef, message.Envelope?.OperationName ?? "", ActuationOutcome.Pending, GateCodes.Ok, "The command is still running."));
        }

        Count(answer);
        // A classic caller takes ok:true for success; a fault is none.
        return answer.Outcome is ActuationOutcome.Refused or ActuationOutcome.Fault ? throw No(answer.Code, answer.Message, answer) : Delivered(message, answer);
    }

    /// <summary>Answers <c>edge.fence</c> ([X-48]).</summary>
    /// <exception cref="RpcRefusalException"><c>FENCE_HELD</c> with <c>expiresAtMs</c>, or another no.</exception>
    internal async Task<Action<Utf8JsonWriter>> FenceAsync(JsonElement parameters, RpcCaller caller, CancellationToken cancellationToken)
    {
        string target = RpcParams.TextOrNull(parameters, "targetRef") is { Length: > 0 and <= CommandEnvelope.MaxName } text
            ? text
            : throw No(GateCodes.InvalidParams, $"targetRef is not a text of 1 to {CommandEnvelope.MaxName} characters", null);
        TimeSpan? ttl = null;
        if (RpcParams.Member(parameters, "release") is not { ValueKind: JsonValueKind.True })
        {
            if (RpcParams.Member(parameters, "ttlMs") is not { ValueKind: JsonValueKind.Number } number || !number.TryGetInt64(out long ms) || ms < 1 || ms > FenceRequest.Longest.TotalMilliseconds)
                throw No(GateCodes.InvalidParams, $"ttlMs is not a whole number from 1 to {FenceRequest.Longest.TotalMilliseconds:0}", null);
            ttl = TimeSpan.FromMilliseconds(ms);
        }

        // Each grant is a write to the disk.
        if (caller is { Tier: RpcTier.Peer, Device: { } device } && !_fences.TryTake(device)) throw No(GateCodes.RateLimited, "more than one fence a second", null);
        FenceAnswer answer = await _actuation.FenceAsync(new FenceRequest(target, ttl, Who(caller)), cancellationToken);
        if (answer.Refusal is { } refusal)
            throw new RpcRefusalException(refusal.Code, refusal.Why, refusal.Code == GateCodes.FenceHeld ? w => w.WriteNumber("expiresAtMs", answer.ExpiresAtMs) : null);
        return w =>
        {
            w.WriteStartObject();
            w.WriteString("targetRef", answer.TargetRef);
            w.WriteNumber("fence", answer.Fence);
            if (ttl is null) w.WriteBoolean("released", true);
            else w.WriteNumber("expiresAtMs", answer.ExpiresAtMs);
            w.WriteEndObject();
        };
    }

    private static Caller Who(RpcCaller caller) =>
        caller.Tier == RpcTier.Operator ? Caller.Operator(caller.Name) : Caller.Peer(caller.Device!.Value, caller.Grants.Command, caller.Grants.Approve);

    // The first two tests of row 4: either name reaches for an output, or the sender says it does.
    private static bool IsActuation(ForwardMessage message) =>
        message.To?.StartsWith(ActuatorPrefix, StringComparison.Ordinal) == true
        || message.Envelope?.TargetRef.StartsWith(ActuatorPrefix, StringComparison.Ordinal) == true
        || message.Trust?.ActionType == "actuation";

    // What an attacker makes grow is a number of its own, so that somebody sees it ([X-45]).
    private void Count(ActuationAnswer answer)
    {
        MeshCounter? counter = answer.Repeat ? null : answer.Code switch
        {
            GateCodes.CommandReplayed => MeshCounter.CommandsReplayed,
            GateCodes.CommandStale => MeshCounter.CommandsStale,
            GateCodes.CommandSigInvalid => MeshCounter.CommandSigInvalid,
            GateCodes.FencedOut => MeshCounter.FencedOut,
            _ => null,
        };
        if (counter is { } refused) _mesh.Counters.Add(refused);
    }

    private Action<Utf8JsonWriter> Delivered(ForwardMessage message, ActuationAnswer? answer)
    {
        string id = $"mesh-fwd-{_mesh.NowMs}-{_mesh.NewId().ToString("N")[..6]}";
        return w =>
        {
            w.WriteStartObject();
            w.WriteString("messageId", id);
            w.WriteString("channel", message.Channel);
            if (answer is not null) WriteResult(w, answer);
            w.WriteEndObject();
        };
    }

    private static RpcRefusalException No(string code, string why, ActuationAnswer? answer) =>
        new(code, why, answer is null || answer.CommandId.Length == 0 ? null : w => WriteResult(w, answer));

    private static void WriteResult(Utf8JsonWriter w, ActuationAnswer answer)
    {
        w.WriteStartObject("result");
        ActuationAnswerJson.WriteMembers(w, answer, answer.Outcome.WireWord());
        w.WriteEndObject();
    }

    private static string SenderOf(CommandEnvelope command) => command.SourceNodeId ?? "";
}
