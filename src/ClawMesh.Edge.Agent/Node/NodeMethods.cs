using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>The methods of this node, each with the tier it needs ([X-69]).</summary>
internal static class NodeMethods
{
    public static void Register(RpcDispatcher rpc, EdgeNode node)
    {
        var views = new NodeViews(node);
        var twin = new TwinViews(node);
        bool Operators(RpcCaller caller) => caller.Tier == RpcTier.Operator;
        bool Health(RpcCaller caller) => caller.Tier >= RpcTier.Peer || (caller.Tier == RpcTier.Loopback && node.Options.LoopbackReadOnly is "health" or "read");
        bool Readers(RpcCaller caller) => caller.Tier >= RpcTier.Peer || (caller.Tier == RpcTier.Loopback && node.Options.LoopbackReadOnly == "read");

        rpc.Add("mesh.health", Health, (_, _, _) => Answer(views.Health));
        rpc.Add("mesh.status", Readers, (_, _, _) => Answer(views.Status));
        rpc.Add("mesh.peers", Readers, (_, _, _) => Answer(views.Peers));
        rpc.Add("mesh.world.query", Readers, (p, _, _) => Answer(w => views.World(
            w, (int)RpcParams.Number(p, "limit", 50, 1, 200), RpcParams.Text(p, "kind"), RpcParams.Text(p, "sourceDeviceId"),
            withCurrent: RpcParams.Member(p, "current") is { ValueKind: JsonValueKind.True })));
        rpc.Add("mesh.events", Readers, (p, caller, _) => Answer(w => views.Events(
            w, (int)RpcParams.Number(p, "limit", 50, 1, 200), RpcParams.Text(p, "type"),
            RpcParams.Member(p, "sinceMs") is null ? null : RpcParams.Number(p, "sinceMs", 0, 0, long.MaxValue / 2),
            RpcParams.Member(p, "afterSequence") is null ? null : RpcParams.Number(p, "afterSequence", 0, 0, long.MaxValue / 2),
            RpcParams.Text(p, "trace"), withDetails: caller.Tier == RpcTier.Operator)));

        rpc.Add("edge.twin", Readers, (p, _, _) => Answer(w => twin.Write(w, RpcParams.Text(p, "entity"), RpcParams.Member(p, "history") ?? default)));

        // What the receiver gate refused never reached the desk; the classic count has both.
        rpc.Add("clawmesh.mock.actuator.state", Readers, (p, _, _) => Answer(w => node.History.Write(
            w, node.Desk.Outputs(), node.Desk.RefusedCount + node.Mesh.Forward.Refused, RpcParams.Text(p, "targetRef"))));

        ProposalMethods.Register(rpc, node.Mesh, node.Time, Readers);
        rpc.Add("edge.actuate", Operators, (p, caller, ct) => ActuateAsync(node, p, caller, ct));
        rpc.Add("edge.release", Operators, (p, caller, ct) => ReleaseAsync(node, p, caller, ct));
        rpc.Add("edge.safe-state", Operators, (_, caller, _) => SafeStateAsync(node, caller));
        rpc.Add("edge.trust", c => c is { Tier: RpcTier.Operator, OnLoopback: true }, (p, caller, ct) => TrustAsync(node, p, caller, ct));
        rpc.Add("edge.update", c => c is { Tier: RpcTier.Operator, OnLoopback: true }, (p, caller, ct) => UpdateAsync(node, p, caller, ct));
        if (node.Mesh.Pairing is { } desk) PairingMethods.Register(rpc, desk, node.Mesh.Directory);
        rpc.Add("edge.config", Operators, (p, caller, ct) => ConfigAsync(node, p, caller, ct));
    }

    private static Task<Action<Utf8JsonWriter>> Answer(Action<Utf8JsonWriter> payload) => Task.FromResult(payload);

    private static async Task<Action<Utf8JsonWriter>> ActuateAsync(EdgeNode node, JsonElement p, RpcCaller caller, CancellationToken cancellationToken)
    {
        string target = RpcParams.Required(p, "target");
        string operation = RpcParams.Required(p, "operation");
        bool modelOnly = RpcParams.Member(p, "llmOnly") is { ValueKind: JsonValueKind.True };
        string commandId = RpcParams.Text(p, "commandId") is { Length: > 0 } given ? given : node.NewId().ToString("D");
        if (commandId.Length > 128) throw new EdgeException(GateCodes.InvalidParams, "The command was not understood.", $"Its id is {commandId.Length} characters long; at most 128 are allowed.", "Choose a shorter --command-id.", FailureClass.ProtocolHandshake);

        try
        {
            return await ActuateAsync(node, p, caller, new AskedCommand(target, operation, commandId, modelOnly), cancellationToken);
        }
        catch (EdgeException fault)
        {
            fault.Trace = commandId;
            throw;
        }
    }

    private sealed record AskedCommand(string Target, string Operation, string CommandId, bool ModelOnly);

    private static async Task<Action<Utf8JsonWriter>> ActuateAsync(EdgeNode node, JsonElement p, RpcCaller caller, AskedCommand asked, CancellationToken cancellationToken)
    {
        (string target, string operation, string commandId, bool modelOnly) = asked;
        NodeId? peer = RpcParams.Text(p, "peer") is { } named ? PeerCommands.Find(node, named) : null;

        // A repeat must have the digest of the first asking, and the time of creation is part of it.
        long nowMs = node.Time.GetUtcNow().ToUnixTimeMilliseconds();
        long createdAtMs = peer is null ? node.Journal.FindCommand(commandId)?.At.ToUnixTimeMilliseconds() ?? nowMs : node.PeerCommandTimes.CreatedAt(commandId, nowMs);

        // The node itself fills source and approved_by ([X-71]); nothing of them comes from the request.
        CommandEnvelope command = CommandEnvelope.Create(
            commandId, createdAtMs, node.DeviceId.Value, node.Options.Role, target, operation,
            RpcParams.Member(p, "params"), PeerCommands.Trust(modelOnly, caller.Name), RpcParams.Text(p, "note"));
        if (peer is { } device) return PeerCommands.Answer(command, await node.Mesh.Forward.SendAsync(device, command, cancellationToken), device);

        ActuationAnswer answer = await node.Desk.RequestAsync(
            new ActuationRequest(ForwardMessage.For(command, "operator-cli"), Caller.Operator(caller.Name)), cancellationToken);
        // Not ours, but a peer offers it ([W-110]): the person learns whose it is, and decides.
        if (answer.Code == GateCodes.TargetUnknown && node.Mesh.Forward.ExecutorOf(target) is { } executor && executor != node.DeviceId)
            answer = answer with { Message = $"{answer.Message} Peer {executor.Abbreviated} offers it: add --peer {executor.Abbreviated}." };
        return w =>
        {
            w.WriteStartObject();
            ActuationAnswerJson.WriteMembers(w, answer, answer.Outcome.Word());
            w.WriteString("trace", commandId);
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

    // The file was edited by the operator's program; the node looks at once, and its journal says who did it.
    private static async Task<Action<Utf8JsonWriter>> TrustAsync(EdgeNode node, JsonElement p, RpcCaller caller, CancellationToken cancellationToken)
    {
        string act = RpcParams.Required(p, "act");
        string device = RpcParams.Required(p, "device");
        if (act is not ("add" or "remove" or "grant") || !NodeId.IsWellFormed(device))
            throw new EdgeException(GateCodes.InvalidParams, "The change of trust was not noted.", $"'{act}' of '{device}' is no change of trust.", "Use `clawmesh-edge trust`.", FailureClass.ProtocolHandshake);
        node.Mesh.LookAtTrust();
        // Whoever states anew what a device may do has looked at it.
        if (act is not "remove") node.Mesh.ClearFork(new NodeId(device));
        string what = node.Trust.Entries.TryGetValue(device, out TrustEntry? entry) ? $"{device}: {GrantText.Describe(entry.Grants)}" : device;
        long sequence = await node.Desk.JournalOperatorActAsync($"trust-{act}", caller.Name, what, cancellationToken);
        node.Events.Publish(new EdgeEvent(0, default, EventTypes.Operator, EventSeverity.Info, "trust store", $"{caller.Name}: trust {act} {what}"));
        return w =>
        {
            w.WriteStartObject();
            w.WriteNumber("journalSeq", sequence);
            w.WriteEndObject();
        };
    }

    // Told by `update apply` before it restarts this node: only a living node may write its journal.
    private static async Task<Action<Utf8JsonWriter>> UpdateAsync(EdgeNode node, JsonElement p, RpcCaller caller, CancellationToken cancellationToken)
    {
        string what = $"{RpcParams.Required(p, "release")}, before it {RpcParams.Required(p, "previous")}, signed by {RpcParams.Required(p, "signer")}";
        if (what.Length > 512) throw new EdgeException(GateCodes.InvalidParams, "The update was not noted.", $"What is said of it is {what.Length} characters long; at most 512 are allowed.", "Use `clawmesh-edge update apply`.", FailureClass.ProtocolHandshake);
        long sequence = await node.Desk.JournalOperatorActAsync("update-apply", caller.Name, what, cancellationToken);
        node.Events.Publish(new EdgeEvent(0, default, EventTypes.Operator, EventSeverity.Info, "release", $"{caller.Name}: update to {what}"));
        return w =>
        {
            w.WriteStartObject();
            w.WriteNumber("journalSeq", sequence);
            w.WriteEndObject();
        };
    }

    private static async Task<Action<Utf8JsonWriter>> ConfigAsync(EdgeNode node, JsonElement p, RpcCaller caller, CancellationToken cancellationToken)
    {
        long askedAt = node.Time.GetTimestamp();
        string key = RpcParams.Required(p, "key");
        string value = RpcParams.Required(p, "value");
        if (key != "clock")
        {
            throw new EdgeException(
                GateCodes.InvalidParams, $"Could not change '{key}' of the running node.", "Only 'clock' can be changed this way.",
                "Change node.json with `clawmesh-edge config set`, and reload or restart the node; docs/configuration.md says which keys need what.", FailureClass.Config);
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
