namespace ClawMesh.Edge.Core.Lifecycle;

/// <summary>How ready the node is now. Cheap enough to ask before every arming.</summary>
public interface IReadinessSource
{
    Readiness Current { get; }
}
