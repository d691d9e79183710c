using ClawMesh.Edge.Core.Capabilities;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Capabilities;

/// <summary>This node or a connected one, with what it announced.</summary>
/// <param name="Health"><c>healthy</c>, <c>degraded</c>, <c>unknown</c> or <c>unhealthy</c>; any other word counts as unknown.</param>
public sealed record CapabilityHolder(NodeId DeviceId, bool IsSelf, string? Role, string Health, IReadOnlyList<string> Capabilities);

/// <summary>Who has a capability. What a connected viewer announces is not looked at ([W-113]).</summary>
public static class CapabilityRouting
{
    private const int ExactBonus = 5;

    /// <summary>The holders of a ref or pattern ([W-111]): this node, then by health and exactness, then by device id.</summary>
    public static IReadOnlyList<NodeId> Find(string wanted, IReadOnlyList<CapabilityHolder> holders)
    {
        List<Match> matches = Matches(wanted, holders, patterns: true);
        var found = new List<NodeId>(matches.Count);
        foreach (Match match in matches) found.Add(match.Holder.DeviceId);
        return found;
    }

    /// <summary>Who carries out a command: by exact membership the full ref, then its first two segments ([W-110]); null when nobody does.</summary>
    public static NodeId? Executor(string targetRef, IReadOnlyList<CapabilityHolder> holders)
    {
        List<Match> matches = Matches(targetRef, holders, patterns: false);
        if (matches.Count == 0 && CapabilityList.TwoSegments(targetRef) is { } family) matches = Matches(family, holders, patterns: false);
        return matches.Count == 0 ? null : matches[0].Holder.DeviceId;
    }

    /// <summary>Different capabilities of the connected nodes, for <c>meshTotal</c>. Classic nodes do not count their own.</summary>
    public static int Total(IReadOnlyList<CapabilityHolder> holders)
    {
        var distinct = new HashSet<string>(StringComparer.Ordinal);
        foreach (CapabilityHolder holder in holders)
        {
            if (!holder.IsSelf && IsIndexed(holder)) distinct.UnionWith(holder.Capabilities);
        }

        return distinct.Count;
    }

    private static List<Match> Matches(string wanted, IReadOnlyList<CapabilityHolder> holders, bool patterns)
    {
        var matches = new List<Match>();
        foreach (CapabilityHolder holder in holders)
        {
            if (!IsIndexed(holder)) continue;
            bool exact = false, matching = false;
            foreach (string capability in holder.Capabilities)
            {
                exact |= capability == wanted;
                matching |= patterns && CapabilityPattern.Matches(wanted, capability);
            }

            if (exact || matching) matches.Add(new Match(holder, HealthScore(holder.Health) + (exact ? ExactBonus : 0)));
        }

        matches.Sort(Compare);
        return matches;
    }

    private static int Compare(Match one, Match other)
    {
        if (one.Holder.IsSelf != other.Holder.IsSelf) return one.Holder.IsSelf ? -1 : 1;
        return one.Score != other.Score
            ? other.Score - one.Score
            : string.CompareOrdinal(one.Holder.DeviceId.Value, other.Holder.DeviceId.Value);
    }

    private static bool IsIndexed(CapabilityHolder holder) => holder.IsSelf || holder.Role != "viewer";

    private static int HealthScore(string health) => health switch { "healthy" => 10, "degraded" => 5, "unhealthy" => 0, _ => 3 };

    private sealed record Match(CapabilityHolder Holder, int Score);
}
