using System.Buffers.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Mesh.Operators;
using ClawMesh.Edge.Mesh.Pairing;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.TestKit.Mesh;

/// <summary>What a simulated node is told.</summary>
public sealed record SimulatedNodeOptions
{
    public string Role { get; init; } = "field";

    public string MeshId { get; init; } = "mesh";

    public IReadOnlyList<string> Capabilities { get; init; } = [];

    public IReadOnlyList<StaticPeer> Peers { get; init; } = [];

    public Func<MeshOptions, MeshOptions> Mesh { get; init; } = o => o;

    public OperatorAuthenticator? Operators { get; init; }

    public IWireGate? Gate { get; init; }

    public IActuationRequests? Actuation { get; init; }

    /// <summary>Devices that something found.</summary>
    public IPeerSource? Discovered { get; init; }

    /// <summary>Which mesh it belongs to; null where there is only one.</summary>
    public IMeshMembership? Membership { get; init; }

    /// <summary>A clock of its own; the network's when absent.</summary>
    public TimeProvider? Time { get; init; }

    /// <summary>What is on the disk of a node that starts again; a new store when absent.</summary>
    public InMemoryTrustStore? Trust { get; init; }

    public IFrameArchive? Archive { get; init; }

    public ISettingsStore? Settings { get; init; }
}

/// <summary>A real mesh node on simulated links. The key pair is real; time, chance and network are the simulation's.</summary>
public sealed class SimulatedNode : ISimulatedEnd
{
    private readonly SimulatedNetwork _network;
    private readonly FrameFactory _frames;

    public SimulatedNode(SimulatedNetwork network, string name, ISigner signer, ISignatureVerifier verifier, SimulatedNodeOptions? options = null)
    {
        options ??= new SimulatedNodeOptions();
        (_network, Name, Signer, Options, Capabilities) = (network, name, signer, options, options.Capabilities);
        PublicKey = Base64Url.EncodeToString(signer.PublicKey.Span);
        Trust = options.Trust ?? new InMemoryTrustStore();
        Archive = options.Archive ?? new InMemoryFrameArchive();
        Settings = options.Settings ?? new InMemorySettings();
        Events = new EventLog(network.Time);
        _frames = new FrameFactory(signer.DeviceId, name, network.Time, NewId);
        Rpc.Add("mesh.health", c => c.Tier >= RpcTier.Peer, (_, _, _) => Task.FromResult<Action<Utf8JsonWriter>>(w =>
        {
            w.WriteStartObject();
            w.WriteString("status", "healthy");
            w.WriteEndObject();
        }));
        Mesh = new MeshNode(
            options.Mesh(MeshOptions.Default with { StaticPeers = options.Peers, Inline = true }),
            new MeshPorts(
                () => new SelfFacts(signer.DeviceId, PublicKey, options.Membership?.MeshId ?? options.MeshId, options.Role, name, Capabilities), signer, verifier, Trust, Rpc,
                options.Gate ?? new OpenGate(), options.Actuation ?? new NoOutputs(), options.Operators, Events, network.DiallerOf(this), options.Time ?? network.Time,
                network.Chance.NextDouble, NewNonce, NewId, _frames.OperatorInput, options.Discovered, options.Membership, Archive, Settings,
                Pairing: new PairingPorts(
                    paired =>
                    {
                        Trust.Add(paired.DeviceId, paired.PublicKey, paired.Grants, paired.DisplayName);
                        return Task.CompletedTask;
                    },
                    key => DeviceIds.IsSoundKey(key))));
        network.Add(this);
    }

    public string Name { get; }

    public ISigner Signer { get; }

    public SimulatedNodeOptions Options { get; }

    public string PublicKey { get; }

    public NodeId DeviceId => Signer.DeviceId;

    public InMemoryTrustStore Trust { get; }

    /// <summary>What is on its disk; given to the next life, it carries on.</summary>
    public IFrameArchive Archive { get; }

    public ISettingsStore Settings { get; }

    public RpcDispatcher Rpc { get; } = new();

    public EventLog Events { get; }

    public MeshNode Mesh { get; }

    public IReadOnlyList<string> Capabilities { get; set; }

    public ILinkUser Open(SimulatedLink link) => Mesh.Open(link);

    public void Tick() => Mesh.Tick();

    /// <summary>Each trusts the other, keys not yet pinned.</summary>
    public static void Befriend(SimulatedNode a, SimulatedNode b)
    {
        if (!a.Trust.Entries.ContainsKey(b.DeviceId.Value)) a.Trust.Add(b.DeviceId);
        if (!b.Trust.Entries.ContainsKey(a.DeviceId.Value)) b.Trust.Add(a.DeviceId);
    }

    /// <summary>The static peer that dials this node.</summary>
    public StaticPeer AsPeer(string? label = "lan") => PeerOf(DeviceId, label);

    public static StaticPeer PeerOf(NodeId device, string? label = "lan") => StaticPeer.Parse($"{device.Value}=ws://sim:1/{(label is null ? "" : "||" + label)}", out _)!;

    /// <summary>Sends an observation of this node; returns its frame id.</summary>
    public string Observe(double value, string zone = "zone-1", string metric = "moisture", MessageClass messageClass = MessageClass.Bulk)
    {
        var reading = new Reading(new SensorId("sensor:test"), zone, new Quantity(metric, "%"), value, _network.Time.GetUtcNow(), _network.Time.GetTimestamp(), Core.Evidence.EvidenceTier.OperationalObservation, Simulated: false);
        ContextFrame frame = _frames.Observation(reading, new SensorInfo(new SensorId("sensor:test"), zone, new Quantity(metric, "%"), TimeSpan.FromSeconds(1), "test", Simulated: false));
        Mesh.Tell(frame, messageClass);
        return frame.FrameId;
    }

    public bool Knows(string frameId) => Mesh.World.Log(5_000, null, null).Any(f => f.FrameId == frameId);

    public bool IsConnected(ISimulatedEnd other) => Mesh.SessionOf(other.DeviceId) is not null;

    private Guid NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (_network.Chance) _network.Chance.NextBytes(bytes);
        return new Guid(bytes);
    }

    private byte[] NewNonce()
    {
        byte[] nonce = new byte[32];
        lock (_network.Chance) _network.Chance.NextBytes(nonce);
        return nonce;
    }

    private sealed class OpenGate : IWireGate
    {
        public Refusal? Judge(ForwardMessage message) => null;

        public bool LeadsToSafeState(ForwardMessage message) => false;
    }

    private sealed class NoOutputs : IActuationRequests
    {
        public Task<ActuationAnswer> RequestAsync(ActuationRequest request, CancellationToken cancellationToken) => Task.FromResult(new ActuationAnswer(
            request.Forward.Envelope?.CommandId ?? "", request.Forward.TargetRef, "", ActuationOutcome.Refused, GateCodes.TargetUnknown, "this node has no outputs"));
    }
}
