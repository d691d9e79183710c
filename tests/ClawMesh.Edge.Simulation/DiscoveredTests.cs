using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>Peers that something found: the rules decide who dials, whatever finds them.</summary>
public class DiscoveredTests
{
    [Fact]
    [Trait("spec", "W-39")]
    public void Of_two_that_found_each_other_the_lower_id_dials_once_and_only_when_trusted() => Field.EachSeed(field =>
    {
        (string low, string high) = Field.ByDevice("a", "b");
        SimulatedNode lower = Finds(field, low, high);
        SimulatedNode higher = Finds(field, high, low);
        field.Run(60);
        Assert.Empty(field.Network.Dials);

        SimulatedNode.Befriend(lower, higher);
        field.Until(() => lower.IsConnected(higher) && higher.IsConnected(lower), 5, "the two are connected");
        field.Run(300);

        Assert.True(Assert.Single(lower.Mesh.Sessions).Outbound);
        Assert.Equal("mdns", lower.Mesh.Sessions[0].Label);
        Assert.Single(field.Network.Dials);
    });

    [Fact]
    [Trait("spec", "W-39")]
    [Trait("spec", "W-43")]
    public void A_found_peer_that_was_lost_is_left_alone_for_ten_minutes_and_dialled_five_times_an_hour_at_most() => Field.EachSeed(field =>
    {
        (string low, string high) = Field.ByDevice("a", "b");
        SimulatedNode lower = Finds(field, low, high);
        SimulatedNode higher = field.Node(high);
        SimulatedNode.Befriend(lower, higher);
        field.Until(() => lower.IsConnected(higher), 5, "the two are connected");

        field.Network.Remove(higher);
        field.Network.Drop(higher);
        field.Run(9 * 60);
        Assert.Single(field.Network.Dials);

        field.Run(110 * 60);
        Assert.InRange(field.Network.Dials.Count, 3, 11);
    });

    [Fact]
    [Trait("spec", "W-39")]
    [Trait("spec", "W-42")]
    public void A_found_peer_that_is_not_there_yet_is_dialled_after_growing_pauses() => Field.EachSeed(field =>
    {
        (string low, string high) = Field.ByDevice("a", "b");
        SimulatedNode lower = Finds(field, low, high);
        Field.Trust(lower, high);
        field.Run(6);
        Assert.InRange(field.Network.Dials.Count, 2, 3);

        // 1, 2, 4 and 8 seconds and a fifth more, and the five dials of the hour are used up.
        field.Run(60);
        Assert.Equal(5, field.Network.Dials.Count);
    });

    [Fact]
    [Trait("spec", "W-139")]
    public void Each_of_thirty_rejoins_is_told_and_used_to_fall_silent_after_ten() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Node("a");
            SimulatedNode b = field.Dialling("b", ["a"]);
            Field.Trust(a, "b");
            field.Until(() => b.IsConnected(a), 5, "the two are connected");
            for (int i = 0; i < 30; i++)
            {
                field.Network.Drop(a);
                field.Until(() => !b.IsConnected(a), 5, "the loss is seen");
                field.Until(() => b.IsConnected(a), 60, "b is back");
            }

            Assert.Equal(31, Field.EventsOf(b, Core.Lifecycle.EventTypes.PeerConnect).Count);
            Assert.Equal(30, Field.EventsOf(b, Core.Lifecycle.EventTypes.PeerDisconnect).Count);
        },
        seeds: 2);

    private static SimulatedNode Finds(Field field, string name, string other) =>
        field.Node(name, new SimulatedNodeOptions { Discovered = new Found(new DialCandidate(Field.Key(other).DeviceId, "10.0.0.7", 18789)) });

    private sealed class Found(params DialCandidate[] candidates) : IPeerSource
    {
        IReadOnlyList<DialCandidate> IPeerSource.Found => candidates;
    }
}
