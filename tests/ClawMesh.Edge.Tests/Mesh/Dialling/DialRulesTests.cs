using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Dialling;

namespace ClawMesh.Edge.Tests.Mesh.Dialling;

public sealed class DialRulesTests
{
    [Fact]
    [Trait("spec", "W-39")]
    public void The_lower_id_dials_a_trusted_device_it_is_not_connected_to()
    {
        Assert.Null(DialRules.WhyNotDialDiscovered(Ids.A, new(Ids.B, "192.0.2.7", 18789), trusted: true, connected: false, suppressed: false, budgetLeft: true));
    }

    [Fact]
    [Trait("spec", "W-39")]
    [Trait("spec", "W-43")]
    public void The_reasons_against_a_dial_come_in_the_order_of_the_contract()
    {
        // Everything speaks against it; each step takes away the reason named before.
        (NodeId Self, string? Host, bool Trusted, bool Connected, bool Suppressed, bool Budget, string Reason)[] steps =
        [
            (Ids.C, null, false, true, true, false, "trust store"),
            (Ids.C, null, true, true, true, false, "connected"),
            (Ids.C, null, true, false, true, false, "lower"),
            (Ids.A, null, true, false, true, false, "lost"),
            (Ids.A, null, true, false, false, false, "too often"),
            (Ids.A, null, true, false, false, true, "address"),
        ];

        Assert.All(steps, s => Assert.Contains(
            s.Reason, DialRules.WhyNotDialDiscovered(s.Self, new(Ids.B, s.Host, 18789), s.Trusted, s.Connected, s.Suppressed, s.Budget), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", 18789)]
    [InlineData(null, 18789)]
    [InlineData("192.0.2.7", null)]
    [InlineData("192.0.2.7", 0)]
    [InlineData("192.0.2.7", 65536)]
    [Trait("spec", "W-39")]
    public void Without_host_and_port_there_is_nothing_to_dial(string? host, int? port)
    {
        Assert.NotNull(DialRules.WhyNotDialDiscovered(Ids.A, new(Ids.B, host, port), true, false, false, true));
    }

    [Fact]
    [Trait("spec", "W-39")]
    public void The_mesh_of_a_device_is_looked_at_after_everything_else()
    {
        Assert.Equal("other mesh", DialRules.WhyNotDialDiscovered(Ids.A, new(Ids.B, "192.0.2.7", 18789), true, false, false, true, "other mesh"));
        Assert.Contains("address", DialRules.WhyNotDialDiscovered(Ids.A, new(Ids.B, null, 18789), true, false, false, true, "other mesh"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("own", JoinPolicy.Auto, null)]
    [InlineData(null, JoinPolicy.Auto, null)]
    [InlineData("own", JoinPolicy.Ask, "a person")]
    [InlineData(null, JoinPolicy.Ask, "a person")]
    [InlineData("own", JoinPolicy.Never, "never")]
    [InlineData("other", JoinPolicy.Auto, "another mesh")]
    [InlineData("other", JoinPolicy.Ask, "another mesh")]
    [InlineData("other", JoinPolicy.Never, "never")]
    [Trait("spec", "W-31")]
    public void A_device_of_another_mesh_or_of_one_nobody_allowed_is_left_alone(string? announced, JoinPolicy policy, string? why)
    {
        string? told = DialRules.WhyNotItsMesh(announced, "own", id => id == (announced ?? "own") ? policy : JoinPolicy.Auto);

        if (why is null) Assert.Null(told);
        else Assert.Contains(why, told, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "W-39")]
    public void Of_a_pair_exactly_one_side_dials_and_nobody_dials_itself()
    {
        Assert.True(DialRules.SelfDials(Ids.A, Ids.B));
        Assert.False(DialRules.SelfDials(Ids.B, Ids.A));
        Assert.False(DialRules.SelfDials(Ids.A, Ids.A));
        Assert.True(DialRules.SelfDials(Ids.Of('9'), Ids.A));
    }

    [Theory]
    [InlineData('b', 'a', true, true)]
    [InlineData('b', 'a', false, false)]
    [InlineData('a', 'b', true, false)]
    [InlineData('a', 'b', false, false)]
    [InlineData('a', 'a', true, false)]
    [Trait("spec", "W-40")]
    public void Our_client_stands_down_once_the_lower_id_holds_its_own_session(char self, char peer, bool inbound, bool standsDown)
    {
        Assert.Equal(standsDown, DialRules.MustStandDown(Ids.Of(self), Ids.Of(peer), inbound));
    }
}
