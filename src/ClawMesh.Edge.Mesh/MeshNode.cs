using System.Net;
using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh.Capabilities;
using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.Mesh.Discovery;
using ClawMesh.Edge.Mesh.Election;
using ClawMesh.Edge.Mesh.Forwarding;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Lifecycle;
using ClawMesh.Edge.Mesh.Backlog;
using ClawMesh.Edge.Mesh.Origin;
using ClawMesh.Edge.Mesh.Sync;
using ClawMesh.Edge.Mesh.Operators;
using ClawMesh.Edge.Mesh.Pairing;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Proposals;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh;

/// <summary>What the mesh needs of the node around it. Every member is a port, so that a simulator can own all of them.</summary>
/// <param name="Self">Who this node is now; asked for each handshake.</param>
/// <param name="Gate">The wire gate, for what this node sends and for what it receives ([W-98]).</param>
/// <param name="Actuation">The way to this node's outputs: the third gate, with permits.</param>
/// <param name="Operators">Knows the operator token; null when the file is unusable, then nobody becomes an operator by it.</param>
/// <param name="Chance">Uniform in [0, 1).</param>
/// <param name="NewNonce">32 random bytes of the operating system.</param>
/// <param name="TellOperatorInput">Records a person's input as a frame of this node ([W-125]).</param>
/// <param name="Discovered">Finds devices to dial; null when nothing looks for them.</param>
/// <param name="Membership">Which mesh this node belongs to and what it does about others; null where only one mesh exists, as in most simulations.</param>
/// <param name="Archive">The durable memory of frames; null keeps none beyond the log.</param>
/// <param name="Settings">Small durable facts: epoch, sequence numbers, marks.</param>
/// <param name="Pairing">What pairing needs of the machine; null where nobody pairs.</param>
public sealed record MeshPorts(
    Func<SelfFacts> Self, ISigner Signer, ISignatureVerifier Verifier, ITrustStore Trust, RpcDispatcher Rpc, IWireGate Gate, IActuationRequests Actuation,
    OperatorAuthenticator? Operators, IEventSink Events, IDialler Dialler, TimeProvider Time, Func<double> Chance, Func<byte[]> NewNonce, Func<Guid> NewId,
    Func<Action<Utf8JsonWriter>, string, ContextFrame> TellOperatorInput, IPeerSource? Discovered = null, IMeshMembership? Membership = null, IFrameArchive? Archive = null, ISettingsStore? Settings = null,
    PairingPorts? Pairing = null);

/// <summary>
/// This node among its peers: the wiring of the mesh, its table of sessions and its tick. Messages come in on the receive loops of the
/// links; time comes in by <see cref="Tick"/>, four times a second, and nothing else here owns a timer.
/// </summary>
public sealed partial class MeshNode : IDisposable
{
    /// <summary>How often <see cref="Tick"/> wants to be called.</summary>
    public static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(250);

    private const int MaxLastSeen = 256;
    private const string Superseded = "superseded by newer connection from same device";

    private readonly MeshPorts _ports;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly DialBook _dials;
    private readonly Liveness _liveness;
    private readonly CatchUp _catchUp;
    private readonly PeerClocks _clocks;
    private readonly Dictionary<string, long> _lastSeenMs = [];
    private readonly TokenBucket _refusalsTold;
    private readonly TokenBucket _featureWrites;
    private readonly DeviceBuckets _said;
    private readonly FrameVerifier _verifier;
    private readonly ClassicBacklog? _backlog;
    private readonly SuppressionList _turnedAway;
    private readonly Task _verifying;
    private string? _trustProblem;
    private volatile Session[] _sessions = [];
    private volatile Conversation[] _conversations = [];
    private Leader? _leader;
    private long _lastTick;
    private long _nextTrustLook;

    public MeshNode(MeshOptions options, MeshPorts ports)
    {
        (Options, _ports) = (options, ports);
        Self = ports.Self().DeviceId;
        Own = new OwnFrames(ports.Signer, ports.Time, ports.Settings, ports.NewNonce);
        Handshake = new HandshakeContext(
            ports.Self, ports.Signer, ports.Verifier, ports.Trust, ports.Time, ports.NewNonce, () => Counters.Add(MeshCounter.ExtInvalid),
            EdgeFeatures.Of(options.SignFrames, ports.Archive is not null), () => Own.Epoch);
        World = new WorldStore(Self, ports.Time);
        Suppression = new SuppressionList(ports.Time);
        _turnedAway = new SuppressionList(ports.Time);
        Book = new SequenceBook(ports.Archive?.Knowledge() ?? []);
        _verifier = new FrameVerifier(ports.Verifier, () => ports.Self().MeshId, ports.Time, options.Verify, (frame, bug) => ports.Events.Publish(new EdgeEvent(
            0, default, EventTypes.Error, EventSeverity.Error, "mesh", $"A frame of {frame.SourceDeviceId[..12]}… could not be taken in: {bug.GetType().Name}, {bug.Message}", FailureClass.Infra)));
        Gossip = new GossipHub(this, Own, Book, _verifier, new FrameStandings(ports.Trust, Book, ports.Settings, ports.Events), ports.Archive);
        Origin = new OriginDesk(this, Own, ports.Archive, ports.Settings);
        if (ports.Archive is { } archive)
        {
            Sync = new SyncSchedule(this, Book, archive, Origin);
            SyncServer = new SyncServer(this, Book, archive);
            _backlog = new ClassicBacklog(this, archive, ports.Settings);
            Gossip.Restore(RestoredFrames);
        }

        Traces = new TraceBook(ports.Time);
        _liveness = new Liveness(this);
        _catchUp = new CatchUp(this);
        _clocks = new PeerClocks(this);
        _dials = new DialBook(this, ports.Dialler, ports.Discovered, ports.Chance);
        _refusalsTold = new TokenBucket(ports.Time, 0.05, 32);
        _featureWrites = new TokenBucket(ports.Time, 0.1, 16);
        _said = new DeviceBuckets(ports.Time, 0.02, 10);
        Forward = new ForwardDesk(this, ports.Gate, ports.Actuation);
        Proposals = new ProposalExchange(this);
        _lastTick = ports.Time.GetTimestamp();
        Leader = PlannerElection.Elect([SelfMember]);
        MeshMethods.Register(ports.Rpc, this, _catchUp, _liveness);
        _verifying = options.Inline ? Task.CompletedTask : Task.Run(() => _verifier.RunAsync(_stop.Token));
        Pairing = OpenPairing();
    }

    /// <summary>What of it is asked anew at each use may change while the mesh runs.</summary>
    public MeshOptions Options { get; private set; }

    /// <summary>Takes over what may change in a running mesh. The allowance of messages counts for connections made from then on.</summary>
    public void Retune(MeshOptions wanted) => Options = Options with
    {
        LoopbackReadOnly = wanted.LoopbackReadOnly, InboundPerSecond = wanted.InboundPerSecond, InboundBurst = wanted.InboundBurst,
        AcceptUnsigned = wanted.AcceptUnsigned, SyncInterval = wanted.SyncInterval,
    };

    public NodeId Self { get; }

    public WorldStore World { get; }

    public MeshCounters Counters { get; } = new();

    /// <summary>Commands to and from peers.</summary>
    public ForwardDesk Forward { get; }

    /// <summary>What planners ask for, here and elsewhere.</summary>
    public ProposalExchange Proposals { get; }

    /// <summary>Authenticated links, newest last. A snapshot.</summary>
    public IReadOnlyList<Session> Sessions => _sessions;

    /// <summary>The static peers with their diallers.</summary>
    public IReadOnlyList<StaticDial> Dials => _dials.Dials;

    /// <summary>Devices that discovery does not dial for now ([W-43]).</summary>
    public SuppressionList Suppression { get; }

    /// <summary>Who announces itself on the local network; null when nothing looks.</summary>
    public IServiceDirectory? Directory => _ports.Discovered as IServiceDirectory;

    /// <summary>Null where nobody pairs.</summary>
    public PairingDesk? Pairing { get; }

    public LocalHealth Health => _liveness.Health;

    /// <summary>What the Edge peers say about this node's clock ([X-37]).</summary>
    public PeerClockVote ClockVote => _clocks.Vote;

    /// <summary>The planner this node follows ([W-114]).</summary>
    public Leader Leader { get => _leader!; private set => _leader = value; }

    public PlannerActivity Activity => PlannerElection.ActivityOf(_ports.Self().Role, Leader);

    /// <summary>Open connections without a session: in total, and those from an address ([W-154]).</summary>
    public (int Total, int Here) Strangers(IPAddress address)
    {
        int total = 0, here = 0;
        foreach (Conversation conversation in _conversations)
        {
            if (conversation.Session is not null) continue;
            total++;
            if (conversation.Link.Facts.Address.Equals(address)) here++;
        }

        return (total, here);
    }

    public SelfFacts SelfFacts => _ports.Self();

    internal HandshakeContext Handshake { get; }

    internal GossipHub Gossip { get; }

    internal TraceBook Traces { get; }

    internal TimeProvider Time => _ports.Time;

    internal long NowMs => _ports.Time.GetUtcNow().ToUnixTimeMilliseconds();

    internal ITrustStore Trust => _ports.Trust;

    internal IEventSink Events => _ports.Events;

    internal RpcDispatcher Rpc => _ports.Rpc;

    internal IMeshMembership? Membership => _ports.Membership;

    internal OperatorAuthenticator? Operators => _ports.Operators;

    internal CancellationToken Stopping => _stop.Token;

    internal bool HasSubscribers => Array.Exists(_conversations, c => c.Subscribed);

    private Member SelfMember => new(Self, _ports.Self().Role, IsSelf: true);

    /// <summary>A connection was accepted, or dialled for <paramref name="dial"/>. The transport runs it from here on.</summary>
    public ILinkUser Open(ILink link, StaticDial? dial = null)
    {
        var conversation = new Conversation(this, link, dial);
        lock (_lock) _conversations = [.. _conversations, conversation];
        if (link.Facts.Dialled) link.Queue.SetPace(Options.ClassicPace);
        if (dial is { State: DialState.StoodDown }) conversation.Close(1000, Superseded);
        else conversation.Begin();
        return conversation;
    }

    /// <summary>Looks at every clock the mesh has: handshakes, silence, keep-alive, answers, diallers, the trust store.</summary>
    public void Tick()
    {
        TimeSpan late = Time.GetElapsedTime(_lastTick) - Options.TickInterval;
        _lastTick = Time.GetTimestamp();
        Pairing?.Tick();
        foreach (Conversation conversation in _conversations)
        {
            conversation.CheckHandshakeTime();
            conversation.Calls.Expire();
            if (conversation.Session is not null && !conversation.Link.Facts.Dialled && Time.GetElapsedTime(conversation.LastEventSent) >= Options.KeepAlive)
                conversation.SendEvent(MessageClass.Control, Envelope.Messages.Event("edge.keepalive", w => w.WriteNumber("gen", 1)));
        }

        foreach (Session session in _sessions)
        {
            // An alarm that found no room is an error, not a number ([X-76]).
            long dropped = session.Conversation.Link.Queue.Counters.DroppedSafety;
            if (dropped > session.DroppedSafetyTold && MaySay(session.DeviceId))
                Events.Publish(new EdgeEvent(0, default, EventTypes.PeerFault, EventSeverity.Error, session.DeviceId.Abbreviated, $"{dropped - session.DroppedSafetyTold} safety messages for {session} found no room in its queue and are lost on this link.", FailureClass.Budget));
            session.DroppedSafetyTold = dropped;
        }

        _liveness.Tick(late);
        _clocks.Tick();
        if (Time.GetTimestamp() >= _nextTrustLook)
        {
            _nextTrustLook = Time.GetTimestamp() + Time.TimestampFrequency;
            LookAtTrust();
        }

        _dials.Tick();
        TickFrames();
    }

    /// <summary>Looks at the trust store now and ends the sessions it no longer allows ([W-24]).</summary>
    public void LookAtTrust()
    {
        Trust.Refresh();
        TrustLookedAt();
    }

    /// <summary>Sends a frame of this node to everybody.</summary>
    /// <exception cref="EdgeException">The frame breaks the wire's rules.</exception>
    public void Tell(ContextFrame frame, MessageClass messageClass) => Gossip.Voice.Tell(frame, messageClass);

    /// <summary>Says goodbye and closes every connection ([W-156], [W-160]). Outputs are at their safe state already.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        if (Pairing is not null) await Pairing.StopAsync();
        byte[] leaving = Envelope.Messages.Event("peer.leaving", w =>
        {
            w.WriteNumber("gen", 1);
            w.WriteString("deviceId", Self.Value);
            w.WriteNumber("timestamp", NowMs);
        });
        foreach (Session session in _sessions) session.Conversation.SendEvent(MessageClass.Safety, leaving);
        foreach (Conversation conversation in _conversations) conversation.Close(1005, "");
        await StopFramesAsync();
    }

    public void Dispose() => _stop.Dispose();

    /// <summary>The session with a device, or null.</summary>
    public Session? SessionOf(NodeId device) => Array.Find(_sessions, s => s.DeviceId == device);

    /// <summary>This node and its peers with what each can do ([W-111]); viewers' capabilities are not counted ([W-113]).</summary>
    public IReadOnlyList<CapabilityHolder> Holders()
    {
        SelfFacts self = _ports.Self();
        var holders = new List<CapabilityHolder> { new(Self, IsSelf: true, self.Role, Health.Degraded ? "degraded" : "healthy", self.Capabilities) };
        foreach (Session s in _sessions) holders.Add(new CapabilityHolder(s.DeviceId, IsSelf: false, s.Facts.Role, s.State == SessionState.Up ? "healthy" : "unhealthy", s.Facts.Capabilities));
        return holders;
    }

    internal Guid NewId() => _ports.NewId();

    private PairingDesk? OpenPairing()
    {
        if (_ports.Pairing is not { } machine) return null;
        var desk = new PairingDesk(new PairingWorld(
            _ports.Self, _ports.Signer, _ports.Verifier, _ports.Trust, _ports.Membership, Directory, _ports.Events, Time, _ports.NewNonce,
            async (peer, ct) => await ToolConnection.OpenAsync(peer, _ports.Dialler, Time, NewId, Options.Inline, ct), machine, Options.PairingWindow, Options.Inline, Stopping));
        desk.Register(_ports.Rpc);
        return desk;
    }

    internal ContextFrame OperatorInput(Action<Utf8JsonWriter> data, string note) => _ports.TellOperatorInput(data, note);

    internal PeerGrants GrantsOf(NodeId device) => Trust.Entries.TryGetValue(device.Value, out TrustEntry? entry) ? entry.Grants : NoGrants;

    // Removed from the store while its session still drains: nothing of it counts any more.
    private static readonly PeerGrants NoGrants = new(Gossip: false, Relay: false, Sync: false, [], Approve: false, Core.Evidence.EvidenceTier.PlanningInference);

    /// <summary>A lifecycle or planner event of a peer.</summary>
    internal void Heard(Session session, string name, JsonElement payload)
    {
        switch (name)
        {
            case "peer.leaving":
                // It ends the session of the socket it came on, whatever device it names ([W-156]).
                if (Liveness.OtherGeneration(payload)) return;
                Unregister(session, "peer leaving", "");
                session.Conversation.Close(1005, "peer leaving");
                break;
            case "peer.down":
                _liveness.DownReported(payload);
                break;
            default:
                Proposals.HeardFrom(session, name, payload);
                break;
        }
    }

    /// <summary>Shows a frame to every operator page that subscribed ([W-127]).</summary>
    internal void TellSubscribers(byte[] message)
    {
        foreach (Conversation conversation in _conversations)
        {
            if (!conversation.Subscribed) continue;
            conversation.SendEvent(MessageClass.Bulk, message);
            Counters.Add(MeshCounter.SubscriberFrames);
        }
    }

    internal void HandshakeRefused(Conversation conversation, JsonElement parameters, HandshakeFault fault)
    {
        Counters.Add(MeshCounter.HandshakeFailures);
        if (fault.Code == HandshakeErrorCodes.MeshIdMismatch) MetMesh(parameters);
        // Counted always, said sometimes: a stranger that knocks all day must not push everything else out of the events.
        if (!_refusalsTold.TryTake()) return;
        string who = RpcParams.Member(parameters, "deviceId") is { ValueKind: JsonValueKind.String } id && NodeId.IsWellFormed(id.GetString()) ? id.GetString()![..12] + "…" : "a device without a proper id";
        Events.Publish(new EdgeEvent(
            0, default, EventTypes.PeerFault, EventSeverity.Warning, "mesh", $"Refused {who} from {conversation.Link.Facts.Remote}: {fault.Code}, {fault.Message}.", FailureClass.Auth));
    }

    /// <summary>The other end of a handshake, proved and trusted, stated another mesh ([W-31]).</summary>
    internal void MetMesh(JsonElement stated)
    {
        if (RpcParams.TextOrNull(stated, "meshId") is { Length: > 0 } meshId) Membership?.Met(meshId);
    }

    /// <summary>Elects anew ([W-115]) and says when the leader changed.</summary>
    internal void MembershipChanged()
    {
        Leader before, elected;
        lock (_lock)
        {
            var members = new List<Member> { SelfMember };
            foreach (Session s in _sessions) members.Add(s.Member);
            elected = PlannerElection.Elect(members);
            before = Leader;
            Leader = elected;
        }

        if (before == elected) return;
        string now = elected.DeviceId is { } id ? $"{(elected.Kind == "local" ? "this node" : id.Abbreviated + "…")} as {elected.Role}" : "nobody";
        Events.Publish(new EdgeEvent(0, default, EventTypes.ModeChange, EventSeverity.Info, "planner", $"Planner leader is now {now}; this node is {Activity.State}."));
    }

    private void Publish(string type, EventSeverity severity, NodeId device, string message) => Events.Publish(new EdgeEvent(
        0, default, type, severity, device.Abbreviated, message, severity == EventSeverity.Info ? null : FailureClass.MeshPartition,
        new Dictionary<string, string> { ["deviceId"] = device.Abbreviated }));
}
