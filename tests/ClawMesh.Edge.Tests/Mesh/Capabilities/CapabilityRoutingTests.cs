using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Capabilities;

namespace ClawMesh.Edge.Tests.Mesh.Capabilities;

public sealed class CapabilityRoutingTests
{
    [Fact]
    [Trait("spec", "W-111")]
    public void This_node_comes_first_then_health_then_the_device_id()
    {
        CapabilityHolder[] holders =
        [
            Holder(Ids.Of('9'), "healthy", "actuator:pump:P1"),
            Holder(Ids.C, "unhealthy", "actuator:pump:P1"),
            Holder(Ids.Of('2'), "unknown", "actuator:pump:P1"),
            Holder(Ids.Of('3'), "strange", "actuator:pump:P1"),
            Holder(Ids.Of('4'), "degraded", "actuator:pump:P1"),
            Holder(Ids.Of('1'), "healthy", "actuator:pump:P1"),
            Holder(Ids.Of('5'), "healthy", "actuator:pump:P2"),
            Holder(Ids.D, "unhealthy", "actuator:pump:P1") with { IsSelf = true },
        ];

        Assert.Equal("d19423c", Letters(CapabilityRouting.Find("actuator:pump:P1", holders)));
    }

    [Fact]
    [Trait("spec", "W-111")]
    public void An_exact_match_weighs_five_points_of_health()
    {
        CapabilityHolder[] holders =
        [
            Holder(Ids.A, "healthy", "actuator:pump:P1"),
            Holder(Ids.B, "degraded", "actuator:pump:*"),
            Holder(Ids.C, "healthy", "actuator:pump:*"),
            Holder(Ids.D, "degraded", "actuator:pump:P1"),
        ];

        Assert.Equal("cabd", Letters(CapabilityRouting.Find("actuator:pump:*", holders)));
    }

    [Theory]
    [InlineData("actuator:*", "ab")]
    [InlineData("actuator:pump:*", "a")]
    [InlineData("*:valve", "abc")]
    [InlineData("sensor:rain", "c")]
    [InlineData("sensor", "")]
    [InlineData("actuator:pump", "")]
    [InlineData("", "")]
    [Trait("spec", "W-111")]
    public void A_star_stands_for_its_segment_and_all_after_it(string wanted, string found)
    {
        CapabilityHolder[] holders =
        [
            Holder(Ids.A, "healthy", "actuator:pump:P1", "actuator:pump:P2"),
            Holder(Ids.B, "healthy", "actuator:valve:V1:sub"),
            Holder(Ids.C, "healthy", "sensor:rain"),
        ];

        Assert.Equal(found, Letters(CapabilityRouting.Find(wanted, holders)));
    }

    [Theory]
    [InlineData("actuator:pump:P1", 'b')]
    [InlineData("actuator:pump:P9", 'a')]
    [InlineData("actuator:pump", 'a')]
    [InlineData("actuator:pump:P9:x", 'a')]
    [InlineData("actuator:valve:V1", null)]
    [InlineData("actuator:*", null)]
    [InlineData("actuator", null)]
    [Trait("spec", "W-110")]
    public void An_executor_has_the_full_ref_or_else_its_first_two_segments(string target, char? executor)
    {
        CapabilityHolder[] holders =
        [
            Holder(Ids.A, "healthy", "actuator:pump"),
            Holder(Ids.B, "unhealthy", "actuator:pump:P1"),
            Holder(Ids.C, "healthy", "actuator:valve:*"),
        ];

        Assert.Equal(executor is { } id ? Ids.Of(id) : null, CapabilityRouting.Executor(target, holders));
    }

    [Fact]
    [Trait("spec", "W-113")]
    public void What_a_connected_viewer_announces_is_not_looked_at()
    {
        CapabilityHolder[] holders = [Holder(Ids.A, "healthy", "actuator:pump:P1") with { Role = "viewer" }];

        Assert.Empty(CapabilityRouting.Find("actuator:pump:P1", holders));
        Assert.Null(CapabilityRouting.Executor("actuator:pump:P1", holders));
        Assert.Equal(0, CapabilityRouting.Total(holders));
        Assert.Equal(Ids.A, CapabilityRouting.Executor("actuator:pump:P1", [holders[0] with { IsSelf = true }]));
    }

    [Fact]
    [Trait("spec", "W-136")]
    public void The_total_is_that_of_the_recorded_classic_node_which_leaves_out_its_own()
    {
        CapabilityHolder[] holders =
        [
            Holder(Ids.A, "healthy", "actuator:mock:valve-1", "channel:clawmesh", "actuator:mock") with { IsSelf = true },
            Holder(Ids.B, "healthy", "channel:clawmesh"),
            Holder(Ids.C, "healthy", "actuator:valve:V1", "channel:clawmesh"),
        ];

        Assert.Equal(2, CapabilityRouting.Total(holders));
    }

    private static CapabilityHolder Holder(NodeId id, string health, params string[] capabilities) => new(id, false, "field", health, capabilities);

    private static string Letters(IReadOnlyList<NodeId> found) => string.Concat(found.Select(id => id.Value[0]));
}
