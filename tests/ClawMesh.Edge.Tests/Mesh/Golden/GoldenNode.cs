using System.Text.Json;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Operators;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>What a node of a replay is told beyond its identity.</summary>
internal sealed record GoldenSetup
{
    /// <summary>Identities it dials, with the label of the recording.</summary>
    public IReadOnlyList<string> Dials { get; init; } = [];

    public string? Role { get; init; }

    public IReadOnlyList<string>? Capabilities { get; init; }

    public Func<MeshOptions, MeshOptions> Mesh { get; init; } = o => o;

    public IWireGate? Gate { get; init; }

    public IActuationRequests? Actuation { get; init; }

    public OperatorAuthenticator? Operators { get; init; }

    public ManualTime? Time { get; init; }

    public EventLog? Events { get; init; }
}

/// <summary>Our mesh node in the place of a recorded identity: its key, trust store, name, role and capabilities; clock, nonces and ids are the test's.</summary>
internal sealed class GoldenNode : IDialler, IActuationRequests, IWireGate
{
    private static readonly Ed25519Verifier Verifier = new();

    private readonly Random _random = new(7);

    public GoldenNode(string identity, GoldenSetup? setup = null)
    {
        setup ??= new GoldenSetup();
        (Identity, Time) = (identity, setup.Time ?? new ManualTime());
        Signer = Transcript.Signer(identity);
        DisplayName = identity == "obs" ? "observer" : identity;
        Events = setup.Events ?? new EventLog(Time);
        string role = setup.Role ?? identity switch { "alpha" or "probe2" or "target" or "stranger" => "field", "obs" => "viewer", _ => "node" };
        IReadOnlyList<string> capabilities = setup.Capabilities ?? identity switch
        {
            "alpha" => ["actuator:mock:valve-1", "channel:clawmesh", "actuator:mock"],
            "beta" or "gamma" => ["channel:clawmesh"],
            "probe2" or "target" or "stranger" => ["actuator:valve:V1", "actuator:valve"],
            "probe" => ["sensor:soil-moisture:zone-2", "actuator:valve:V1", "actuator:valve"],
            _ => [],
        };
        foreach (JsonElement entry in Transcript.TrustOf(identity)?.EnumerateArray() ?? default)
        {
            Trust.Add(
                new NodeId(entry.GetProperty("deviceId").GetString()!), entry.TryGetProperty("publicKey", out JsonElement key) ? key.GetString() : null,
                displayName: entry.GetProperty("displayName").GetString());
        }

        string publicKey = System.Buffers.Text.Base64Url.EncodeToString(Signer.PublicKey.Span);
        var frames = new FrameFactory(Signer.DeviceId, DisplayName, Time, NewId);
        Mesh = new MeshNode(
            // The recordings know frames without signatures; what a signature adds to a frame is SignedFrameTests' matter.
            setup.Mesh(MeshOptions.Default with { Inline = true, SignFrames = false, StaticPeers = [.. setup.Dials.Select(d => StaticPeer.Parse($"{Transcript.DeviceId(d)}=ws://127.0.0.1:19102||local", out _)!)] }),
            new MeshPorts(
                () => new SelfFacts(Signer.DeviceId, publicKey, Transcript.MeshId, role, DisplayName, capabilities), Signer, Verifier, Trust, Rpc,
                setup.Gate ?? this, setup.Actuation ?? this, setup.Operators, Events, this, Time, () => 0, NewNonce, NewId, frames.OperatorInput));
        var views = new MeshViews(Mesh, Time, []);
        Rpc.Add("mesh.peers", c => c.Tier >= RpcTier.Peer, (_, _, _) => Task.FromResult<Action<Utf8JsonWriter>>(views.Peers));
        Rpc.Add("mesh.health", c => c.Tier >= RpcTier.Peer, (_, _, _) => Task.FromResult<Action<Utf8JsonWriter>>(w =>
        {
            w.WriteStartObject();
            w.WriteString("status", "healthy");
            w.WriteString("nodeId", Signer.DeviceId.Value[..16] + "...");
            w.WriteNumber("uptimeMs", 1);
            w.WriteEndObject();
        }));
    }

    public string Identity { get; }

    public string DisplayName { get; }

    public ManualTime Time { get; }

    public Ed25519Signer Signer { get; }

    public NodeId DeviceId => Signer.DeviceId;

    public InMemoryTrustStore Trust { get; } = new();

    public RpcDispatcher Rpc { get; } = new();

    public EventLog Events { get; }

    public MeshNode Mesh { get; }

    /// <summary>Nonces to hand out next; random ones when empty.</summary>
    public Queue<byte[]> Nonces { get; } = new();

    public Queue<Guid> Ids { get; } = new();

    /// <summary>Called for each dial before anything is sent on the new link; false when nobody answers there.</summary>
    public Func<string, WireLink, bool>? Dialled { get; set; }

    public List<(string Peer, WireLink Link)> DialledLinks { get; } = [];

    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    public void SetWall(long ms) => Time.StepWallClock(TimeSpan.FromMilliseconds(ms) - (Time.GetUtcNow() - DateTimeOffset.UnixEpoch));

    public WireLink Accept(bool onLoopback = true)
    {
        var link = new WireLink(Time, dialled: false, onLoopback);
        link.User = Mesh.Open(link);
        return link;
    }

    /// <summary>Sends an observation or event of this node as it was recorded.</summary>
    public void Tell(JsonElement frame) => Mesh.Tell(frame.Deserialize(WireJson.Default.ContextFrame)! with { Hops = 0 }, MessageClass.Bulk);

    Task IDialler.DialAsync(StaticPeer peer, Func<ILink, ILinkUser> opened, CancellationToken cancellationToken)
    {
        string name = Transcript.IdentityOf(peer.DeviceId.Value)!;
        var link = new WireLink(Time, dialled: true);
        if (Dialled?.Invoke(name, link) == false)
            throw new EdgeException("mesh.dial_failed", "Could not dial.", "Nobody answers.", "Look at the peer.", FailureClass.MeshPartition);
        DialledLinks.Add((name, link));
        link.User = opened(link);
        return Task.CompletedTask;
    }

    // A node without outputs and with an open gate, unless the test brings a desk.
    Refusal? IWireGate.Judge(ForwardMessage message) => null;

    bool IWireGate.LeadsToSafeState(ForwardMessage message) => false;

    Task<ActuationAnswer> IActuationRequests.RequestAsync(ActuationRequest request, CancellationToken cancellationToken) => Task.FromResult(new ActuationAnswer(
        request.Forward.Envelope?.CommandId ?? "", request.Forward.TargetRef, "", ActuationOutcome.Refused, GateCodes.TargetUnknown, "this node has no outputs"));

    private byte[] NewNonce()
    {
        if (Nonces.TryDequeue(out byte[]? given)) return given;
        byte[] nonce = new byte[32];
        _random.NextBytes(nonce);
        return nonce;
    }

    private Guid NewId()
    {
        if (Ids.TryDequeue(out Guid given)) return given;
        Span<byte> id = stackalloc byte[16];
        _random.NextBytes(id);
        return new Guid(id);
    }
}
