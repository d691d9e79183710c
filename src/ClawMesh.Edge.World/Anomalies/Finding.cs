using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Anomalies;

internal enum Verdict
{
    /// <summary>Cannot be told now: nothing fresh, or the state in which it would show is not there. An incident stays as it is.</summary>
    Unknown,

    Normal,

    /// <summary>Neither bad enough to raise nor good enough to clear.</summary>
    Between,

    Wrong,

    /// <summary>Wrong, and everything that had to last has lasted.</summary>
    Certain,
}

/// <summary>What a detector saw at one look.</summary>
/// <param name="Main">The statement that is counted; null when there is none.</param>
/// <param name="Beside">Further statements it rests on.</param>
internal sealed record Finding(Verdict Verdict, TwinProperty? Main = null, string Seen = "", string Expected = "", TwinProperty? Beside = null)
{
    public static readonly Finding Unknown = new(Verdict.Unknown);

    /// <summary>A number that a sensor gave lately and that this node believes more than a model's.</summary>
    public static bool IsUsable(TwinProperty? property) =>
        property is { Value: not null, Freshness: Freshness.Fresh or Freshness.Aging, Tier: > Core.Evidence.EvidenceTier.PlanningInference };
}
