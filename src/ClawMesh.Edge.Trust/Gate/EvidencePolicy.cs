using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Trust.Gate;

/// <summary>
/// The local judgement of evidence for a physical output, after the wire gate ([W-101], [W-103]). The stricter of envelope
/// and site applies. A word that is in no vocabulary is no evidence at all, so a misspelt model cannot pass for something else.
/// </summary>
internal static class EvidencePolicy
{
    public static Refusal? Judge(TrustBlock trust, OutputPolicy policy)
    {
        // The wire gate asks this of refs that begin with actuator:. What has a policy here is an output, whatever its name.
        if (trust.ActionType != "actuation")
            return new Refusal(GateCodes.ActuationDeclarationRequired, $"an output is addressed with action_type '{PlainText.Of(trust.ActionType ?? "", 64)}'; it must be 'actuation'");
        if (trust.EvidenceSources is not { Count: > 0 } sources)
            return new Refusal(GateCodes.LocalPolicyRefused, "no evidence source is named; an output moves on named evidence only");
        if (WireGate.IsModelOnly(sources))
            return new Refusal(GateCodes.LlmOnlyActuationBlocked, "the only evidence comes from a model; no override exists");
        if (!sources.Any(s => TrustWords.Source(s) is EvidenceSource.Sensor or EvidenceSource.Device or EvidenceSource.Human))
            return new Refusal(GateCodes.LocalPolicyRefused, "no evidence source is a sensor, a device or a person");
        // T0 means model reasoning only ([W-90]); no site can lower the bar to it.
        EvidenceTier minimum = policy.MinimumTier > EvidenceTier.PlanningInference ? policy.MinimumTier : EvidenceTier.UnverifiedObservation;
        if (TrustWords.Tier(trust.EvidenceTier) is not { } tier || tier < minimum)
            return new Refusal(GateCodes.LocalPolicyRefused, $"the evidence is {trust.EvidenceTier}; this site asks for {minimum.Word()} at least");
        return null;
    }
}
