using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.TestKit;

/// <summary>A membership in memory.</summary>
public sealed class SimpleMembership(string meshId, bool fresh = false) : IMeshMembership
{
    public string MeshId { get; private set; } = meshId;

    public bool IsOwnInvention { get; private set; } = fresh;

    /// <summary>The mesh whose policy is never.</summary>
    public string? Refused { get; init; }

    /// <summary>While true, joining fails as on a full disk.</summary>
    public bool FailJoin { get; set; }

    public JoinPolicy PolicyOf(string meshId) => meshId == MeshId ? JoinPolicy.Auto : meshId == Refused ? JoinPolicy.Never : JoinPolicy.Ask;

    public void Met(string meshId)
    {
    }

    public void Join(string meshId)
    {
        if (FailJoin || !IsOwnInvention) throw new EdgeException("mesh.not_joinable", "Could not join the mesh.", "The test wants it so.", "None.", FailureClass.Config);
        (MeshId, IsOwnInvention) = (meshId, false);
    }
}
