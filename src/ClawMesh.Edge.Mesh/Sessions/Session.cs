using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh.Sessions;

/// <summary>How sure this node is that the peer is there ([X-35]).</summary>
public enum SessionState
{
    Up,
    Suspect,
}

/// <param name="Silent">Since a byte came last.</param>
/// <param name="Queued">Messages that wait to be sent.</param>
public sealed record LinkHealth(TimeSpan Silent, TimeSpan ConnectedFor, int Queued, string Remote, bool Encrypted, SendCounters Counters);

/// <summary>An authenticated link to one device ([W-41]). What changes in it is changed by the mesh's tick alone.</summary>
public sealed class Session
{
    private const int MaxInvalid = 20;

    private static readonly TimeSpan InvalidWindow = TimeSpan.FromSeconds(60);

    internal Session(Conversation conversation, PeerFacts facts, long connectedAtMs, long connectedTimestamp, string? label)
    {
        (Conversation, Facts, ConnectedAtMs, ConnectedTimestamp, Label) = (conversation, facts, connectedAtMs, connectedTimestamp, label);
        LastPingTimestamp = connectedTimestamp;
        Member = new Election.Member(facts.DeviceId, facts.Role, IsSelf: false);
    }

    public PeerFacts Facts { get; }

    public NodeId DeviceId => Facts.DeviceId;

    /// <summary>This node dialled.</summary>
    public bool Outbound => Conversation.Link.Facts.Dialled;

    /// <summary>The label of the static peer, on outbound sessions only ([W-133]).</summary>
    public string? Label { get; }

    public long ConnectedAtMs { get; }

    /// <summary>How well the line is kept ([W-162]). Of an accepted one nobody here knows whether the dialler has pinned.</summary>
    public TransportPosture Posture =>
        Conversation.Dial?.Peer.Posture ?? (Conversation.Link.Facts.Encrypted ? TransportPosture.TlsUnpinned : TransportPosture.Insecure);

    public SessionState State { get; internal set; }

    public PeerSight Sight { get; } = new();

    internal long ConnectedTimestamp { get; }

    internal Conversation Conversation { get; }

    internal Election.Member Member { get; }

    internal long SuspectSince { get; set; }

    /// <summary>An indirect probe reached the device since it became suspect.</summary>
    internal bool ReachedIndirectly { get; set; }

    // One warning per peer about another generation ([W-32]).
    internal bool GenerationWarned { get; set; }

    internal long LastProbeTimestamp { get; set; }

    /// <summary>It has left the table of sessions.</summary>
    internal bool IsOver { get; set; }

    internal Sync.SyncState Sync { get; } = new();

    internal Backlog.BacklogState Backlog { get; } = new();

    private readonly Queue<long> _invalid = new();

    /// <summary>Counts a frame that was invalid; true when there were more than 20 of them in 60 s ([X-18]).</summary>
    internal bool CountInvalid(TimeProvider time)
    {
        Sight.CountInvalid();
        lock (_invalid)
        {
            while (_invalid.TryPeek(out long first) && time.GetElapsedTime(first) >= InvalidWindow) _invalid.Dequeue();
            _invalid.Enqueue(time.GetTimestamp());
            return _invalid.Count > MaxInvalid;
        }
    }
    /// <summary>What it told about its clock ([X-37]); locked by itself.</summary>
    internal Lifecycle.ClockSamples Clock { get; } = new();

    internal long LastPingTimestamp { get; set; }

    internal long DroppedSafetyTold { get; set; }

    /// <summary>How its link does, for those who look.</summary>
    public LinkHealth Link(TimeProvider time)
    {
        ILink link = Conversation.Link;
        return new LinkHealth(
            time.GetElapsedTime(link.LastReceived), time.GetElapsedTime(ConnectedTimestamp), link.Queue.Count, link.Facts.Remote, link.Facts.Encrypted, link.Queue.Counters);
    }

    public override string ToString() => DeviceId.Abbreviated;
}
