using System.Security.Cryptography;
using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Mesh.Forwarding;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.Trust.Gate;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>actuate --peer</c> without a running node: dials the peer with this node's own key, sends one command, tells its answer.</summary>
internal static class DirectCommand
{
    private const string What = "The command was not sent.";

    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(30);

    public static async Task<JsonElement> SendAsync(CliContext context, string peerText, string? url, JsonElement request, CancellationToken cancellationToken)
    {
        // A node that starts or stops has no socket; a dial with its key would displace its session all the same.
        if (NodeLocks.HolderOf(context.State) is { } pid)
            throw new EdgeException(ErrorCodes.NodeUnreachable, What, $"Process {pid} runs a node here and does not answer on its socket.", "Try again in a moment.", FailureClass.Infra);
        using DeviceIdentity identity = DeviceIdentity.LoadOrCreate(context.State.Path, context.Time);
        NodeConfig config = NodeConfig.Load(context.State, new Dictionary<string, (string, JsonElement)>()).OrThrow();
        StaticPeer target = Target(config, identity.DeviceId, peerText, url);
        string role = config.Text(ConfigKeys.Role)!;
        string commandId = request.Text("commandId") is { Length: > 0 } given ? given : Guid.NewGuid().ToString("D");
        string me = LocalServer.OperatorName(new UnixUsers(), HostKernel.EffectiveUserId);
        CommandEnvelope command = CommandEnvelope.Create(
            commandId, new SentCommands(context.State).CreatedAt(commandId, context.Time.GetUtcNow().ToUnixTimeMilliseconds()), identity.DeviceId.Value, role, request.Text("target"), request.Text("operation"),
            RpcParams.Member(request, "params"), PeerCommands.Trust(request.Flag("llmOnly"), me), RpcParams.Text(request, "note"));

        // The gate of the sender: what it refuses never leaves this machine ([W-98]).
        if (new WireGate(identity.DeviceId, _ => false).Judge(ForwardMessage.For(command, "sender")) is { } refusal)
            return JsonMembers.Element(PeerCommands.Answer(command, new CallResult(false, default, refusal.Code, refusal.Message), target.DeviceId));

        await using ToolConnection connection = await PortClient.OpenAsync(context, target, cancellationToken);
        string meshId = new KnownMeshesFile(context.State.Path, config.Text(ConfigKeys.MeshName), context.Time, Guid.NewGuid).MeshId;
        var self = new SelfFacts(identity.DeviceId, identity.PublicKeyText, meshId, role, config.Text(ConfigKeys.Name), []);
        var trust = new TrustedPeersFile(context.State.Path, context.Time);
        (PeerFacts? peer, string why) = await connection.HandshakeAsync(
            new HandshakeContext(() => self, identity.Signer, new Ed25519Verifier(), trust, context.Time, () => RandomNumberGenerator.GetBytes(32), () => { }), target.DeviceId, cancellationToken);
        if (peer is null)
        {
            throw new EdgeException(
                CallErrorCodes.NotConnected, What, $"The handshake with {target.DeviceId.Abbreviated}… at {target.UrlText} failed: {why}.",
                "Both nodes must trust each other and be of one mesh: `clawmesh-edge trust list` and `identity` at both ends.", FailureClass.Auth);
        }

        if (peer.Has(EdgeFeatures.SignedCommands)) command = CommandSignature.Sign(command, identity.Signer, self.MeshId, target.DeviceId);
        CallResult result = await connection.CallAsync("mesh.message.forward", w => ForwardDesk.Write(w, command, Guid.NewGuid()), CallLimit, cancellationToken);
        return JsonMembers.Element(PeerCommands.Answer(command, result, target.DeviceId));
    }

    private static StaticPeer Target(NodeConfig config, NodeId self, string peerText, string? url)
    {
        string digits = peerText.ToLowerInvariant();
        List<StaticPeer> known = [.. StaticPeerList.Read(self, config.List(ConfigKeys.StaticPeers)).Where(p => p.DeviceId.Value.StartsWith(digits, StringComparison.Ordinal))];
        if (url is not null)
        {
            if (!NodeId.IsWellFormed(digits) && known.Count != 1) throw Usage($"--peer '{peerText}' is no device id.", "With --url give all 64 digits.");
            return Dialled(PortClient.TargetOf(url, NodeId.IsWellFormed(digits) ? new NodeId(digits) : known[0].DeviceId));
        }

        return known.Count == 1
            ? Dialled(known[0])
            : throw Usage($"No node runs here, and {(known.Count == 0 ? "no" : "more than one")} static peer begins with '{peerText}'.", "Give --url ws://host:port, or start the node.");
    }

    // [W-164]: a command across a WAN line needs a pin like any other link.
    private static StaticPeer Dialled(StaticPeer peer) => peer.MayDial ? peer : throw Usage(WanRefusal.Text(peer), "Give the peer a wss URL and its fingerprint.");

    private static EdgeException Usage(string why, string fix) => new(ErrorCodes.Usage, What, why, fix, FailureClass.Config);
}
