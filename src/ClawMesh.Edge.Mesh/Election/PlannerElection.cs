using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Election;

/// <summary>This node or a connected one, with the role it declared.</summary>
public sealed record Member(NodeId DeviceId, string? Role, bool IsSelf);

/// <summary>
/// Who plans, as this node sees it: a pure computation over itself and its sessions ([W-114]). Two sides of a partition may each
/// have a leader, so nothing here says that there is one commander ([W-116]).
/// </summary>
public static class PlannerElection
{
    private const int NotEligible = 2;

    /// <summary>Planners before standby planners, then the ordinally lowest device id.</summary>
    public static Leader Elect(IReadOnlyList<Member> members)
    {
        Member? best = null;
        foreach (Member member in members)
        {
            if (Rank(member.Role) < NotEligible && (best is null || IsBefore(member, best))) best = member;
        }

        return best is null ? Leader.None : new Leader(best.IsSelf ? Leader.Local : Leader.Peer, best.DeviceId, best.Role);
    }

    /// <summary>What that leader means for this node ([W-115]).</summary>
    public static PlannerActivity ActivityOf(string selfRole, Leader leader)
    {
        string state = Rank(selfRole) == NotEligible ? PlannerActivity.Ineligible
            : leader.Kind == Leader.Local ? PlannerActivity.Active
            : PlannerActivity.Standby;
        return new PlannerActivity(state, selfRole.Length == 0 ? null : selfRole, leader, state == PlannerActivity.Active);
    }

    private static bool IsBefore(Member one, Member other)
    {
        int byRole = Rank(one.Role) - Rank(other.Role);
        return byRole != 0 ? byRole < 0 : string.CompareOrdinal(one.DeviceId.Value, other.DeviceId.Value) < 0;
    }

    private static int Rank(string? role) => role switch { "planner" => 0, "standby-planner" => 1, _ => NotEligible };
}
