namespace ClawMesh.Edge.World.Planner;

public enum AdviceKind
{
    /// <summary>There is no forecast or no fresh measurement to advise from.</summary>
    Unknown,

    /// <summary>Nothing needs to be done, or nothing may be.</summary>
    Nothing,

    /// <summary>Watering will be needed; a later hour does as well.</summary>
    Wait,

    /// <summary>Water now.</summary>
    Water,
}

/// <summary>What the planner thinks of one zone. Thoughts only: a <see cref="ProposalDraft"/> is made of those that say <see cref="AdviceKind.Water"/>.</summary>
/// <param name="At">In the time of the site.</param>
/// <param name="Minutes">Of watering now, minutes of the site; 0 unless <paramref name="Kind"/> says water.</param>
/// <param name="Reasoning">In plain words, with figures.</param>
/// <param name="Expectation">What will come of the watering; null unless it is advised.</param>
/// <param name="Plan">[steps], part of each hour that the best plan waters; empty when none was made.</param>
public sealed record PlanAdvice(string Zone, DateTimeOffset At, AdviceKind Kind, double Minutes, string Reasoning, Expectation? Expectation, float[] Plan);
