using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Tests.Mesh.Golden;

namespace ClawMesh.Edge.Tests.Mesh.Gossip;

/// <summary>How much of what a frame states about itself is believed.</summary>
public class BeliefTests
{
    [Theory]
    [InlineData("llm", EvidenceTier.PlanningInference)]
    [InlineData("mixed", EvidenceTier.PlanningInference)]
    [InlineData("llm,mixed,llm", EvidenceTier.PlanningInference)]
    [InlineData("", EvidenceTier.UnverifiedObservation)]
    [InlineData("sensor", EvidenceTier.VerifiedActionEvidence)]
    [InlineData("llm,human", EvidenceTier.VerifiedActionEvidence)]
    [InlineData("device,mixed", EvidenceTier.VerifiedActionEvidence)]
    [Trait("spec", "W-72")]
    [Trait("spec", "X-18")]
    public void The_word_of_a_model_under_another_kind_used_to_be_believed_at_the_tier_it_claimed(string sources, EvidenceTier believed)
    {
        foreach (string kind in new[] { "observation", "event", "human_input", "never_heard_of" })
        {
            var node = new GoldenNode("alpha");
            node.Trust.Add(new NodeId(Transcript.DeviceId("probe")), grants: PeerGrants.Default with { MaxTier = EvidenceTier.VerifiedActionEvidence });
            WireLink probe = new ClassicPeer("probe", node.Time).Join(node);
            JsonObject frame = Frames.Good(Transcript.DeviceId("probe"), kind: kind);
            frame["trust"] = new JsonObject
            {
                ["evidence_sources"] = new JsonArray([.. sources.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(s => (JsonNode)s)]),
                ["evidence_trust_tier"] = "T3_verified_action_evidence",
            };

            probe.Feed($$"""{"type":"event","event":"context.frame","payload":{{frame.ToJsonString()}}}""");

            MeshFrame kept = Assert.Single(node.Mesh.World.Log(5, null, null));
            Assert.Equal((kind, EvidenceTier.VerifiedActionEvidence, believed), (kept.Kind, kept.Tier, kept.EffectiveTier));
        }
    }

    [Theory]
    [InlineData("timestamp", "-9223372036854775808")]
    [InlineData("timestamp", "9223372036854775807")]
    [InlineData("hops", "-9223372036854775808")]
    [InlineData("hops", "-1")]
    [Trait("spec", "W-69")]
    [Trait("spec", "W-71")]
    public void The_lowest_number_there_is_used_to_end_the_session_it_came_on(string member, string number)
    {
        var node = new GoldenNode("alpha");
        WireLink probe = new ClassicPeer("probe", node.Time).Join(node);
        WireLink observer = new ClassicPeer("obs", node.Time).Join(node);
        JsonObject good = Frames.Good(Transcript.DeviceId("probe"));
        JsonObject frame = good.DeepClone().AsObject();
        frame.Remove(member);

        probe.Feed($$$"""{"type":"event","event":"context.frame","payload":{{{frame.ToJsonString()[..^1]}}},"{{{member}}}":{{{number}}}}}""");

        Assert.Equal(1, node.Mesh.Counters[MeshCounter.InvalidFrame]);
        Assert.Equal(0, node.Mesh.World.Counts.Frames);
        Assert.Empty(observer.Take());
        Assert.Null(probe.Closed);

        // Not marked as seen either: the same frame in order is taken.
        probe.Feed($$"""{"type":"event","event":"context.frame","payload":{{good.ToJsonString()}}}""");
        Assert.Equal(1, node.Mesh.World.Counts.Frames);
        Assert.Equal(2, node.Mesh.Sessions.Count);
    }
}
