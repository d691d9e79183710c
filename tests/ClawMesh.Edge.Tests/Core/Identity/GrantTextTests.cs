using System.Buffers;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Tests.Core.Identity;

public sealed class GrantTextTests
{
    [Fact]
    [Trait("spec", "X-11")]
    public void The_text_of_the_design_is_laid_over_the_defaults()
    {
        PeerGrants grants = Good(PeerGrants.Default, "command=actuator:valve:V1,approve,maxTier=T2");

        Assert.Equal(["actuator:valve:V1"], grants.Command);
        Assert.Equal((true, true, true, true, EvidenceTier.OperationalObservation), (grants.Gossip, grants.Relay, grants.Sync, grants.Approve, grants.MaxTier));
    }

    [Fact]
    [Trait("spec", "X-11")]
    public void An_entry_without_edge_data_commands_nothing_and_approves_nothing()
    {
        PeerGrants byDefault = PeerGrants.Default;

        Assert.Empty(byDefault.Command);
        Assert.Equal((true, true, true, false, EvidenceTier.VerifiedActionEvidence), (byDefault.Gossip, byDefault.Relay, byDefault.Sync, byDefault.Approve, byDefault.MaxTier));
    }

    [Fact]
    public void What_is_not_said_stays_and_refs_are_added_once()
    {
        PeerGrants start = Good(PeerGrants.Default, "command=actuator:valve:V1", "no-relay");

        PeerGrants grants = Good(start, "command=actuator:pump:*, command=actuator:valve:V1 ,maxTier=T1_unverified_observation");

        Assert.Equal(["actuator:valve:V1", "actuator:pump:*"], grants.Command);
        Assert.Equal((true, false, true, false, EvidenceTier.UnverifiedObservation), (grants.Gossip, grants.Relay, grants.Sync, grants.Approve, grants.MaxTier));
    }

    [Fact]
    public void Every_flag_can_be_given_and_taken()
    {
        PeerGrants none = Good(Good(PeerGrants.Default, "approve"), "no-gossip,no-relay,no-sync,no-approve");
        Assert.Equal((false, false, false, false), (none.Gossip, none.Relay, none.Sync, none.Approve));

        PeerGrants all = Good(none, "gossip,relay", "sync,approve");
        Assert.Equal((true, true, true, true), (all.Gossip, all.Relay, all.Sync, all.Approve));
    }

    [Theory]
    [InlineData("")]
    [InlineData("approve,")]
    [InlineData("approve,no-approve")]
    [InlineData("maxTier=T1,maxTier=T2")]
    [InlineData("maxTier=T4")]
    [InlineData("maxTier=t2")]
    [InlineData("maxTier=")]
    [InlineData("command")]
    [InlineData("command=")]
    [InlineData("Approve")]
    [InlineData("command=sensor:soil:zone-1")]
    [InlineData("command=actuator:")]
    [InlineData("command=actuator::V1")]
    [InlineData("command=actuator:valve:V\u00e9")]
    [InlineData("command=actuator:valve:V 1")]
    public void A_wrong_text_changes_nothing_and_says_why(string text)
    {
        Assert.False(GrantText.TryParse([text], PeerGrants.Default, out PeerGrants grants, out IReadOnlyList<string> problems));

        Assert.Same(PeerGrants.Default, grants);
        Assert.NotEqual("", Assert.Single(problems));
    }

    [Fact]
    public void All_problems_are_reported_at_once_and_a_mistyped_word_is_guessed()
    {
        Assert.False(GrantText.TryParse(["aprove,maxTier=9", "command=valve:V1"], PeerGrants.Default, out _, out IReadOnlyList<string> problems));

        Assert.Equal(3, problems.Count);
        Assert.Contains("did you mean approve?", problems[0], StringComparison.Ordinal);
    }

    [Theory]
    [Trait("spec", "W-111")]
    [InlineData("*", true)]
    [InlineData("actuator:*", true)]
    [InlineData("actuator:pump:*", true)]
    [InlineData("actuator:pump:P1", true)]
    [InlineData("actuator:*:P1", false)]
    [InlineData("actuator:pump:P*", false)]
    [InlineData("actuator:pump:\"", false)]
    [InlineData("actuator:pump:\u007f", false)]
    public void A_star_is_the_last_segment_or_nothing(string pattern, bool good) => Assert.Equal(good, GrantText.PatternProblem(pattern) is null);

    [Fact]
    public void Refs_have_a_bound_in_length_and_number()
    {
        Assert.Null(GrantText.PatternProblem("actuator:" + new string('a', GrantText.MaxPatternLength - 9)));
        Assert.NotNull(GrantText.PatternProblem("actuator:" + new string('a', GrantText.MaxPatternLength - 8)));
        string[] many = [.. Enumerable.Range(0, GrantText.MaxPatterns).Select(n => $"command=actuator:valve:V{n}")];
        PeerGrants full = Good(PeerGrants.Default, many);

        Assert.False(GrantText.TryParse(["command=actuator:pump:P1"], full, out _, out _));
    }

    [Fact]
    public void Grants_are_described_in_words()
    {
        Assert.Equal("gossip, relay, sync; commands nothing; its approvals do not count; believed up to T3_verified_action_evidence", GrantText.Describe(PeerGrants.Default));
        Assert.Equal(
            "no gossip, relay or sync; commands actuator:valve:V1, actuator:pump:*; its approvals count; believed up to T0_planning_inference",
            GrantText.Describe(new PeerGrants(false, false, false, ["actuator:valve:V1", "actuator:pump:*"], true, EvidenceTier.PlanningInference)));
        Assert.Contains("every output", GrantText.Describe(PeerGrants.Default with { Command = ["*"] }), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "X-10")]
    public void The_member_states_every_grant()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) GrantText.WriteJson(writer, PeerGrants.Default with { Command = ["actuator:valve:V1"] });

        Assert.Equal(
            """{"gossip":true,"relay":true,"sync":true,"command":["actuator:valve:V1"],"approve":false,"maxTier":"T3_verified_action_evidence"}""",
            Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private static PeerGrants Good(PeerGrants start, params string[] texts)
    {
        Assert.True(GrantText.TryParse(texts, start, out PeerGrants grants, out IReadOnlyList<string> problems), string.Join(" ", problems));
        Assert.Empty(problems);
        return grants;
    }
}
