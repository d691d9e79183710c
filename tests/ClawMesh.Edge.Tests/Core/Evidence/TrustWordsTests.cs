using ClawMesh.Edge.Core.Evidence;

namespace ClawMesh.Edge.Tests.Core.Evidence;

public class TrustWordsTests
{
    [Fact]
    [Trait("spec", "W-90")]
    public void The_tiers_are_read_by_their_exact_words_and_rise_from_model_to_verified()
    {
        string[] words = ["T0_planning_inference", "T1_unverified_observation", "T2_operational_observation", "T3_verified_action_evidence"];

        EvidenceTier?[] tiers = [.. words.Select(TrustWords.Tier)];

        Assert.Equal([0, 1, 2, 3], tiers.Select(t => (int)t!));
        Assert.Equal(words, tiers.Select(t => t!.Value.Word()));
        Assert.All(["t0_planning_inference", "T2", "T4_anything", "", null], word => Assert.Null(TrustWords.Tier(word)));
    }

    [Fact]
    [Trait("spec", "W-91")]
    public void Actions_and_verifications_are_the_words_of_the_wire_and_no_others()
    {
        Assert.All(["communication", "observation", "actuation"], word => Assert.NotNull(TrustWords.Action(word)));
        Assert.All(["none", "device", "human", "device_or_human"], word => Assert.NotNull(TrustWords.Verification(word)));
        Assert.All(["Actuation", "actuate", "", null], word => Assert.Null(TrustWords.Action(word)));
        Assert.All(["anyone", "Human", "", null], word => Assert.Null(TrustWords.Verification(word)));
    }
}
