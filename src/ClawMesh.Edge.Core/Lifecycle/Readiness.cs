namespace ClawMesh.Edge.Core.Lifecycle;

/// <summary>How ready the node is; each level includes the ones before it.</summary>
public enum ReadinessLevel
{
    NotReady,
    DriverGreen,
    SubsystemGreen,
    NodeGreen,
    ActuationReady,
}

public static class ReadinessWords
{
    public static string Word(this ReadinessLevel level) => level switch
    {
        ReadinessLevel.NotReady => "not_ready",
        ReadinessLevel.DriverGreen => "driver_green",
        ReadinessLevel.SubsystemGreen => "subsystem_green",
        ReadinessLevel.NodeGreen => "node_green",
        ReadinessLevel.ActuationReady => "actuation_ready",
        _ => throw new ArgumentOutOfRangeException(nameof(level), level, "not a level"),
    };
}

/// <summary>One reason for or against a level.</summary>
/// <param name="Level">The level this piece is needed for.</param>
/// <param name="Holds">False keeps the node below <paramref name="Level"/>.</param>
public sealed record ReadinessEvidence(ReadinessLevel Level, string Subject, bool Holds, string Detail);

/// <summary>A level with everything it rests on.</summary>
public sealed record Readiness(ReadinessLevel Level, IReadOnlyList<ReadinessEvidence> Evidence)
{
    /// <summary>The highest level all of whose evidence, and that of the levels below it, holds.</summary>
    public static Readiness From(IReadOnlyList<ReadinessEvidence> evidence)
    {
        ReadinessLevel reached = ReadinessLevel.NotReady;
        for (ReadinessLevel level = ReadinessLevel.DriverGreen; level <= ReadinessLevel.ActuationReady; level++)
        {
            foreach (ReadinessEvidence piece in evidence)
            {
                if (piece.Level == level && !piece.Holds) return new Readiness(reached, evidence);
            }

            reached = level;
        }

        return new Readiness(reached, evidence);
    }

    /// <summary>What keeps the node from arming, in one sentence; empty when nothing does.</summary>
    public string Missing => string.Join("; ", Evidence.Where(e => !e.Holds).Select(e => $"{e.Subject}: {e.Detail}"));
}
