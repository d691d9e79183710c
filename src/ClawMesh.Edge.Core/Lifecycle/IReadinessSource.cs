namespace ClawMesh.Edge.Core.Lifecycle;

/// <summary>How ready the node is now.</summary>
public interface IReadinessSource
{
    /// <summary>The answer alone, without its evidence: asked before every arming, so it allocates nothing.</summary>
    bool IsActuationReady { get; }

    /// <summary>The level with everything it rests on, for people.</summary>
    Readiness Current { get; }
}
