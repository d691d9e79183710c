namespace ClawMesh.Edge.Core.Identity;

/// <summary>What this node does about a mesh it meets.</summary>
public enum JoinPolicy
{
    /// <summary>Its trusted devices are dialled as soon as they are found.</summary>
    Auto,

    /// <summary>It is shown, and a person decides.</summary>
    Ask,

    /// <summary>Its devices are neither dialled nor paired with.</summary>
    Never,
}

/// <summary>Which mesh this node belongs to, what it knows of others, and how it comes to belong to another. Thread-safe.</summary>
public interface IMeshMembership
{
    /// <summary>The mesh this node belongs to now ([W-29], [W-30]); changes by <see cref="Join"/> alone.</summary>
    string MeshId { get; }

    /// <summary>True while the mesh is one this node invented and has shared with nobody: it is not named by configuration and no device is trusted.</summary>
    bool IsOwnInvention { get; }

    /// <summary>The policy for a mesh; <see cref="JoinPolicy.Auto"/> for the node's own, <see cref="JoinPolicy.Ask"/> for one that is not known.</summary>
    JoinPolicy PolicyOf(string meshId);

    /// <summary>Remembers that a mesh was met. Bounded and written now and then only: what strangers announce must not wear out the disk.</summary>
    void Met(string meshId);

    /// <summary>Belongs to another mesh from now on, durably.</summary>
    /// <exception cref="Errors.EdgeException"><c>mesh.not_joinable</c>: named by configuration, its policy is never, or others are trusted already. <c>storage.write_failed</c>.</exception>
    void Join(string meshId);
}
