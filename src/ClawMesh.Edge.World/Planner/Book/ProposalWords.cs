namespace ClawMesh.Edge.World.Planner.Book;

/// <summary>The words of [W-117] and the one way back from them.</summary>
public static class ProposalWords
{
    public const string Expired = "system:expired";

    public static string Word(this ProposalStatus status) => status switch
    {
        ProposalStatus.Proposed => "proposed",
        ProposalStatus.AwaitingApproval => "awaiting_approval",
        ProposalStatus.Approved => "approved",
        ProposalStatus.Executing => "executing",
        ProposalStatus.Completed => "completed",
        ProposalStatus.Rejected => "rejected",
        ProposalStatus.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "not a status"),
    };

    public static string Word(this ApprovalLevel level) => level switch
    {
        ApprovalLevel.L0 => "L0",
        ApprovalLevel.L1 => "L1",
        ApprovalLevel.L2 => "L2",
        ApprovalLevel.L3 => "L3",
        _ => throw new ArgumentOutOfRangeException(nameof(level), level, "not a level"),
    };

    /// <summary>Nothing comes after it.</summary>
    public static bool IsOver(this ProposalStatus status) => status is ProposalStatus.Completed or ProposalStatus.Rejected or ProposalStatus.Failed;
}
