using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Planner.Book;

/// <summary>
/// What the operator who wrote the goals file has approved beforehand: waterings of a goal at <see cref="ApprovalLevel.L1"/>, of its
/// own valve, outside quiet hours, no longer than it says, and no more in a day of the site than it says. Thread-safe.
/// </summary>
/// <param name="name">What the operator wrote, for example the file's name; stands in <c>approved_by</c>.</param>
public sealed class StandingApproval(string name, IReadOnlyList<ZoneGoal> goals, IWorldClock site)
{
    private readonly Lock _lock = new();

    // One entry per zone of the goals.
    private readonly Dictionary<string, double> _minutesToday = new(StringComparer.Ordinal);
    private DateOnly _day = DateOnly.FromDateTime(site.Now.DateTime);

    /// <summary>Null when a person must be asked, otherwise the name under which it is approved.</summary>
    public string? Covers(ProposalDraft draft)
    {
        if (Find(draft) is not { Level: ApprovalLevel.L1 } goal) return null;
        if (draft.Operation != "open" || !(draft.Minutes > 0 && draft.Minutes <= goal.MaxMinutes)) return null;
        double hour = site.Now.TimeOfDay.TotalHours;
        foreach (QuietSpan quiet in goal.QuietHours)
        {
            if (quiet.FromHour <= quiet.ToHour ? hour >= quiet.FromHour && hour < quiet.ToHour : hour >= quiet.FromHour || hour < quiet.ToHour) return null;
        }

        return UsedToday(goal.Zone) + draft.Minutes <= goal.MaxAutomaticMinutesPerDay ? $"{name}/{goal.Zone}" : null;
    }

    /// <summary>Counts what was set going under it; a command that failed afterwards counts too.</summary>
    public void Use(ProposalDraft draft)
    {
        lock (_lock) _minutesToday[draft.Zone] = UsedToday(draft.Zone) + draft.Minutes;
    }

    private ZoneGoal? Find(ProposalDraft draft)
    {
        foreach (ZoneGoal goal in goals)
        {
            if (goal.Zone == draft.Zone && goal.TargetRef == draft.TargetRef) return goal;
        }

        return null;
    }

    private double UsedToday(string zone)
    {
        lock (_lock)
        {
            var today = DateOnly.FromDateTime(site.Now.DateTime);
            // A clock that steps back gives no day twice.
            if (today > _day)
            {
                _day = today;
                _minutesToday.Clear();
            }

            return _minutesToday.GetValueOrDefault(zone);
        }
    }
}
