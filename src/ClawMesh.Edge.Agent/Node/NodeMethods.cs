using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>The methods of this node, each with the tier it needs ([X-69]).</summary>
internal static class NodeMethods
{
    public static void Register(RpcDispatcher rpc, EdgeNode node)
    {
        var views = new NodeViews(node);
        string allowance = node.Options.LoopbackReadOnly;
        bool Operators(RpcCaller caller) => caller.Tier == RpcTier.Operator;
        bool Health(RpcCaller caller) => caller.Tier >= RpcTier.Peer || (caller.Tier == RpcTier.Loopback && allowance is "health" or "read");
        bool Readers(RpcCaller caller) => caller.Tier >= RpcTier.Peer || (caller.Tier == RpcTier.Loopback && allowance == "read");

        rpc.Add("mesh.ping", _ => true, (p, _, _) => Answer(w => Ping(w, p, node)));
        rpc.Add("mesh.health", Health, (_, _, _) => Answer(views.Health));
        rpc.Add("mesh.status", Readers, (_, _, _) => Answer(views.Status));
        rpc.Add("mesh.peers", Readers, (_, _, _) => Answer(NodeViews.Peers));
        rpc.Add("mesh.world.query", Readers, (p, _, _) => Answer(w => views.World(
            w, (int)RpcParams.Number(p, "limit", 50, 1, 200), RpcParams.Text(p, "kind"), RpcParams.Text(p, "sourceDeviceId"),
            withCurrent: RpcParams.Member(p, "current") is { ValueKind: JsonValueKind.True })));
        rpc.Add("mesh.events", Readers, (p, _, _) => Answer(w => views.Events(
            w, (int)RpcParams.Number(p, "limit", 50, 1, 200), RpcParams.Text(p, "type"),
            RpcParams.Member(p, "sinceMs") is null ? null : RpcParams.Number(p, "sinceMs", 0, 0, long.MaxValue / 2),
            RpcParams.Member(p, "afterSequence") is null ? null : RpcParams.Number(p, "afterSequence", 0, 0, long.MaxValue / 2))));

        rpc.Add("edge.actuate", Operators, (p, caller, ct) => ActuateAsync(node, p, caller, ct));
        rpc.Add("edge.release", Operators, (p, caller, ct) => ReleaseAsync(node, p, caller, ct));
        rpc.Add("edge.safe-state", Operators, (_, caller, _) => SafeStateAsync(node, caller));
        rpc.Add("edge.config", Operators, (p, caller, ct) => ConfigAsync(node, p, caller, ct));
    }

    private static Task<Action<Utf8JsonWriter>> Answer(Action<Utf8JsonWriter> payload) => Task.FromResult(payload);

    // the form of the unauthenticated tier.
    private static void Ping(Utf8JsonWriter w, JsonElement p, EdgeNode node)
    {
        w.WriteStartObject();
        if (RpcParams.Member(p, "t") is { ValueKind: JsonValueKind.Number } t) WriteNumber(w, "t", t);
        if (RpcParams.Member(p, "n") is { ValueKind: JsonValueKind.Number } n) WriteNumber(w, "n", n);
        w.WriteNumber("now", node.Time.GetUtcNow().ToUnixTimeMilliseconds());
        w.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter w, string name, JsonElement number)
    {
        w.WritePropertyName(name);
        number.WriteTo(w);
    }

    private static async Task<Action<Utf8JsonWriter>> ActuateAsync(EdgeNode node, JsonElement p, RpcCaller caller, CancellationToken cancellationToken)
    {
        string target = RpcParams.Required(p, "target");
        string operation = RpcParams.Required(p, "operation");
        bool modelOnly = RpcParams.Member(p, "llmOnly") is { ValueKind: JsonValueKind.True };
        string commandId = RpcParams.Text(p, "commandId") is { Length: > 0 } given ? given : node.NewId().ToString("D");
        if (commandId.Length > 128) throw new EdgeException(GateCodes.InvalidParams, "The command was not understood.", $"Its id is {commandId.Length} characters long; at most 128 are allowed.", "Choose a shorter --command-id.", FailureClass.ProtocolHandshake);

        // A repeat must have the digest of the first asking, and the time of creation is part of it.
        long createdAtMs = (node.Journal.FindCommand(commandId)?.At ?? node.Time.GetUtcNow()).ToUnixTimeMilliseconds();

        // The node itself fills source and approved_by ([X-71]); nothing of them comes from the request.
        var trust = new TrustBlock
        {
            ActionType = "actuation",
            EvidenceTier = modelOnly ? "T0_planning_inference" : "T3_verified_action_evidence",
            MinimumTier = "T2_operational_observation",
            VerificationRequired = "human",
            VerificationSatisfied = !modelOnly,
            EvidenceSources = modelOnly ? ["llm"] : ["human"],
            ApprovedBy = modelOnly ? null : [caller.Name],
        };
        CommandEnvelope command = CommandEnvelope.Create(
            commandId, createdAtMs, node.DeviceId.Value, node.Options.Role, target, operation,
            RpcParams.Member(p, "params"), trust, RpcParams.Text(p, "note"));
        ActuationAnswer answer = await node.Desk.RequestAsync(
            new ActuationRequest(ForwardMessage.For(command, "operator-cli"), Caller.Operator(caller.Name)), cancellationToken);
        return w =>
        {
            w.WriteStartObject();
            ActuationAnswerJson.WriteMembers(w, answer, answer.Outcome.Word());
            w.WriteEndObject();
        };
    }

    private static async Task<Action<Utf8JsonWriter>> ReleaseAsync(EdgeNode node, JsonElement p, RpcCaller caller, CancellationToken cancellationToken)
    {
        IReadOnlyList<ActuatorId> released = await node.Desk.ReleaseAsync(RpcParams.Text(p, "target"), caller.Name, cancellationToken);
        return w =>
        {
            w.WriteStartObject();
            w.WriteStartArray("released");
            foreach (ActuatorId id in released) w.WriteStringValue(id.Value);
            w.WriteEndArray();
            w.WriteEndObject();
        };
    }

    private static async Task<Action<Utf8JsonWriter>> SafeStateAsync(EdgeNode node, RpcCaller caller)
    {
        IReadOnlyList<OutputSafeResult> results = await node.Desk.SafeStateAsync(caller.Name);
        return w => SafeResultsJson.Write(w, results);
    }

    private static async Task<Action<Utf8JsonWriter>> ConfigAsync(EdgeNode node, JsonElement p, RpcCaller caller, CancellationToken cancellationToken)
    {
        long askedAt = node.Time.GetTimestamp();
        string key = RpcParams.Required(p, "key");
        string value = RpcParams.Required(p, "value");
        if (key != "clock")
        {
            throw new EdgeException(
                GateCodes.InvalidParams, $"Could not change '{key}' of the running node.", "Only 'clock' can be changed while the node runs.",
                "Change node.json with `clawmesh-edge config set` and start the node again.", FailureClass.Config);
        }

        if (!DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset now))
        {
            throw new EdgeException(
                GateCodes.InvalidParams, "Could not set the clock.", $"'{value}' is not a time.", "Write it as 2026-11-21T06:30:00Z.", FailureClass.Config);
        }

        ClockKeeper.CheckPlausible(now);
        await node.Desk.JournalOperatorActAsync("clock-set", caller.Name, $"{node.Time.GetUtcNow():O} -> {now:O}", cancellationToken);
        // The journal has taken its time; what the person said was meant when they said it.
        node.Clock.Set(now + node.Time.GetElapsedTime(askedAt), caller.Name);
        return w =>
        {
            w.WriteStartObject();
            w.WriteNumber("offsetMs", (long)node.Clock.Facts().Offset.TotalMilliseconds);
            w.WriteEndObject();
        };
    }
}

/// <summary>The payload of <c>safe-state</c>, from a node and without one.</summary>
internal static class SafeResultsJson
{
    public static void Write(Utf8JsonWriter w, IEnumerable<OutputSafeResult> results)
    {
        w.WriteStartObject();
        w.WriteStartArray("outputs");
        foreach ((ActuatorId id, SafeResult result) in results)
        {
            w.WriteStartObject();
            w.WriteString("ref", id.Value);
            w.WriteBoolean("wasEnergised", result.WasEnergised);
            w.WriteBoolean("confirmed", result.Confirmed);
            if (result.Detail is { Length: > 0 } detail) w.WriteString("detail", detail);
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.WriteEndObject();
    }
}
