using System.Net;
using ClawMesh.Edge.Mesh.Peers;

namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>What is known about a connection before anybody proved anything on it.</summary>
/// <param name="Dialled">This node opened it.</param>
/// <param name="Remote">For people: address and port, or the URL that was dialled.</param>
/// <param name="OnLoopback">The remote address is 127.0.0.0/8 or ::1 and no forwarding header came along ([X-70]).</param>
/// <param name="CertificateHash">SHA-256 of the server's certificate on a TLS connection, as this end saw it; otherwise null.</param>
public sealed record LinkFacts(bool Dialled, string Remote, IPAddress Address, bool OnLoopback, byte[]? CertificateHash)
{
    public bool Encrypted => CertificateHash is not null;
}

/// <summary>One open connection. The mesh puts messages into <see cref="Queue"/>; the transport takes them out and sends them.</summary>
public interface ILink
{
    LinkFacts Facts { get; }

    SendQueue Queue { get; }

    /// <summary>When a byte came last, pongs included; a timestamp of the node's clock ([X-34]).</summary>
    long LastReceived { get; }

    /// <summary>Sends what is queued, then closes. Returns at once; a further call changes nothing.</summary>
    /// <param name="status">A WebSocket close code; 1005 closes without one.</param>
    void Close(int status, string reason);
}

/// <summary>Whoever a link's messages are for. Called from the link's receive loop, one call at a time.</summary>
public interface ILinkUser
{
    /// <summary>One whole text message. The memory is the link's and is used again after the call.</summary>
    void Receive(ReadOnlyMemory<byte> utf8);

    /// <summary>The connection is gone. Called exactly once, last.</summary>
    /// <param name="status">The close code as this end saw it; 1006 when the connection just ended.</param>
    void Ended(int status, string reason);
}

/// <summary>Opens connections.</summary>
public interface IDialler
{
    /// <summary>Connects within 10 s ([W-15]) and hands the link to <paramref name="opened"/>; what follows runs on its own.</summary>
    /// <exception cref="Core.Errors.EdgeException"><c>mesh.dial_failed</c> or <c>TLS_PIN_MISMATCH</c>.</exception>
    Task DialAsync(StaticPeer peer, Func<ILink, ILinkUser> opened, CancellationToken cancellationToken);
}
