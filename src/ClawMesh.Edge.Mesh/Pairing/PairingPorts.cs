using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Discovery;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Sessions;

namespace ClawMesh.Edge.Mesh.Pairing;

/// <summary>A device that two people let in.</summary>
/// <param name="DisplayName">As it names itself, fit for a terminal.</param>
/// <param name="MeshId">The mesh this node joined by it; null when it stayed in its own.</param>
/// <param name="By">Who confirmed here.</param>
public sealed record PairedDevice(NodeId DeviceId, string PublicKey, string DisplayName, PeerGrants Grants, string? MeshId, string By);

/// <summary>What pairing needs of the machine.</summary>
/// <param name="Store">Writes the trust entry with <c>edge.method</c> <c>sas</c> ([X-10]), durably, and journals the act. Fails with an <see cref="Core.Errors.EdgeException"/>.</param>
/// <param name="IsSoundKey">False for a public key of small order or in a second spelling ([W-19], [X-57]).</param>
public sealed record PairingPorts(Func<PairedDevice, Task> Store, Func<byte[], bool> IsSoundKey);

/// <summary>A connection of the initiator, without a session.</summary>
public interface IPairingLine : IAsyncDisposable
{
    /// <summary>Completed when the connection is gone.</summary>
    Task Gone { get; }

    /// <summary>Asks; a failure is a result, never an exception.</summary>
    Task<CallResult> CallAsync(string method, Action<Utf8JsonWriter>? parameters, TimeSpan limit, CancellationToken cancellationToken);
}

/// <summary>Everything around a <see cref="PairingDesk"/>.</summary>
/// <param name="Membership">Null where a node always belongs to the one mesh it states.</param>
/// <param name="NewNonce">32 random bytes of the operating system.</param>
/// <param name="Dial">Fails with an <see cref="Core.Errors.EdgeException"/>.</param>
/// <param name="Inline">Waiting requests continue where the answer came about; only for a simulator that owns every thread.</param>
public sealed record PairingWorld(
    Func<SelfFacts> Self, ISigner Signer, ISignatureVerifier Verifier, ITrustStore Trust, IMeshMembership? Membership, IServiceDirectory? Directory, IEventSink Events,
    TimeProvider Time, Func<byte[]> NewNonce, Func<StaticPeer, CancellationToken, Task<IPairingLine>> Dial, PairingPorts Ports, TimeSpan Window, bool Inline, CancellationToken Stopping);

/// <summary>Where an attempt stands ([X-60]).</summary>
public enum PairingState
{
    Closed,
    Open,
    Committed,
    Showing,

    /// <summary>This end's person agreed; the other end's signature is still to come.</summary>
    Waiting,

    Storing,
    Stored,
    Failed,
}

/// <summary>What the person at this end is shown. A snapshot.</summary>
/// <param name="Code">The six digits, at the responder only: the initiator's person types what the other end shows ([X-54]).</param>
/// <param name="Gives">What the other device will be allowed here; <paramref name="Gets"/> the reverse.</param>
/// <param name="IsWide">Approvals or patterns are given: asked for a second time ([X-62]).</param>
/// <param name="Joins">The mesh this node will join by it.</param>
/// <param name="EndCode">One of <see cref="PairingErrorCodes"/>, or of the fault that kept the attempt from beginning.</param>
public sealed record PairingStatus(
    PairingState State, PairingRole Role, TimeSpan Left, string? Code, PairingHello? Other, PeerGrants? Gives, PeerGrants? Gets, bool IsWide, string? Joins, string? EndCode, string? EndWhy);
