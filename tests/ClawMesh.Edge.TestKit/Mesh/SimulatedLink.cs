using System.Net;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.TestKit.Mesh;

/// <summary>One end of a connection in the simulated network. Messages leave through its queue, as on a real link.</summary>
public sealed class SimulatedLink : ILink
{
    internal SimulatedLink(LinkFacts facts, SendLimits limits, TimeProvider time)
    {
        Facts = facts;
        Queue = new SendQueue(time, limits);
        LastReceived = time.GetTimestamp();
    }

    public LinkFacts Facts { get; }

    public SendQueue Queue { get; }

    public long LastReceived { get; internal set; }

    /// <summary>Every text this end has sent, oldest first.</summary>
    public List<string> Sent { get; } = [];

    /// <summary>The close this end asked for; null while it is open.</summary>
    public (int Status, string Reason)? Closed { get; private set; }

    internal SimulatedLink Other { get; set; } = null!;

    internal ILinkUser User { get; set; } = null!;

    internal bool Over { get; set; }

    /// <summary>Nothing passes in either direction and nobody is told: a cut cable behind a router.</summary>
    internal bool HalfOpen { get; set; }

    // Arrivals keep their order, whatever their delay.
    internal TimeSpan LastArrival { get; set; }

    public void Close(int status, string reason)
    {
        if (Closed is not null) return;
        Closed = (status, reason);
        Queue.Complete();
    }

    internal static LinkFacts Loopback(bool dialled, string remote) => new(dialled, remote, IPAddress.Loopback, OnLoopback: true, CertificateHash: null);
}
