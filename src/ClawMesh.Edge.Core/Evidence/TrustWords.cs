namespace ClawMesh.Edge.Core.Evidence;

/// <summary>The trust vocabulary as it stands on the wire ([W-90], [W-91]). Exact and case-sensitive.</summary>
public static class TrustWords
{
    public const string T0 = "T0_planning_inference";
    public const string T1 = "T1_unverified_observation";
    public const string T2 = "T2_operational_observation";
    public const string T3 = "T3_verified_action_evidence";

    public static string Word(this EvidenceTier tier) => tier switch
    {
        EvidenceTier.PlanningInference => T0,
        EvidenceTier.UnverifiedObservation => T1,
        EvidenceTier.OperationalObservation => T2,
        EvidenceTier.VerifiedActionEvidence => T3,
        _ => throw new ArgumentOutOfRangeException(nameof(tier), tier, "not a tier"),
    };

    public static EvidenceTier? Tier(string? word) => word switch
    {
        T0 => EvidenceTier.PlanningInference,
        T1 => EvidenceTier.UnverifiedObservation,
        T2 => EvidenceTier.OperationalObservation,
        T3 => EvidenceTier.VerifiedActionEvidence,
        _ => null,
    };

    public static string Word(this EvidenceSource source) => source switch
    {
        EvidenceSource.Llm => "llm",
        EvidenceSource.Sensor => "sensor",
        EvidenceSource.Device => "device",
        EvidenceSource.Human => "human",
        EvidenceSource.Mixed => "mixed",
        _ => throw new ArgumentOutOfRangeException(nameof(source), source, "not an evidence source"),
    };

    public static EvidenceSource? Source(string? word) => word switch
    {
        "llm" => EvidenceSource.Llm,
        "sensor" => EvidenceSource.Sensor,
        "device" => EvidenceSource.Device,
        "human" => EvidenceSource.Human,
        "mixed" => EvidenceSource.Mixed,
        _ => null,
    };

    public static VerificationKind? Verification(string? word) => word switch
    {
        "none" => VerificationKind.None,
        "device" => VerificationKind.Device,
        "human" => VerificationKind.Human,
        "device_or_human" => VerificationKind.DeviceOrHuman,
        _ => null,
    };

    public static ActionType? Action(string? word) => word switch
    {
        "communication" => ActionType.Communication,
        "observation" => ActionType.Observation,
        "actuation" => ActionType.Actuation,
        _ => null,
    };
}
