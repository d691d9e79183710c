using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Core.Actuation;

/// <summary>Whether an output knows two states or every ratio between them.</summary>
public enum OutputKind
{
    OnOff,
    Level,
}

/// <summary>
/// What this installation allows one output to do, from the site file. The limits hold against every caller,
/// trusted or not, and are checked at the moment of the write and continuously while energised.
/// <em>Energised</em> means: in any state other than <see cref="Safe"/>.
/// </summary>
public sealed record OutputPolicy
{
    public required ActuatorId Actuator { get; init; }

    public OutputKind Kind { get; init; } = OutputKind.OnOff;

    /// <summary>The declared safe value. Going there needs no permit and is never refused.</summary>
    public required OutputValue Safe { get; init; }

    /// <summary>Allowed operation names, lower case ([W-99]).</summary>
    public IReadOnlyList<string> Operations { get; init; } = ["open", "close", "set"];

    /// <summary>Longest unbroken time away from the safe value.</summary>
    public required TimeSpan MaxOn { get; init; }

    /// <summary>Lease of a command that names no duration; <see cref="MaxOn"/> when null.</summary>
    public TimeSpan? DefaultOn { get; init; }

    /// <summary>Shortest rest at the safe value before the next start.</summary>
    public TimeSpan MinOff { get; init; }

    /// <summary>Most time away from the safe value in any sliding hour; null means no duty limit.</summary>
    public TimeSpan? DutyPerHour { get; init; }

    /// <summary>Most starts in any sliding minute.</summary>
    public int RatePerMinute { get; init; } = 6;

    /// <summary>Outputs of one group are never energised together; null means none.</summary>
    public string? ExclusiveGroup { get; init; }

    /// <summary>All must hold, freshly, for the output to be or stay energised.</summary>
    public IReadOnlyList<SensorPredicate> Requires { get; init; } = [];

    /// <summary>The output that cuts this one off when its own bus is blocked.</summary>
    public ActuatorId? Upstream { get; init; }

    /// <summary>Lowest believable evidence. The wire can raise it, never lower it ([W-101]).</summary>
    public EvidenceTier MinimumTier { get; init; } = EvidenceTier.OperationalObservation;

    /// <summary>True when an approval that this node can attribute is required ([W-102]).</summary>
    public bool RequiresApproval { get; init; }
}

/// <summary>A condition on one sensor. Stale, missing, not-a-number and simulated-on-a-real-node all count as broken.</summary>
/// <param name="Above">Holds only when the value is greater than this; null means no lower bound.</param>
/// <param name="Below">Holds only when the value is less than this; null means no upper bound.</param>
public sealed record SensorPredicate(SensorId Sensor, double? Above, double? Below, TimeSpan MaxAge)
{
    public bool Holds(double value) =>
        !double.IsNaN(value) && (Above is not { } above || value > above) && (Below is not { } below || value < below);

    public override string ToString() => (Above, Below) switch
    {
        ({ } above, { } below) => $"{above} < {Sensor} < {below}",
        ({ } above, null) => $"{Sensor} > {above}",
        (null, { } below) => $"{Sensor} < {below}",
        _ => $"{Sensor} is fresh",
    };
}
