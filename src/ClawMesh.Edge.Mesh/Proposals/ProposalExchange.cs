using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh.Envelope;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh.Proposals;

/// <summary>
/// Proposals between nodes: tells those of this node's planner ([W-117]), hears those of connected planners ([W-118]), and brings a
/// decision to whom it concerns ([W-124]).
/// </summary>
public sealed class ProposalExchange
{
    private const int MaxTaskId = 128;

    private static readonly TimeSpan LeaderLimit = TimeSpan.FromSeconds(30);

    private readonly MeshNode _mesh;
    private readonly Lock _lock = new();
    private readonly SeenSet _seen = new(1_000);
    private readonly TokenBucket _told;

    internal ProposalExchange(MeshNode mesh) => (_mesh, _told) = (mesh, new TokenBucket(mesh.Time, 0.2, 20));

    /// <summary>Null on a node without a planner. Set once, before the node listens.</summary>
    public ILocalPlanner? Planner { get; set; }

    /// <summary>What connected planners said.</summary>
    public HeardProposals Heard { get; } = new();

    /// <summary>Tells a proposal of this node's planner to every session and page. Not gossiped.</summary>
    /// <param name="members">Writes the members of [W-117] into an open object.</param>
    public void Tell(bool created, Action<Utf8JsonWriter> members)
    {
        byte[] message = Messages.Event(created ? "planner.proposal" : "planner.proposal.resolved", members);
        foreach (Session session in _mesh.Sessions) session.Conversation.SendEvent(MessageClass.Control, message);
        if (_mesh.HasSubscribers) _mesh.TellSubscribers(message);
    }

    /// <summary>Adds a stage to the chains of the frames a proposal rests on ([W-140]).</summary>
    public void Trace(IReadOnlyList<string> frameIds, string stage, string detail)
    {
        foreach (string frame in frameIds) _mesh.Traces.Note(frame, stage, detail);
    }

    /// <summary>Asks a connected planner to carry a decision out. A failure is a result.</summary>
    public async Task<CallResult> AskAsync(NodeId planner, ProposalDecision decision, string taskId, string? reason) =>
        _mesh.SessionOf(planner) is not { } session
            ? CallResult.Failed(CallErrorCodes.NotConnected, $"there is no session with the planner {planner.Abbreviated}…")
            : await session.Conversation.CallAsync(
                decision == ProposalDecision.Reject ? "chat.proposal.reject" : "chat.proposal.approve",
                w =>
                {
                    w.WriteString("taskId", taskId);
                    if (decision == ProposalDecision.Confirm) w.WriteBoolean("confirm", true);
                    if (reason is not null) w.WriteString("reason", reason);
                },
                LeaderLimit);

    /// <summary>A peer that has just connected learns what is open; only an Edge peer, because a classic planner does not do that.</summary>
    internal void Welcome(Session session)
    {
        if (Planner is not { } planner || !session.Facts.IsEdge) return;
        foreach (Action<Utf8JsonWriter> members in planner.Open) session.Conversation.SendEvent(MessageClass.Control, Messages.Event("planner.proposal", members));
    }

    /// <summary><c>chat.proposal.approve</c> and <c>chat.proposal.reject</c>: the planner of this node decides, else the leader it follows.</summary>
    internal async Task<Action<Utf8JsonWriter>> AnswerAsync(ProposalDecision decision, JsonElement p, RpcCaller caller, CancellationToken cancellationToken)
    {
        if (RpcParams.Member(p, "taskId") is not { ValueKind: JsonValueKind.String } task || task.GetString() is not { Length: > 0 and <= MaxTaskId } taskId)
            throw new RpcRefusalException(GateCodes.InvalidParams, "taskId is missing");
        string? reason = RpcParams.TextOrNull(p, "reason");
        // A confirmation is told apart here and passed on by nobody: it is worth something only from the site itself.
        if (decision == ProposalDecision.Approve && RpcParams.Member(p, "confirm") is { ValueKind: JsonValueKind.True }) decision = ProposalDecision.Confirm;
        if (Planner is { } planner)
        {
            Action<Utf8JsonWriter> proposal = await planner.DecideAsync(decision, taskId, caller, reason, cancellationToken);
            return w =>
            {
                w.WriteStartObject();
                w.WritePropertyName("proposal");
                proposal(w);
                w.WriteEndObject();
            };
        }

        // Without its mark it would reach the leader as an approval; with it, as the word of this node's site.
        if (decision == ProposalDecision.Confirm)
            throw new RpcRefusalException(GateCodes.NotAuthorized, "this node has no planner and passes no confirmation on; confirm it with the command line of the node that has the output");

        return Relayed(await AskLeaderAsync(decision, taskId, reason), taskId);
    }

    /// <summary>Asks the leader this node follows.</summary>
    /// <exception cref="RpcRefusalException"><c>NO_PLANNER</c>.</exception>
    public Task<CallResult> AskLeaderAsync(ProposalDecision decision, string taskId, string? reason) =>
        _mesh.Leader is { Kind: Election.Leader.Peer, DeviceId: { } leader } && _mesh.SessionOf(leader) is not null
            ? AskAsync(leader, decision, taskId, reason)
            : throw new RpcRefusalException(PlannerErrorCodes.NoPlanner, "this node has no planner and follows none");

    /// <summary>The code of a planner's "no"; one that gave none has a word of its own ([W-124]).</summary>
    public static string CodeOf(CallResult result) =>
        result.Code == GateCodes.InternalError && RpcParams.Member(result.Payload, "code") is null ? PlannerErrorCodes.RemotePlannerError : result.Code;

    /// <summary>Says whose a proposal is when the one who was asked does not know it; empty when this node knows no better.</summary>
    public string HandOff(string taskId) => Heard.Find(taskId) is { } heard
        ? $"; it belongs to the planner {heard.Planner.Abbreviated}…, which {(_mesh.SessionOf(heard.Planner) is null ? "is not connected" : _mesh.Leader.DeviceId == heard.Planner ? "leads" : "is connected and does not lead")}"
        : "";

    // Each comes twice ([W-118]); a page is told once.
    internal void HeardFrom(Session from, string name, JsonElement payload)
    {
        // A page that shows it may be asked to approve it: only a planner's word about its own proposals is passed on.
        if (from.Facts.Role is not ("planner" or "standby-planner")) return;
        if (RpcParams.Member(payload, "plannerDeviceId") is { } planner && !(planner.ValueKind == JsonValueKind.String && planner.GetString() == from.DeviceId.Value)) return;
        if (RpcParams.Member(payload, "taskId") is not { ValueKind: JsonValueKind.String } task || RpcParams.Member(payload, "status") is not { ValueKind: JsonValueKind.String } status) return;
        string taskId = task.GetString()!, word = status.GetString()!;
        if (taskId.Length > MaxTaskId || word.Length > 32) return;
        lock (_lock)
        {
            if (!_seen.Add($"{from.DeviceId.Value}\n{taskId}\n{word}")) return;
        }

        Heard.Keep(from.DeviceId, taskId, word, payload);
        string summary = PlainText.Of(RpcParams.TextOrNull(payload, "summary") ?? "", 120);
        bool created = name == "planner.proposal";
        Trace(TriggersOf(payload), created ? "proposal.created" : $"proposal.{PlainText.Of(word, 32)}", summary);
        if (_told.TryTake()) _mesh.Events.Publish(new EdgeEvent(
            0, default, created ? EventTypes.ProposalCreated : EventTypes.ProposalResolved, EventSeverity.Info, "planner",
            $"Proposal {taskId[..Math.Min(8, taskId.Length)]}: {word} {summary}"));
        if (_mesh.HasSubscribers) _mesh.TellSubscribers(Messages.Event(name, w =>
        {
            foreach (JsonProperty member in payload.EnumerateObject()) member.WriteTo(w);
        }));
    }

    private static List<string> TriggersOf(JsonElement payload)
    {
        var frames = new List<string>();
        if (RpcParams.Member(payload, "triggerFrameIds") is not { ValueKind: JsonValueKind.Array } list) return frames;
        foreach (JsonElement frame in list.EnumerateArray())
        {
            if (frames.Count == 5) break;
            if (frame.ValueKind == JsonValueKind.String) frames.Add(frame.GetString()!);
        }

        return frames;
    }

    private Action<Utf8JsonWriter> Relayed(CallResult result, string taskId)
    {
        if (!result.Ok)
        {
            string code = CodeOf(result);
            string message = result.Message.StartsWith(code + ": ", StringComparison.Ordinal) ? result.Message[(code.Length + 2)..] : result.Message;
            throw new RpcRefusalException(code, code == PlannerErrorCodes.NotFound ? message + HandOff(taskId) : message);
        }

        return w =>
        {
            if (result.Payload.ValueKind == JsonValueKind.Undefined) w.WriteNullValue();
            else result.Payload.WriteTo(w);
        };
    }
}
