using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Planner.Book;

/// <summary>
/// What the operator who wrote the goals file has approved beforehand: waterings of a goal at <see cref="ApprovalLevel.L1"/>, of its
/// own valve, inside <see cref="AutomaticLimits"/>. Thread-safe.
/// </summary>
/// <param name="name">What the operator wrote, for example the file's name; stands in <c>approved_by</c>.</param>
/// <param name="used">What a zone got today.</param>
/// <param name="count">Told of each watering before it is set going; it counts even when the command fails afterwards.</param>
public sealed class StandingApproval(string name, IReadOnlyList<ZoneGoal> goals, IWorldClock site, Func<string, WaterUsed> used, Action<ProposalDraft> count)
{
    /// <summary>Null when a person must be asked, otherwise the name under which it is approved.</summary>
    public string? Covers(ProposalDraft draft)
    {
        if (draft.Operation != "open" || Find(draft) is not { } goal) return null;
        return AutomaticLimits.Check(goal, draft.Minutes, draft.Evidence, used(goal.Zone), site.Now).Policy is { } policy ? $"{name}/{policy}" : null;
    }

    public void Use(ProposalDraft draft) => count(draft);

    private ZoneGoal? Find(ProposalDraft draft)
    {
        foreach (ZoneGoal goal in goals)
        {
            if (goal.Zone == draft.Zone && goal.TargetRef == draft.TargetRef) return goal;
        }

        return null;
    }
}
