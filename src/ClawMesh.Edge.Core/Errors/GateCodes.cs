namespace ClawMesh.Edge.Core.Errors;

/// <summary>Refusal codes of the wire that this node can give (wire-v1 section 18, edge-extensions section 13).</summary>
public static class GateCodes
{
    public const string Ok = "OK";

    public const string InvalidParams = "INVALID_PARAMS";
    public const string LoopDetected = "LOOP_DETECTED";
    public const string InvalidCommandEnvelope = "INVALID_COMMAND_ENVELOPE";
    public const string TrustEnvelopeMismatch = "TRUST_ENVELOPE_MISMATCH";
    public const string ActuationDeclarationRequired = "ACTUATION_DECLARATION_REQUIRED";
    public const string InvalidTrustPolicy = "INVALID_TRUST_POLICY";
    public const string TrustMetadataRequired = "TRUST_METADATA_REQUIRED";
    public const string LlmOnlyActuationBlocked = "LLM_ONLY_ACTUATION_BLOCKED";
    public const string InsufficientTrustTier = "INSUFFICIENT_TRUST_TIER";
    public const string VerificationRequired = "VERIFICATION_REQUIRED";
    public const string DeliveryFailed = "DELIVERY_FAILED";

    public const string NotAuthorized = "NOT_AUTHORIZED";
    public const string CommandSigInvalid = "COMMAND_SIG_INVALID";
    public const string TargetUnknown = "TARGET_UNKNOWN";
    public const string CommandReplayed = "COMMAND_REPLAYED";
    public const string ReplayWindowFull = "REPLAY_WINDOW_FULL";
    public const string CommandStale = "COMMAND_STALE";
    public const string ClockUntrusted = "CLOCK_UNTRUSTED";
    public const string FenceHeld = "FENCE_HELD";
    public const string FencedOut = "FENCED_OUT";
    public const string LocalPolicyRefused = "LOCAL_POLICY_REFUSED";
    public const string InterlockActive = "INTERLOCK_ACTIVE";
    public const string LimitExceeded = "LIMIT_EXCEEDED";
    public const string LocalApprovalRequired = "LOCAL_APPROVAL_REQUIRED";
    public const string JournalUnavailable = "JOURNAL_UNAVAILABLE";
    public const string NotReady = "NOT_READY";
    public const string Busy = "BUSY";

    public const string NoConfirmation = "NO_CONFIRMATION";
    public const string OutputFault = "OUTPUT_FAULT";
    public const string FeedbackContradicts = "FEEDBACK_CONTRADICTS";
    public const string SafetyTrip = "SAFETY_TRIP";
    public const string RestartDuringCommand = "RESTART_DURING_COMMAND";

    public const string RateLimited = "RATE_LIMITED";
    public const string UnknownMethod = "UNKNOWN_METHOD";
    public const string InternalError = "INTERNAL_ERROR";
    public const string NoIdentity = "NO_IDENTITY";
}
