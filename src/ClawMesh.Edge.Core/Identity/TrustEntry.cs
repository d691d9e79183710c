using ClawMesh.Edge.Core.Evidence;

namespace ClawMesh.Edge.Core.Identity;

/// <summary>What a trusted device may do here ([X-11]). The defaults are those of an entry without an <c>edge</c> member.</summary>
/// <param name="Gossip">Its own frames are accepted.</param>
/// <param name="Relay">Frames it passes on are accepted.</param>
/// <param name="Command">Exact refs or [W-111] patterns it may command; nothing by default.</param>
/// <param name="Approve">Its statement of human approval counts ([W-102]).</param>
/// <param name="MaxTier">Highest tier believed for frames it originates.</param>
public sealed record PeerGrants(
    bool Gossip, bool Relay, bool Sync, IReadOnlyList<string> Command, bool Approve, EvidenceTier MaxTier)
{
    public static PeerGrants Default { get; } = new(Gossip: true, Relay: true, Sync: true, [], Approve: false, EvidenceTier.VerifiedActionEvidence);
}

/// <summary>One entry of the trust store ([W-23]), its Edge data included ([X-10]). Immutable.</summary>
/// <param name="PublicKey">43 base64url characters once pinned; null until the first handshake ([W-26]).</param>
/// <param name="AddedAt">As it stands in the file: ISO 8601 with milliseconds and <c>Z</c>.</param>
/// <param name="Features">Edge features last seen from the device ([X-9]).</param>
public sealed record TrustEntry(
    NodeId DeviceId, string? DisplayName, string? PublicKey, string AddedAt, PeerGrants Grants, IReadOnlyList<string> Features);

/// <summary>
/// Who may speak with this node. Consulted on every handshake, so an edit of the file counts without a restart ([W-24]).
/// Thread-safe; fails closed: a store that cannot be read trusts nobody and is never overwritten.
/// </summary>
public interface ITrustStore
{
    /// <summary>Every entry by device id, as of the last look at the file; empty while <see cref="Problem"/> is set.</summary>
    IReadOnlyDictionary<string, TrustEntry> Entries { get; }

    /// <summary>Null, or why the store cannot be used now.</summary>
    string? Problem { get; }

    /// <summary>Looks at the file when it has changed. True when an entry or <see cref="Problem"/> differs from before.</summary>
    bool Refresh();

    /// <summary>Writes the first key of a device into its entry, durably ([W-26]).</summary>
    /// <exception cref="Errors.EdgeException"><c>TRUST_STORE_UNREADABLE</c>, <c>storage.write_failed</c>, <c>trust.busy</c>, <c>PUBLIC_KEY_MISMATCH</c>, or <c>trust.unknown_device</c> when the entry is gone.</exception>
    void Pin(NodeId device, string publicKey);

    /// <summary>Remembers the Edge features a device showed in its handshake ([X-9]). Writes only when they differ.</summary>
    /// <exception cref="Errors.EdgeException">As for <see cref="Pin"/>.</exception>
    void NoteFeatures(NodeId device, IReadOnlyList<string> features);
}
