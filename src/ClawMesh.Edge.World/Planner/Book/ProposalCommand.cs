using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.World.Planner.Book;

/// <summary>
/// The command an approved proposal becomes, with an honest trust block. A person's approval makes the block of [W-123]; a standing
/// approval claims what it has: sensors, tier T2, no verification. Such a command passes where the site asks for no person and nowhere
/// else. A model is never among the sources.
/// </summary>
public static class ProposalCommand
{
    /// <summary>Null when the approval is not the one that the proposal's level asks for.</summary>
    public static CommandEnvelope? Of(Proposal proposal, ProposalApproval approval, string commandId, long createdAtMs) =>
        Suffices(proposal.Level, approval)
            ? CommandEnvelope.Create(
                commandId, createdAtMs, proposal.PlannerDeviceId, proposal.PlannerRole, proposal.TargetRef, proposal.Operation, proposal.OperationParams, TrustOf(approval), proposal.Summary)
            : null;

    private static bool Suffices(ApprovalLevel level, ProposalApproval approval) => level switch
    {
        ApprovalLevel.L1 => true,
        ApprovalLevel.L2 => !approval.Automatic,
        ApprovalLevel.L3 => !approval.Automatic && approval.ConfirmedBy is not null,
        _ => false,
    };

    private static TrustBlock TrustOf(ProposalApproval approval)
    {
        List<string> sources = SensorSources(approval);
        List<string> approvedBy = [approval.By];
        if (approval.ConfirmedBy is { } confirmed) approvedBy.Add(confirmed.Name);
        if (!approval.Automatic) sources.Add(EvidenceSource.Human.Word());
        return new TrustBlock
        {
            ActionType = "actuation",
            EvidenceTier = approval.Automatic ? TrustWords.T2 : TrustWords.T3,
            MinimumTier = TrustWords.T2,
            VerificationRequired = approval.Automatic ? "none" : "human",
            VerificationSatisfied = approval.Automatic ? null : true,
            EvidenceSources = sources,
            ApprovedBy = approvedBy,
        };
    }

    private static List<string> SensorSources(ProposalApproval approval)
    {
        var sources = new List<string>();
        foreach (SensorEvidence piece in approval.Evidence)
        {
            foreach (string source in piece.Property.Sources)
            {
                if (!sources.Contains(source)) sources.Add(source);
            }
        }

        return sources;
    }
}
