using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Planner.Book;

/// <summary>
/// What the operator who wrote the goals file has approved beforehand: waterings of a goal at <see cref="ApprovalLevel.L1"/>, of its
/// own valve, inside <see cref="AutomaticLimits"/>. Thread-safe.
/// </summary>
/// <param name="name">What the operator wrote, for example the file's name; stands in <c>approved_by</c>.</param>
/// <param name="self">This node, whose outputs the goals without an executor are about.</param>
/// <param name="used">What a zone got today.</param>
/// <param name="count">Told of each watering before it is set going; it counts even when the command fails afterwards.</param>
public sealed class StandingApproval(string name, IReadOnlyList<ZoneGoal> goals, string self, IWorldClock site, Func<string, WaterUsed> used, Action<ProposalDraft> count)
{
    /// <summary>Null when a person must be asked, otherwise the name under which it is approved.</summary>
    public string? Covers(ProposalDraft draft)
    {
        if (draft.Operation != "open" || Find(draft) is not { } goal) return null;
        List<SensorEvidence> measured = [];
        foreach (SensorEvidence piece in draft.Evidence)
        {
            if (IsOfExecutor(piece, goal)) measured.Add(piece);
        }

        return AutomaticLimits.Check(goal, draft.Minutes, measured, used(goal.Zone), site.Now).Policy is { } policy ? $"{name}/{policy}" : null;
    }

    public void Use(ProposalDraft draft) => count(draft);

    // Only the node that has the valve may speak for its zone: another one's word must not open it. And what a simulation says moves
    // nothing at a peer, whose outputs may be real.
    private bool IsOfExecutor(SensorEvidence piece, ZoneGoal goal) =>
        piece.Property.Origin == (goal.ExecutorDeviceId ?? self) && !(piece.Property.Simulated && goal.ExecutorDeviceId is { } executor && executor != self);

    private ZoneGoal? Find(ProposalDraft draft)
    {
        foreach (ZoneGoal goal in goals)
        {
            if (goal.Zone == draft.Zone && goal.TargetRef == draft.TargetRef && (goal.ExecutorDeviceId ?? self) == (draft.ExecutorDeviceId ?? self)) return goal;
        }

        return null;
    }
}
