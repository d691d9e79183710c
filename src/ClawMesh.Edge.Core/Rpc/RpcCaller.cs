using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Core.Rpc;

/// <summary>How far the other end has proved who it is ([X-69]). Never read from a message.</summary>
public enum RpcTier
{
    /// <summary>Somebody from elsewhere, without any proof.</summary>
    Stranger,

    /// <summary>A program on this machine's loopback, without any proof ([X-70]).</summary>
    Loopback,

    /// <summary>A device that completed the mesh handshake.</summary>
    Peer,

    /// <summary>An operator of this node: by peer credentials of the local socket, or by the operator token ([X-65]).</summary>
    Operator,
}

/// <summary>Who asks, as far as it was proved.</summary>
/// <param name="Name">For example <c>operator:anna</c>, or a peer's short id.</param>
public sealed record RpcCaller(RpcTier Tier, string Name)
{
    /// <summary>The session's device when a handshake was completed on this connection; also beside the operator tier.</summary>
    public NodeId? Device { get; init; }

    /// <summary>What the trust store allows that device at this moment.</summary>
    public PeerGrants Grants { get; init; } = PeerGrants.Default;

    /// <summary>The caller sits on this machine, with no forwarding header in between.</summary>
    public bool OnLoopback { get; init; }

    /// <summary>The connection is TLS.</summary>
    public bool Encrypted { get; init; }

    /// <summary>The connection the request came on, for handlers of the layer that owns connections; null on the local socket.</summary>
    public object? Connection { get; init; }

    /// <summary>
    /// On the local socket: null when the program there reads from a terminal at this moment, otherwise what is missing. Absent where
    /// the kernel cannot tell. A person's yes is taken from nowhere else ([X-54]).
    /// </summary>
    public Func<string?>? TerminalMissing { get; init; }

    /// <summary>Carries events to the caller while it waits for its answer; null where nothing can.</summary>
    public IRpcEvents? Events { get; init; }
}
