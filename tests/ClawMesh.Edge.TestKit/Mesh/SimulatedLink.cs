using System.Net;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.TestKit.Mesh;

/// <summary>One end of a connection in the simulated network. Messages leave through its queue, as on a real link.</summary>
public sealed class SimulatedLink : ILink
{
    private readonly SimulatedNetwork _network;

    internal SimulatedLink(SimulatedNetwork network, string owner, LinkFacts facts)
    {
        (_network, Owner, Facts) = (network, owner, facts);
        Queue = new SendQueue(network.Time, SendLimits.Default);
        LastReceived = network.Time.GetTimestamp();
    }

    public LinkFacts Facts { get; }

    public SendQueue Queue { get; }

    public long LastReceived { get; internal set; }

    /// <summary>The name of the end that holds this side.</summary>
    public string Owner { get; }

    /// <summary>Every text this end has sent, oldest first.</summary>
    public List<string> Sent { get; } = [];

    public long SentBytes { get; internal set; }

    public long SentMessages { get; internal set; }

    /// <summary>When each of <see cref="Sent"/> left, since the network began.</summary>
    public List<TimeSpan> SentAt { get; } = [];

    /// <summary>The close this end asked for; null while it is open.</summary>
    public (int Status, string Reason)? Closed { get; private set; }

    /// <summary>How it ended as this side saw it; null while it lasts.</summary>
    public (int Status, string Reason)? Ended { get; internal set; }

    public SimulatedLink Other { get; internal set; } = null!;

    internal ILinkUser User { get; set; } = null!;

    internal bool Over => Ended is not null;

    /// <summary>Nothing passes in either direction and nobody is told: a cut cable behind a router.</summary>
    internal bool HalfOpen { get; set; }

    /// <summary>What came while this end could not take it; a living connection loses nothing.</summary>
    internal Queue<byte[]> Held { get; } = new();

    /// <summary>The other side is gone; this one learns it after what is still on its way.</summary>
    internal (int Status, string Reason)? Ending { get; set; }

    /// <summary>Since when the peer takes nothing.</summary>
    internal long? StuckSince { get; set; }

    // Arrivals keep their order, whatever their delay.
    internal TimeSpan LastArrival { get; set; }

    public void Close(int status, string reason)
    {
        if (Closed is not null || Over) return;
        Closed = (status, reason);
        Queue.Complete();
        _network.NoteClose(this, status, reason);
    }

    internal static LinkFacts FactsOf(bool dialled, string remote, IPAddress? address = null) =>
        new(dialled, $"sim:{remote}", address ?? IPAddress.Loopback, OnLoopback: address is null || IPAddress.IsLoopback(address), CertificateHash: null);
}
