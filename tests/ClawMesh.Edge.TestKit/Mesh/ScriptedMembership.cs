using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.TestKit.Mesh;

/// <summary>A membership without a file: policies as the test sets them, and every mesh that was met.</summary>
public sealed class ScriptedMembership(string meshId) : IMeshMembership
{
    public Dictionary<string, JoinPolicy> Policies { get; } = [];

    public HashSet<string> MetMeshes { get; } = [];

    public string MeshId { get; private set; } = meshId;

    public bool IsOwnInvention { get; set; }

    public JoinPolicy PolicyOf(string meshId) =>
        Policies.TryGetValue(meshId, out JoinPolicy policy) ? policy : meshId == MeshId ? JoinPolicy.Auto : JoinPolicy.Ask;

    public void Met(string meshId) => MetMeshes.Add(meshId);

    public void Join(string meshId) => MeshId = meshId;
}
