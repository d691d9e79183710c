namespace ClawMesh.Edge.World.Planner;

/// <summary>What a planner would like to be done, before anybody has taken it down.</summary>
/// <param name="Minutes">Of the site's time; 0 for an operation that takes no duration.</param>
/// <param name="Level">Asked for; automatic approval is lifted to <see cref="ApprovalLevel.L2"/> where no standing approval or no fresh evidence carries it.</param>
/// <param name="Evidence">What sensors said; a forecast has no place here.</param>
public sealed record ProposalDraft(
    string Zone,
    string TargetRef,
    string Operation,
    double Minutes,
    string Summary,
    string Reasoning,
    ApprovalLevel Level,
    IReadOnlyList<SensorEvidence> Evidence,
    Expectation? Expectation)
{
    /// <summary>Whose output it is; null for whoever offers it.</summary>
    public string? ExecutorDeviceId { get; init; }
}
