using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;

namespace ClawMesh.Edge.World.Anomalies;

/// <summary>The kinds of incidents, in the words of events and frames.</summary>
public static class AnomalyKinds
{
    public const string Leak = "leak";
    public const string Clog = "clog";
    public const string SensorDrift = "sensor-drift";
    public const string PumpDryRun = "pump-dry-run";
}

/// <summary>One incident: once when it is raised, once when it is over.</summary>
/// <param name="Subject">The entity it is about.</param>
/// <param name="Seen">The values, in words.</param>
/// <param name="Check">What a person looks at first.</param>
/// <param name="Evidence">Frame ids of the statements it rests on, at most five.</param>
/// <param name="UsedForecast">A model had a part in it: it is inference, whatever the sensors are.</param>
/// <param name="Tier">Of the weakest statement it rests on; T0 when a forecast was used.</param>
public sealed record AnomalyReport(
    string Kind, string Subject, bool Raised, DateTimeOffset At, string Seen, string Expected, string Check,
    IReadOnlyList<string> Evidence, bool UsedForecast, EvidenceTier Tier, bool Simulated, FailureClass FailureClass)
{
    public const int MaxEvidence = 5;
}

/// <summary>How long things must last, on the node's clock.</summary>
public sealed record AnomalyOptions
{
    public static AnomalyOptions Default { get; } = new();

    public TimeSpan RaiseAfter { get; init; } = TimeSpan.FromSeconds(20);

    public TimeSpan ClearAfter { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Different statements that must say so before an incident is raised.</summary>
    public int Statements { get; init; } = 3;

    /// <summary>After an incident is over, before the next of its kind and subject.</summary>
    public TimeSpan Cooldown { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long water, valves and motors may take to follow.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(4);
}
