using System.Net;
using System.Text;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>A connection whose other end is the test: it feeds texts and takes what the node sends.</summary>
internal sealed class WireLink(TimeProvider time, bool dialled, bool onLoopback = true) : ILink
{
    public LinkFacts Facts { get; } = new(dialled, "test:1", onLoopback ? IPAddress.Loopback : IPAddress.Parse("192.0.2.7"), onLoopback, CertificateHash: null);

    public SendQueue Queue { get; } = new(time, SendLimits.Default);

    public long LastReceived { get; set; } = time.GetTimestamp();

    public TimeSpan SendingFor => TimeSpan.Zero;

    /// <summary>The close the node asked for; null while it wants the link open.</summary>
    public (int Status, string Reason)? Closed { get; private set; }

    public ILinkUser User { get; set; } = null!;

    public bool Over { get; private set; }

    public void Feed(string text) => Feed(Encoding.UTF8.GetBytes(text));

    public void Feed(ReadOnlyMemory<byte> utf8)
    {
        LastReceived = time.GetTimestamp();
        // As the real link: after our own close nothing more is heard.
        if (Closed is null && !Over) User.Receive(utf8);
    }

    /// <summary>What the node has sent since the last call.</summary>
    public List<string> Take()
    {
        var sent = new List<string>();
        while (Queue.TryTake(out OutboundMessage? message, out _)) sent.Add(Encoding.UTF8.GetString(message!.Utf8.Span));
        return sent;
    }

    public void Close(int status, string reason)
    {
        if (Closed is not null) return;
        Closed = (status, reason);
        Queue.Complete();
    }

    public void End(int status = 1006, string reason = "")
    {
        if (Over) return;
        Over = true;
        Queue.Complete();
        User.Ended(status, reason);
    }
}
