using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Handshake;

/// <summary>What a completed handshake has proved or told about the other end. Immutable.</summary>
/// <param name="PublicKey">43 base64url characters, bound to <paramref name="DeviceId"/> ([W-25]).</param>
/// <param name="Role">As told; an unknown word is carried and treated like <c>node</c> ([W-48]).</param>
/// <param name="Features">Edge features with a valid signature ([X-7]); empty for a classic node.</param>
public sealed record PeerFacts(
    NodeId DeviceId, string PublicKey, string? DisplayName, IReadOnlyList<string> Capabilities, string? MeshId, string? Role, IReadOnlyList<string> Features)
{
    /// <summary>A peer that advertised Edge features: unpaced, may be asked in either direction.</summary>
    public bool IsEdge => Features.Count > 0;

    public bool Has(string feature) => Features.Contains(feature);
}

/// <summary>What this node says about itself in every handshake.</summary>
public sealed record SelfFacts(NodeId DeviceId, string PublicKey, string MeshId, string Role, string? DisplayName, IReadOnlyList<string> Capabilities);
