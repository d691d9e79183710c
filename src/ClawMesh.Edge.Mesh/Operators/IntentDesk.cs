using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh.Envelope;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh.Operators;

/// <summary>
/// What a person types ([W-125], [W-126]). Only somebody this node knows as an operator makes it say "a human said so"; the wish then
/// goes to the planner the node follows, or comes back as an error on the page.
/// </summary>
internal sealed class IntentDesk(MeshNode mesh)
{
    private const int MaxText = 4_000;

    private static readonly TimeSpan LeaderLimit = TimeSpan.FromSeconds(30);

    /// <summary>Recognised before the gate (row 0 of [W-97]).</summary>
    public static bool IsIntent(JsonElement parameters) =>
        RpcParams.TextOrNull(parameters, "channel") == "clawmesh" && RpcParams.TextOrNull(parameters, "to") == "agent:pi"
        && RpcParams.Member(parameters, "commandDraft") is { } draft
        && RpcParams.Member(draft, "operation") is { } operation && RpcParams.TextOrNull(operation, "name") == "intent:parse";

    public Task<Action<Utf8JsonWriter>> ReceiveAsync(JsonElement parameters, RpcCaller caller)
    {
        if (caller.Tier != RpcTier.Operator) throw new RpcRefusalException(GateCodes.NotAuthorized, "an intent is an operator's; authenticate first");
        JsonElement operation = RpcParams.Member(RpcParams.Member(parameters, "commandDraft")!.Value, "operation")!.Value;
        JsonElement given = RpcParams.Member(operation, "params") ?? default;
        if (RpcParams.TextOrNull(given, "text") is not { Length: > 0 and <= MaxText } text) throw new RpcRefusalException(GateCodes.InvalidParams, $"text must have 1 to {MaxText} characters");
        string conversation = RpcParams.TextOrNull(given, "conversationId") is { Length: > 0 and <= 128 } id ? id : mesh.NewId().ToString("D");
        // A supplied request id is replaced ([W-125]).
        string request = mesh.NewId().ToString("D");
        ContextFrame said = mesh.OperatorInput(
            w =>
            {
                w.WriteString("intent", text);
                w.WriteString("conversationId", conversation);
                w.WriteString("requestId", request);
            },
            "Operator submitted intent");
        mesh.Tell(said, MessageClass.Control);
        _ = RouteAsync(text, conversation, request);
        return Task.FromResult<Action<Utf8JsonWriter>>(w =>
        {
            w.WriteStartObject();
            w.WriteBoolean("accepted", true);
            w.WriteEndObject();
        });
    }

    private async Task RouteAsync(string text, string conversation, string request)
    {
        if (mesh.Leader is not { Kind: "peer", DeviceId: { } leader } || mesh.SessionOf(leader) is not { } session)
        {
            TellPage(conversation, request, mesh.Proposals.Planner is null
                ? "No planner is connected to this node, so nobody can act on this."
                : "The planner of this node reads measurements; it has no language model to read sentences with.");
            return;
        }

        CallResult result = await session.Conversation.CallAsync(
            "mesh.message.forward",
            w =>
            {
                w.WriteString("channel", "clawmesh");
                w.WriteString("to", "agent:pi");
                w.WriteString("originGatewayId", mesh.Self.Value);
                w.WriteString("idempotencyKey", mesh.NewId().ToString("D"));
                w.WriteStartObject("commandDraft");
                w.WriteStartObject("operation");
                w.WriteString("name", "intent:parse");
                w.WriteStartObject("params");
                w.WriteString("text", text);
                w.WriteString("conversationId", conversation);
                w.WriteString("requestId", request);
                w.WriteEndObject();
                w.WriteEndObject();
                w.WriteEndObject();
            },
            LeaderLimit);
        if (!result.Ok) TellPage(conversation, request, $"The planner {session} did not take the request: {result.Code}.");
    }

    // A frame for this node's own pages, without gen and hops: it is not gossip ([W-73], [W-128]).
    private void TellPage(string conversation, string request, string message)
    {
        if (!mesh.HasSubscribers) return;
        mesh.TellSubscribers(Messages.Event("context.frame", w =>
        {
            w.WriteString("kind", FrameKinds.AgentResponse);
            w.WriteString("frameId", mesh.NewId().ToString("D"));
            w.WriteString("sourceDeviceId", mesh.Self.Value);
            if (mesh.SelfFacts.DisplayName is { Length: > 0 } name) w.WriteString("sourceDisplayName", name);
            w.WriteNumber("timestamp", mesh.NowMs);
            w.WriteStartObject("data");
            w.WriteString("conversationId", conversation);
            w.WriteString("requestId", request);
            w.WriteString("message", message);
            w.WriteString("status", "error");
            w.WriteEndObject();
            w.WriteStartObject("trust");
            w.WriteStartArray("evidence_sources");
            w.WriteStringValue("llm");
            w.WriteEndArray();
            w.WriteString("evidence_trust_tier", "T0_planning_inference");
            w.WriteEndObject();
        }));
    }
}
