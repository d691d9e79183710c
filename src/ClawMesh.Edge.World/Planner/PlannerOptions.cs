using ClawMesh.Edge.Core.World;

namespace ClawMesh.Edge.World.Planner;

/// <summary>How the planner weighs. Immutable.</summary>
public sealed record PlannerOptions
{
    /// <summary>Ways to water that are compared in one plan.</summary>
    public int Candidates { get; init; } = 4_096;

    /// <summary>
    /// How far a probe may be off, percent moisture, taken off both sides of the band beside the forecast's own uncertainty. A capacitive
    /// probe that was calibrated for its soil is good for one to two percent; one that only wanders with temperature for about half of one.
    /// </summary>
    public double SensorMarginPercent { get; init; } = 0.4;

    /// <summary>False on a simulated site, where simulated statements count.</summary>
    public bool OutputsAreReal { get; init; } = true;

    public PlanWeights Weights { get; init; } = new();
}
