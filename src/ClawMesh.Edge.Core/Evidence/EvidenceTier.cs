namespace ClawMesh.Edge.Core.Evidence;

/// <summary>How far evidence may be trusted, in increasing order ([W-90]).</summary>
public enum EvidenceTier
{
    /// <summary>Model reasoning only.</summary>
    PlanningInference = 0,

    /// <summary>Reported, not corroborated.</summary>
    UnverifiedObservation = 1,

    /// <summary>Telemetry in normal operation.</summary>
    OperationalObservation = 2,

    /// <summary>A verified outcome or a direct human act.</summary>
    VerifiedActionEvidence = 3,
}

/// <summary>What a piece of evidence rests on ([W-91]).</summary>
public enum EvidenceSource
{
    /// <summary>The wire's word for "a model said so", whatever kind of model.</summary>
    Llm,
    Sensor,
    Device,
    Human,

    /// <summary>Unspecified blend. Edge reads it as <see cref="Llm"/> at its gates ([W-103]).</summary>
    Mixed,
}

public enum VerificationKind
{
    None,
    Device,
    Human,
    DeviceOrHuman,
}

public enum ActionType
{
    Communication,
    Observation,
    Actuation,
}
