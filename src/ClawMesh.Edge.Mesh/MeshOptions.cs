using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh;

/// <summary>What one run of the mesh is told. Immutable; the defaults are the documents'.</summary>
public sealed record MeshOptions
{
    public static MeshOptions Default { get; } = new();

    public IReadOnlyList<StaticPeer> StaticPeers { get; init; } = [];

    /// <summary><c>health</c>, <c>read</c> or <c>none</c> ([X-70]).</summary>
    public string LoopbackReadOnly { get; init; } = "health";

    /// <summary>Messages per second of one session before they are dropped, and the burst ([W-154]).</summary>
    public double InboundPerSecond { get; init; } = 2_000;

    public double InboundBurst { get; init; } = 10_000;

    /// <summary>Messages per minute of a socket without a session; beyond them it is closed with 1013.</summary>
    public int UnauthenticatedPerMinute { get; init; } = 60;

    /// <summary>Actuation forwards per second of one device, and the burst. Each leaves a journal record; a storm must not fill the disk.</summary>
    public double ForwardsPerSecond { get; init; } = 1;

    public double ForwardBurst { get; init; } = 30;

    /// <summary>How long a handshake step, and an accepted socket without a session, may take ([W-15]).</summary>
    public TimeSpan HandshakeLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Silence after which a peer is suspect and down at health 0 ([X-34]).</summary>
    public TimeSpan SuspectAfter { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan DownAfter { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Silence after which not even an indirect answer helps ([X-35]).</summary>
    public TimeSpan DownAnyway { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>The three limits above from the two that are configured ([X-34], [X-35]): suspect at two pings, and always before down.</summary>
    public MeshOptions WithLiveness(TimeSpan pingAfter, TimeSpan downAfter) =>
        this with { SuspectAfter = pingAfter * 2 < downAfter * 0.75 ? pingAfter * 2 : downAfter * 0.75, DownAfter = downAfter, DownAnyway = downAfter * 1.5 };

    /// <summary>An event at least this often on every accepted session ([W-150]: 30 s at most).</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>How long the lower-id peer's session must be gone before a static dial that stood down resumes ([W-40]).</summary>
    public TimeSpan StandDown { get; init; } = TimeSpan.FromSeconds(60);

    public int SeenFrames { get; init; } = 20_000;

    /// <summary>Own frames are numbered and signed ([X-12]).</summary>
    public bool SignFrames { get; init; } = true;

    /// <summary>Frames without a signature are taken at all ([X-18]).</summary>
    public bool AcceptUnsigned { get; init; } = true;

    /// <summary>How often a session is compared, give or take a fifth ([X-28]).</summary>
    public TimeSpan SyncInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Towards a classic acceptor ([X-72]).</summary>
    public Transport.Pace ClassicPace { get; init; } = Transport.Pace.Classic;

    /// <summary>How long a window for pairing stands open ([X-53]).</summary>
    public TimeSpan PairingWindow { get; init; } = Pairing.PairingDesk.LongestWindow;

    /// <summary>How often an Edge peer is asked for its clock ([X-33]).</summary>
    public TimeSpan ClockPing { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How far back frames without numbers are compared ([X-32]).</summary>
    public TimeSpan ClassicRetention { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How much checking of signatures a node does ([X-17]).</summary>
    public Origin.VerifyLimits Verify { get; init; } = Origin.VerifyLimits.Default;

    /// <summary>The pause between two ticks that counts as in time. A simulator of weeks ticks slower.</summary>
    public TimeSpan TickInterval { get; init; } = MeshNode.TickInterval;

    public bool Discovery { get; init; }

    /// <summary>Answers of peers continue on the receive loop that brought them. For a simulator that owns every thread; never in a node.</summary>
    public bool Inline { get; init; }
}
