namespace ClawMesh.Edge.World.Twin;

/// <summary>How much the twin may hold ([W-82]).</summary>
public sealed record TwinLimits
{
    public static TwinLimits Default { get; } = new();

    public int Entities { get; init; } = 1_024;

    public int PropertiesPerEntity { get; init; } = 32;

    /// <summary>A machine may have 64 sensors of its own, and some words besides.</summary>
    public int PropertiesPerNode { get; init; } = 80;

    public int Histories { get; init; } = 256;

    /// <summary>Length of one step of a history, in the time of the site.</summary>
    public TimeSpan HistoryStep { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Two days of quarter hours.</summary>
    public int HistorySteps { get; init; } = 192;

    /// <summary>How far ahead of local time a statement may be and still become current ([W-80]).</summary>
    public long FutureToleranceMs { get; init; } = 300_000;

    /// <summary>Bytes; a frame that is longer says nothing about a zone.</summary>
    public int FrameBytes { get; init; } = 16 * 1024;
}

/// <param name="Folded">Statements that became current.</param>
/// <param name="Late">Statements older than the current one; those of numbers still went into their history.</param>
/// <param name="FromFuture">Statements too far ahead of local time.</param>
/// <param name="Unreadable">Frames that were none, or too long.</param>
/// <param name="Evicted">Entities, properties and histories that gave way.</param>
/// <param name="Refused">Entities, properties and histories for which there was no room.</param>
public readonly record struct TwinCounts(int Entities, int Properties, int Histories, long Folded, long Late, long FromFuture, long Unreadable, long Evicted, long Refused);
