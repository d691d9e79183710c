using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Planner;

/// <summary>
/// A statement that a sensor made and no model had a part in. Only <see cref="From"/> makes one, and it has no way to make one of a
/// forecast: that is why nothing a model said can become the evidence of an automatic approval.
/// </summary>
public sealed class SensorEvidence
{
    private SensorEvidence(TwinProperty property) => Property = property;

    public TwinProperty Property { get; }

    /// <summary>Null unless the statement is fresh, a number, believed as T2 or better, from sensors or devices alone, and as real as the outputs.</summary>
    /// <param name="outputsAreReal">Simulated statements are no evidence where something real would move.</param>
    public static SensorEvidence? From(TwinProperty property, bool outputsAreReal)
    {
        if (property is not { Value: { } value, Freshness: Freshness.Fresh } || !double.IsFinite(value)) return null;
        if (property.Tier < EvidenceTier.OperationalObservation || (property.Simulated && outputsAreReal) || property.Sources.Count == 0) return null;
        foreach (string source in property.Sources)
        {
            if (TrustWords.Source(source) is not (EvidenceSource.Sensor or EvidenceSource.Device)) return null;
        }

        return new SensorEvidence(property);
    }
}
