namespace ClawMesh.Edge.World.Planner;

/// <summary>Who must say yes before a proposal becomes a command ([W-91]).</summary>
public enum ApprovalLevel
{
    /// <summary>Told, never carried out.</summary>
    L0,

    /// <summary>Carried out by itself, inside the limits an operator wrote, and only with fresh sensor evidence.</summary>
    L1,

    /// <summary>An operator approves.</summary>
    L2,

    /// <summary>An operator approves, and somebody at the site confirms.</summary>
    L3,
}

/// <summary>What an operator wants of one zone, from the goals file.</summary>
/// <param name="TargetRef">The valve, e.g. <c>actuator:valve:zone-1</c>; here or at a peer.</param>
/// <param name="LowPercent">Lower end of the moisture band.</param>
/// <param name="LitresPerMinute">What the open valve passes, measured or from its datasheet.</param>
/// <param name="LitresPerDay">Water budget.</param>
/// <param name="QuietHours">When nothing is watered, in hours of the site's day.</param>
/// <param name="MaxMinutes">Longest single watering that may be proposed, minutes of the site.</param>
/// <param name="MaxAutomaticMinutesPerDay">What L1 may use in a day by itself, minutes of the site.</param>
public sealed record ZoneGoal(
    string Zone,
    string TargetRef,
    double LowPercent,
    double HighPercent,
    double LitresPerMinute,
    double LitresPerDay,
    IReadOnlyList<QuietSpan> QuietHours,
    ApprovalLevel Level,
    double MaxMinutes,
    double MaxAutomaticMinutesPerDay)
{
    /// <summary>The peer that has the valve; null for an output of this node.</summary>
    public string? ExecutorDeviceId { get; init; }
}

/// <summary>From one hour of the day to another, over midnight when the second is smaller.</summary>
public sealed record QuietSpan(double FromHour, double ToHour);
