namespace ClawMesh.Edge.World.Planner.Book;

/// <summary>The limits of a <see cref="ProposalBook"/>. The defaults are the wire's ([W-119], [W-121]); all spans are of the node's clock.</summary>
public sealed record BookOptions
{
    public static BookOptions Default { get; } = new();

    /// <summary>How long the same operation of the same target is not proposed again.</summary>
    public TimeSpan DedupWindow { get; init; } = TimeSpan.FromSeconds(600);

    /// <summary>How long a proposal waits.</summary>
    public TimeSpan Expiry { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Proposals that wait or are being carried out; at so many the planner pauses.</summary>
    public int MaxPending { get; init; } = 10;

    /// <summary>Open proposals of <see cref="ApprovalLevel.L0"/>; a further one is not taken.</summary>
    public int MaxTold { get; init; } = 32;

    /// <summary>Closed proposals kept to be looked at.</summary>
    public int MaxResolved { get; init; } = 256;
}

/// <summary>What has become of a proposal.</summary>
public enum ProposalStep
{
    Created,
    Approved,
    Executing,

    /// <summary>Completed, failed or rejected.</summary>
    Resolved,

    /// <summary>Its effect was measured.</summary>
    Compared,

    /// <summary>Its effect could not be measured in time.</summary>
    NotCompared,
}

/// <summary>One transition; the proposal as it was right after it.</summary>
public sealed record ProposalChange(ProposalStep Step, Proposal Proposal);
