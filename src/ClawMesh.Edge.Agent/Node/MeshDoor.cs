using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.Mesh.Discovery;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Operators;
using ClawMesh.Edge.Mesh.Pairing;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// Brings the mesh and this machine together: the trust store, the operator's token and the certificate on disk, Kestrel, the dialler,
/// and the tick.
/// </summary>
internal sealed class MeshDoor : IAsyncDisposable
{
    private readonly EdgeNode _node;
    private readonly MeshDialler _dialler;
    private readonly TokenBucket _faultsTold;
    private MeshListener? _listener;
    private NodeCertificate? _certificate;

    private readonly NetworkDiscovery? _discovery;

    private MeshDoor(EdgeNode node, MeshNode mesh, TrustedPeersFile trust, MeshDialler dialler, NetworkDiscovery? discovery, IReadOnlyList<MeshDiagnostic> diagnostics) =>
        (_node, Mesh, Trust, _dialler, _discovery, Diagnostics, _faultsTold) = (node, mesh, trust, dialler, discovery, diagnostics, new TokenBucket(node.Time, 0.02, 5));

    public MeshNode Mesh { get; }

    public TrustedPeersFile Trust { get; }

    public IReadOnlyList<MeshDiagnostic> Diagnostics { get; }

    /// <summary>Who else is on the local network; null where it is not looked for.</summary>
    public IServiceDirectory? Discovery => _discovery;

    public string Endpoint => _listener?.Endpoint ?? "";

    /// <summary>Builds the mesh; nothing listens and nothing dials yet.</summary>
    /// <exception cref="EdgeException"><c>config.invalid</c>: with strict transport, a peer may not be dialled as configured.</exception>
    public static MeshDoor Open(EdgeNode node, DeviceIdentity identity, FrameFactory factory)
    {
        NodeOptions options = node.Options;
        var trust = new TrustedPeersFile(options.State.Path, node.Time);
        trust.Refresh();
        IReadOnlyList<StaticPeer> peers = StaticPeerList.Read(node.DeviceId, options.StaticPeers);
        IReadOnlyList<MeshDiagnostic> diagnostics = StartDiagnostics.Collect(new StartFacts(
            node.DeviceId, options.Port, options.StaticPeers, MayDiscover(options), node.LocalCapabilities, trust.Problem, trust.Entries,
            node.Journal.Health.State == JournalState.Ready, node.Clock.Class != ClockClass.Unsynchronised, ListensBeyondLan: false, options.StrictTransport));
        if (options.StrictTransport && peers.FirstOrDefault(p => !p.MayDial) is { } forbidden)
        {
            throw new EdgeException(
                ErrorCodes.ConfigInvalid, "The node does not start with this peer.", WanRefusal.Text(forbidden),
                "Give the peer a wss URL and its fingerprint, or turn strictTransport off: then only this peer is left out.", FailureClass.Config);
        }

        MeshNode mesh = null!;
        var dialler = new MeshDialler(options.SendLimits, node.Time, () => RandomNumberGenerator.GetBytes(16), node.Events, () => mesh.Counters.Add(MeshCounter.TooLarge));
        string publicKey = identity.PublicKeyText;
        SelfFacts Self() => new(node.DeviceId, publicKey, node.Meshes.MeshId, options.Role, options.Name, node.LocalCapabilities);
        NetworkDiscovery? discovery = !MayDiscover(options) ? null : new NetworkDiscovery(
            node.DeviceId, options.Name, node.Version, () => node.Meshes.MeshId, node.Time, Chance, device => trust.Entries.ContainsKey(device.Value), node.Events);
        mesh = new MeshNode(
            MeshOptions.Default.WithLiveness(options.PingAfter, options.DownAfter) with
            {
                StaticPeers = peers,
                Discovery = discovery is not null,
                LoopbackReadOnly = options.LoopbackReadOnly,
                InboundPerSecond = options.InboundPerSecond,
                InboundBurst = options.InboundBurst,
                SignFrames = options.SignFrames,
                AcceptUnsigned = options.AcceptUnsigned,
                SyncInterval = options.SyncInterval,
                PairingWindow = options.PairingWindow,
                ClassicPace = Pace.ClassicOf(options.ClassicPerMinute),
                ClassicRetention = options.Journal.ClassicAge,
            },
            new MeshPorts(
                Self, identity.Signer, new Ed25519Verifier(), trust, node.Rpc, node.Desk.WireGate, node.Desk, OperatorsOf(node), node.Events, dialler, node.Time,
                Chance,
                () => RandomNumberGenerator.GetBytes(32), node.NewId, factory.OperatorInput,
                Discovered: discovery, Membership: node.Meshes, Archive: node.Archive, Settings: node.Journal.Settings,
                Pairing: new PairingPorts(paired => StorePairedAsync(node, trust, mesh, paired), key => DeviceIds.IsSoundKey(key))));
        return new MeshDoor(node, mesh, trust, dialler, discovery, diagnostics);
    }

    /// <exception cref="EdgeException"><c>node.port_busy</c>, naming the holder; <c>node.cannot_listen</c>; the certificate is unusable.</exception>
    public async Task ListenAsync()
    {
        NodeOptions options = _node.Options;
        _certificate = options.TlsListen ? NodeCertificate.LoadOrCreate(options.State.Path, _node.DeviceId.Abbreviated, _node.Time) : null;
        try
        {
            _listener = await MeshListener.StartAsync(
                new ListenOptionsOfMesh(options.Host, options.Port, options.AllowedOrigins, _certificate?.Certificate, options.SendLimits),
                link => Mesh.Open(link), Mesh.Strangers, _node.Events, () => Mesh.Counters.Add(MeshCounter.TooLarge), () => Mesh.Counters.Add(MeshCounter.TurnedAway), _node.Time);
        }
        catch (IOException busy) when (busy.InnerException is SocketException or Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            string holder = PortHolder.Find(options.Port)?.ToString() ?? "another process";
            throw new EdgeException(
                ErrorCodes.PortBusy, $"Could not listen on {options.Host}:{options.Port}.", $"The port is held by {holder}.",
                "Stop that process, or choose another port with --listen HOST:PORT.", FailureClass.Config, busy);
        }
        catch (SocketException failed)
        {
            throw new EdgeException(
                ErrorCodes.CannotListen, $"Could not listen on {options.Host}:{options.Port}.", failed.Message,
                "Choose an address of this machine and a port this user may open, with --listen HOST:PORT.", FailureClass.Config, failed);
        }
    }

    /// <summary>Web pages that may connect from now on.</summary>
    public void AllowOrigins(IReadOnlyList<string> origins)
    {
        if (_listener is not null) _listener.AllowedOrigins = origins;
    }

    /// <summary>Announces this node and looks for others, until the node stops; at once where that is off.</summary>
    public Task DiscoverAsync(CancellationToken cancellationToken)
    {
        IPAddress listens = IPAddress.TryParse(_node.Options.Host, out IPAddress? one) ? one : IPAddress.Any;
        // Whoever finds a node dials it without TLS ([W-37]); one that speaks TLS only looks.
        int port = _certificate is null ? int.Parse(Endpoint.AsSpan(Endpoint.LastIndexOf(':') + 1), CultureInfo.InvariantCulture) : 0;
        return _discovery?.RunAsync(listens, port, cancellationToken) ?? Task.CompletedTask;
    }

    /// <summary>Says at the start what the mesh found about its configuration, and whom it will not dial ([W-164], [W-166]).</summary>
    public void Announce()
    {
        foreach (MeshDiagnostic finding in Diagnostics)
        {
            EventSeverity severity = finding.Level switch { DiagnosticLevel.Error => EventSeverity.Error, DiagnosticLevel.Warning => EventSeverity.Warning, _ => EventSeverity.Info };
            Say(severity, finding.ToString());
        }

        foreach (StaticDial dial in Mesh.Dials)
        {
            if (!dial.Peer.MayDial) Say(EventSeverity.Error, WanRefusal.Text(dial.Peer));
        }

        foreach (string warning in Trust.Warnings) Say(EventSeverity.Warning, warning);
        if (_node.Meshes.Problem is { } unusable) Say(EventSeverity.Error, $"[mesh.list_unreadable] {unusable} No mesh is joined, and nobody found is dialled.");
        foreach (string warning in _node.Meshes.Warnings) Say(EventSeverity.Warning, warning);
        NoteMeshName();

        void Say(EventSeverity severity, string text) => _node.Events.Publish(new EdgeEvent(
            0, default, severity == EventSeverity.Info ? EventTypes.Startup : EventTypes.Error, severity, "mesh", text, severity == EventSeverity.Info ? null : FailureClass.Config));
    }

    // A name is for people; a disk that takes none keeps no node from its work.
    private void NoteMeshName()
    {
        try
        {
            _node.Meshes.NoteName();
        }
        catch (EdgeException unwritten)
        {
            _node.Events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Info, "mesh", $"[{unwritten.Code}] {unwritten.What} {unwritten.Why}", unwritten.FailureClass));
        }
    }

    /// <summary>The mesh's clock, until the node stops.</summary>
    public async Task TickAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(MeshNode.TickInterval, _node.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken)) Tick();
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    // A fault in one look at the peers must not take the outputs' node with it; it is said, now and then, and looked again.
    private void Tick()
    {
        try
        {
            Mesh.Tick();
        }
        catch (Exception bug) when (bug is not OperationCanceledException)
        {
            if (_faultsTold.TryTake())
                _node.Events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Error, "mesh", $"The mesh's tick failed: {bug.GetType().Name}, {bug.Message}", FailureClass.Infra));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Mesh.StopAsync();
        await _dialler.DisposeAsync();
        if (_listener is not null) await _listener.DisposeAsync();
        _certificate?.Dispose();
        Mesh.Dispose();
    }

    // The pairing counts once it is in the store; a journal that takes no record does not undo what two people agreed on.
    private static async Task StorePairedAsync(EdgeNode node, TrustedPeersFile trust, MeshNode mesh, PairedDevice paired)
    {
        trust.AddPaired(paired.DeviceId, paired.PublicKey, paired.DisplayName, paired.Grants);
        mesh.LookAtTrust();
        try
        {
            await node.Desk.JournalOperatorActAsync("pair", paired.By, $"{paired.DeviceId}: {GrantText.Describe(paired.Grants)}{(paired.MeshId is { } joined ? $"; joined mesh {joined}" : "")}", CancellationToken.None);
        }
        catch (EdgeException unrecorded)
        {
            node.Warn("pairing", $"The pairing with {paired.DeviceId.Abbreviated}… counts, and is not in the audit journal. {unrecorded.Why} {unrecorded.Fix}");
        }
    }
    private static double Chance() => RandomNumberGenerator.GetInt32(1 << 30) / (double)(1 << 30);

    // What nobody else can reach is not announced to them.
    private static bool MayDiscover(NodeOptions options) =>
        options.Discovery && !(IPAddress.TryParse(options.Host, out IPAddress? listens) && IPAddress.IsLoopback(listens));

    // A token that others could read is no token; the node runs on without this door ([X-64]).
    private static OperatorAuthenticator? OperatorsOf(EdgeNode node)
    {
        try
        {
            return new OperatorAuthenticator(OperatorToken.LoadOrCreate(node.Options.State.Path).Bytes, node.DeviceId, node.Time);
        }
        catch (EdgeException unusable)
        {
            node.Warn("operator token", $"{unusable.What} {unusable.Why} {unusable.Fix} Operators are known by the local socket only.");
            return null;
        }
    }
}
