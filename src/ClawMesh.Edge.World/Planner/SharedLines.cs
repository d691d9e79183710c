using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.World.Planner;

/// <summary>Which outputs are open, or spoken for by a proposal that is approved or waits for approval.</summary>
public interface IOutputUse
{
    /// <param name="executorDeviceId">Null for this node.</param>
    bool InUse(string targetRef, string? executorDeviceId);
}

/// <summary>
/// Which valves the planner never waters with together: those the site forbids together (one exclusive group), those behind one supply
/// (the same upstream), because each would pass less than its goal says, and all of one peer, whose site is not known here. Immutable.
/// </summary>
public sealed class SharedLines
{
    private readonly IReadOnlyList<ZoneGoal> _goals;
    private readonly Dictionary<string, string[]> _rivals = [];

    public SharedLines(IReadOnlyList<ZoneGoal> goals, Site site)
    {
        _goals = goals;
        foreach (ActuatorBinding one in site.Actuators)
        {
            var rivals = new List<string>();
            foreach (ActuatorBinding other in site.Actuators)
            {
                if (other != one && Share(one.Policy, other.Policy)) rivals.Add(other.Policy.Actuator.Value);
            }

            _rivals[one.Policy.Actuator.Value] = [.. rivals];
        }
    }

    /// <summary>The output that keeps a goal's valve from being opened now, its own included; null when the line is free.</summary>
    public string? Obstacle(ZoneGoal goal, IOutputUse use)
    {
        if (use.InUse(goal.TargetRef, goal.ExecutorDeviceId)) return goal.TargetRef;
        if (goal.ExecutorDeviceId is { } peer)
        {
            foreach (ZoneGoal other in _goals)
            {
                if (other.ExecutorDeviceId == peer && use.InUse(other.TargetRef, peer)) return other.TargetRef;
            }

            return null;
        }

        foreach (string rival in _rivals.GetValueOrDefault(goal.TargetRef, []))
        {
            if (use.InUse(rival, null)) return rival;
        }

        return null;
    }

    private static bool Share(OutputPolicy one, OutputPolicy other) =>
        (one.ExclusiveGroup is not null && one.ExclusiveGroup == other.ExclusiveGroup) || (one.Upstream is not null && one.Upstream == other.Upstream);
}
