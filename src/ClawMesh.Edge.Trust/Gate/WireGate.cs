using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Trust.Gate;

/// <summary>
/// Rows 1 to 6 of [W-97], one line per row, in that order; the order is the documentation. Pure and thread-safe.
/// A command whose operation leads to its output's declared safe state is not asked for evidence (rows 6b to 6d):
/// going there is never refused for what somebody believes ([W-106]).
/// </summary>
/// <param name="leadsToSafeState">Whether a command's operation leads to the declared safe state of a known output.</param>
public sealed class WireGate(NodeId self, Func<CommandEnvelope, bool> leadsToSafeState) : IWireGate
{
    private const string ActuatorPrefix = "actuator:";

    public Refusal? Judge(ForwardMessage message) => Judge(message, IsSafeDirection(message));

    public Refusal? JudgeForPeer(ForwardMessage message) => Judge(message, safeDirection: false);

    private Refusal? Judge(ForwardMessage message, bool safeDirection)
    {
        TrustBlock? trust = message.Trust;
        bool actuation = trust?.ActionType == "actuation";

        return Addressed(message)
            ?? NotOurOwn(message)
            ?? EnvelopeSound(message)
            ?? TrustAgrees(message)
            ?? ActuationDeclared(message, trust)
            ?? WordsKnown(trust)
            ?? (actuation ? MetadataComplete(trust!) : null)
            ?? (actuation && !safeDirection ? EvidenceSuffices(trust!) : null);
    }

    public bool LeadsToSafeState(ForwardMessage message) => IsSafeDirection(message);

    private bool IsSafeDirection(ForwardMessage message) => message.Envelope is { } envelope && leadsToSafeState(envelope);

    private static Refusal? Addressed(ForwardMessage m) =>
        m.Channel is null || m.To is null || m.OriginGatewayId is null
            ? new Refusal(GateCodes.InvalidParams, "missing required forward params (channel, to, originGatewayId)")
            : null;

    private Refusal? NotOurOwn(ForwardMessage m) =>
        m.OriginGatewayId == self.Value ? new Refusal(GateCodes.LoopDetected, "the message originated at this node") : null;

    private static Refusal? EnvelopeSound(ForwardMessage m) =>
        m.EnvelopeProblem.Length > 0 ? new Refusal(GateCodes.InvalidCommandEnvelope, m.EnvelopeProblem) : null;

    private static Refusal? TrustAgrees(ForwardMessage m) =>
        m.Envelope is { } envelope && m.TopTrust is { } top && !ReferenceEquals(envelope.Trust, top) && envelope.Trust.ComparisonText() != top.ComparisonText()
            ? new Refusal(GateCodes.TrustEnvelopeMismatch, "the trust of the command and the trust of the message differ")
            : null;

    private static Refusal? ActuationDeclared(ForwardMessage m, TrustBlock? trust)
    {
        bool targetsActuator = m.To!.StartsWith(ActuatorPrefix, StringComparison.Ordinal)
            || (m.Envelope?.TargetRef.StartsWith(ActuatorPrefix, StringComparison.Ordinal) ?? false);
        if (!targetsActuator || trust?.ActionType == "actuation") return null;
        return new Refusal(
            GateCodes.ActuationDeclarationRequired,
            trust is null ? "an actuator is addressed without a trust object" : $"an actuator is addressed with action_type '{Clip(trust.ActionType ?? "")}'; it must be 'actuation'");
    }

    private static Refusal? WordsKnown(TrustBlock? trust) => trust switch
    {
        { EvidenceTier: { } tier } when TrustWords.Tier(tier) is null => Unknown("evidence_trust_tier", tier),
        { MinimumTier: { } tier } when TrustWords.Tier(tier) is null => Unknown("minimum_trust_tier", tier),
        { VerificationRequired: { } word } when TrustWords.Verification(word) is null => Unknown("verification_required", word),
        _ => null,
    };

    private static Refusal Unknown(string member, string word) =>
        new(GateCodes.InvalidTrustPolicy, $"{member} is '{Clip(word)}', which is not in the vocabulary");

    private static Refusal? MetadataComplete(TrustBlock trust) =>
        trust.EvidenceTier is null || trust.MinimumTier is null || trust.VerificationRequired is null
            ? new Refusal(GateCodes.TrustMetadataRequired, "actuation needs evidence_trust_tier, minimum_trust_tier and verification_required")
            : null;

    private static Refusal? EvidenceSuffices(TrustBlock trust)
    {
        if (IsModelOnly(trust.EvidenceSources))
            return new Refusal(GateCodes.LlmOnlyActuationBlocked, "the only evidence comes from a model; no override exists");

        EvidenceTier evidence = TrustWords.Tier(trust.EvidenceTier)!.Value;
        EvidenceTier minimum = TrustWords.Tier(trust.MinimumTier)!.Value;
        if (evidence < minimum)
            return new Refusal(GateCodes.InsufficientTrustTier, $"the evidence is {evidence.Word()}; at least {minimum.Word()} is asked for");

        if (TrustWords.Verification(trust.VerificationRequired) != VerificationKind.None && trust.VerificationSatisfied != true)
            return new Refusal(GateCodes.VerificationRequired, $"verification by '{trust.VerificationRequired}' is required and not satisfied");

        return null;
    }

    /// <summary>Sources are named, and every one of them is a model's. <c>mixed</c> is read as a model ([W-103]).</summary>
    internal static bool IsModelOnly(IReadOnlyList<string>? sources)
    {
        if (sources is not { Count: > 0 }) return false;
        foreach (string source in sources)
        {
            if (TrustWords.Source(source) is not (EvidenceSource.Llm or EvidenceSource.Mixed)) return false;
        }

        return true;
    }

    private static string Clip(string word) => PlainText.Of(word, 64);
}
