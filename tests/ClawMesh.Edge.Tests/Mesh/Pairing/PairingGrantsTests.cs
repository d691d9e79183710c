using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Pairing;

namespace ClawMesh.Edge.Tests.Mesh.Pairing;

/// <summary>What both agree on is never more than either said.</summary>
[Trait("spec", "X-11")]
[Trait("spec", "X-62")]
public class PairingGrantsTests
{
    [Theory]
    [InlineData("actuator:valve:V1", "actuator:valve:V1", "actuator:valve:V1")]
    [InlineData("actuator:valve:V1", "actuator:valve:V2", "")]
    [InlineData("actuator:valve:*", "actuator:valve:V1", "actuator:valve:V1")]
    [InlineData("actuator:valve:V1", "actuator:valve:*", "actuator:valve:V1")]
    [InlineData("*", "actuator:valve:*,actuator:pump:P1", "actuator:valve:*,actuator:pump:P1")]
    [InlineData("actuator:valve:*,actuator:pump:P1", "*", "actuator:valve:*,actuator:pump:P1")]
    [InlineData("actuator:valve:*", "actuator:*", "actuator:valve:*")]
    [InlineData("*", "*", "*")]
    [InlineData("", "*", "")]
    [InlineData("actuator:pump:*", "actuator:valve:*", "")]
    public void Commands_are_the_narrower_of_both(string offered, string wanted, string both) =>
        Assert.Equal(List(both), PairingGrants.Both(None with { Command = List(offered) }, None with { Command = List(wanted) }).Command);

    [Fact]
    public void Flags_need_both_and_the_tier_is_the_lower()
    {
        PeerGrants all = new(true, true, true, [], true, EvidenceTier.VerifiedActionEvidence);
        Assert.Equal(None with { Gossip = true, Command = [] }, PairingGrants.Both(all with { MaxTier = EvidenceTier.PlanningInference }, None with { Gossip = true, MaxTier = EvidenceTier.OperationalObservation }) with { Command = None.Command }, Same);
        Assert.True(PairingGrants.Both(all, all).Approve);
        Assert.False(PairingGrants.Both(all, all with { Approve = false }).Approve);
        Assert.Equal(EvidenceTier.OperationalObservation, PairingGrants.Both(all, all with { MaxTier = EvidenceTier.OperationalObservation }).MaxTier);
    }

    [Theory]
    [InlineData("actuator:valve:V1", false, false)]
    [InlineData("actuator:valve:*", false, true)]
    [InlineData("*", false, true)]
    [InlineData("", true, true)]
    [InlineData("", false, false)]
    public void Approvals_and_patterns_are_wide(string commands, bool approve, bool wide) =>
        Assert.Equal(wide, PairingGrants.AreWide(None with { Command = List(commands), Approve = approve }));

    [Theory]
    [InlineData("[]")]
    [InlineData("""{"gossip":1}""")]
    [InlineData("""{"approve":"true"}""")]
    [InlineData("""{"command":"*"}""")]
    [InlineData("""{"command":[1]}""")]
    [InlineData("""{"command":["actuator:*:V1"]}""")]
    [InlineData("""{"command":["sensor:x"]}""")]
    [InlineData("""{"maxTier":"T9"}""")]
    [InlineData("""{"maxTier":3}""")]
    public void What_has_a_wrong_form_is_no_grant(string json) => Assert.Null(Read(json));

    [Fact]
    public void What_is_not_stated_is_not_asked_for()
    {
        PeerGrants read = Read("{}")!;
        Assert.Equal((false, false, false, false, 0), (read.Gossip, read.Relay, read.Sync, read.Approve, read.Command.Count));
        Assert.Null(Read($$"""{"command":[{{string.Join(',', Enumerable.Range(0, 65).Select(i => $"\"actuator:v:{i}\""))}}]}"""));
    }

    private static readonly PeerGrants None = new(false, false, false, [], false, EvidenceTier.PlanningInference);

    private static bool Same(PeerGrants one, PeerGrants other) =>
        (one.Gossip, one.Relay, one.Sync, one.Approve, one.MaxTier) == (other.Gossip, other.Relay, other.Sync, other.Approve, other.MaxTier) && one.Command.SequenceEqual(other.Command);

    private static string[] List(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static PeerGrants? Read(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return PairingGrants.Read(document.RootElement);
    }
}
