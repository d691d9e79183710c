using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Lifecycle;
using ClawMesh.Edge.Mesh.Operators;
using ClawMesh.Edge.Mesh.Proposals;
using ClawMesh.Edge.Mesh.Sync;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh;

/// <summary>The methods the mesh answers itself, each with the tier it needs ([X-69]).</summary>
internal static class MeshMethods
{
    private static readonly TimeSpan IndirectPause = TimeSpan.FromSeconds(2);

    public static void Register(RpcDispatcher rpc, MeshNode mesh, CatchUp catchUp, Liveness liveness)
    {
        var indirect = new DeviceBuckets(mesh.Time, 1 / IndirectPause.TotalSeconds, 1);
        var intents = new IntentDesk(mesh);
        bool Readers(RpcCaller c) => c.Tier >= RpcTier.Peer || (c.Tier == RpcTier.Loopback && mesh.Options.LoopbackReadOnly == "read");
        bool Sync(RpcCaller c) => c.Tier == RpcTier.Operator || (c.Tier == RpcTier.Peer && c.Grants.Sync);
        bool Approve(RpcCaller c) => c.Tier == RpcTier.Operator || (c.Tier == RpcTier.Peer && c.Grants.Approve);

        rpc.Add("mesh.ping", _ => true, (p, caller, _) => PingAsync(p, caller, mesh, liveness, indirect));
        rpc.Add("context.sync", Sync, (p, _, _) => Answer(w => catchUp.Serve(w, p)));
        if (mesh.SyncServer is { } server) rpc.Add(SyncWords.Method, Sync, (p, caller, _) => SyncAsync(server, p, caller, mesh.Options.Inline));
        rpc.Add("mesh.trace", Readers, (p, _, _) => Answer(w => mesh.Traces.Write(w, RpcParams.Text(p, "frameId"), RpcParams.Text(p, "stage"))));
        rpc.Add("mesh.message.forward", c => c.Tier >= RpcTier.Peer, (p, caller, ct) =>
            IntentDesk.IsIntent(p) ? intents.ReceiveAsync(p, caller) : mesh.Forward.ReceiveAsync(p, caller, ct));
        // Which output is looked at by the desk; without any grant nobody gets that far.
        rpc.Add("edge.fence", c => c.Tier == RpcTier.Operator || (c.Tier == RpcTier.Peer && c.Grants.Command.Count > 0), mesh.Forward.FenceAsync);
        rpc.Add("chat.proposal.approve", Approve, (p, caller, ct) => mesh.Proposals.AnswerAsync(ProposalDecision.Approve, p, caller, ct));
        rpc.Add("chat.proposal.reject", Approve, (p, caller, ct) => mesh.Proposals.AnswerAsync(ProposalDecision.Reject, p, caller, ct));
    }

    // The archive is on a disk: never on a receive loop.
    private static Task<Action<Utf8JsonWriter>> SyncAsync(SyncServer server, JsonElement p, RpcCaller caller, bool inline) =>
        inline ? Answer(server.Answer(p, caller)) : Task.Run(() => server.Answer(p, caller));

    private static Task<Action<Utf8JsonWriter>> Answer(Action<Utf8JsonWriter> payload) => Task.FromResult(payload);

    // . With a target it is an indirect probe: peers only, one in two seconds, never passed on.
    private static async Task<Action<Utf8JsonWriter>> PingAsync(JsonElement p, RpcCaller caller, MeshNode mesh, Liveness liveness, DeviceBuckets indirect)
    {
        bool? reachable = null;
        if (RpcParams.Text(p, "target") is { } target)
        {
            if (caller is not { Tier: RpcTier.Peer, Device: { } device }) throw new RpcRefusalException(GateCodes.NotAuthorized, "an indirect probe is for peers");
            if (!NodeId.IsWellFormed(target)) throw new RpcRefusalException(GateCodes.InvalidParams, "target is not a device id");
            if (!indirect.TryTake(device)) throw new RpcRefusalException(GateCodes.RateLimited, "one indirect probe in 2 s");
            reachable = await liveness.ReachesAsync(new NodeId(target));
        }

        return w =>
        {
            w.WriteStartObject();
            Copy(w, p, "t");
            Copy(w, p, "n");
            if (reachable is { } answer) w.WriteBoolean("reachable", answer);
            else w.WriteNumber("now", mesh.NowMs);
            w.WriteEndObject();
        };
    }

    private static void Copy(Utf8JsonWriter w, JsonElement p, string name)
    {
        if (RpcParams.Member(p, name) is not { ValueKind: JsonValueKind.Number } number) return;
        w.WritePropertyName(name);
        number.WriteTo(w);
    }
}
