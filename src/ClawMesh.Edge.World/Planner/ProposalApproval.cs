namespace ClawMesh.Edge.World.Planner;

/// <summary>A person who decided, as far as this node can attribute it. Made from what a connection proved, never from a message.</summary>
public sealed record Approver
{
    private Approver(string name, bool isOperatorHere) => (Name, IsOperatorHere) = (name, isOperatorHere);

    /// <summary><c>operator:anna</c>, or <c>peer:</c> and the first 12 digits of a device.</summary>
    public string Name { get; }

    /// <summary>An operator of this very node; otherwise a peer vouches, and its grant <c>approve</c> makes that count ([X-11]).</summary>
    public bool IsOperatorHere { get; }

    /// <param name="name">As the node itself names its operators ([X-71]).</param>
    public static Approver Operator(string name) => new(name, isOperatorHere: true);

    /// <param name="shortDevice">Of a peer that holds the grant <c>approve</c>.</param>
    public static Approver Peer(string shortDevice) => new($"peer:{shortDevice}", isOperatorHere: false);
}

/// <summary>
/// Who said yes, and on what it rests. There are two ways to one: a person, or an operator's standing approval together with a fresh
/// statement of a sensor. A forecast can be neither, so nothing a model said alone ever becomes a command.
/// </summary>
public sealed class ProposalApproval
{
    /// <summary>What still counts as fresh when it approves by itself ([W-130]).</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(90);

    private ProposalApproval(string by, Approver? person, Approver? confirmedBy, IReadOnlyList<SensorEvidence> evidence) =>
        (By, Person, ConfirmedBy, Evidence) = (by, person, confirmedBy, evidence);

    /// <summary>The person's name, or <c>policy:</c> with the name of the standing approval.</summary>
    public string By { get; }

    /// <summary>Null when the standing approval spoke.</summary>
    public Approver? Person { get; }

    /// <summary>Somebody at the site, for <see cref="ApprovalLevel.L3"/>.</summary>
    public Approver? ConfirmedBy { get; }

    public bool Automatic => Person is null;

    /// <summary>At least one when automatic.</summary>
    public IReadOnlyList<SensorEvidence> Evidence { get; }

    public static ProposalApproval ByPerson(Approver person, IReadOnlyList<SensorEvidence> evidence, Approver? confirmedBy = null) =>
        new(person.Name, person, confirmedBy, evidence);

    /// <summary>Null without a statement of a sensor that arrived within <see cref="FreshFor"/>.</summary>
    /// <param name="policy">Names what an operator wrote.</param>
    public static ProposalApproval? ByPolicy(string policy, IReadOnlyList<SensorEvidence> evidence, TimeProvider time)
    {
        var fresh = new List<SensorEvidence>();
        foreach (SensorEvidence piece in evidence)
        {
            if (time.GetElapsedTime(piece.Property.ArrivedTimestamp) <= FreshFor) fresh.Add(piece);
        }

        return fresh.Count == 0 ? null : new ProposalApproval($"policy:{policy}", null, null, fresh);
    }
}
