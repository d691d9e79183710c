using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

public class TieBreakTests
{
    private const string Superseded = "superseded by newer connection from same device";

    [Fact]
    [Trait("spec", "W-40")]
    [Trait("spec", "W-41")]
    public void Two_nodes_that_dial_each_other_settle_on_one_session_and_stay_with_it() => Field.EachSeed(
        field =>
        {
            // Delays long enough for every interleaving of the two handshakes.
            field.Network.Delay = TimeSpan.FromMilliseconds(field.Seed % 2 == 0 ? 5 : 400);
            (string lower, string higher) = Field.ByDevice("a", "b");
            SimulatedNode a = field.Dialling(lower, [higher]);
            if (field.Seed % 3 == 0) field.Run(field.Network.Chance.NextDouble() * 5);
            SimulatedNode b = field.Dialling(higher, [lower]);

            field.Run(70);
            Assert.Single(a.Mesh.Sessions);
            Assert.Single(b.Mesh.Sessions);
            SimulatedLink link = Assert.Single(field.LinksBetween(a, b));
            int dials = field.Network.Dials.Count;
            Assert.InRange(dials, 1, 6);
            field.Run(600);
            Assert.Same(link, Assert.Single(field.LinksBetween(a, b)));
            Assert.Equal(dials, field.Network.Dials.Count);
            Assert.NotEqual(a.Mesh.Sessions[0].Outbound, b.Mesh.Sessions[0].Outbound);
        },
        seeds: 10);

    [Fact]
    [Trait("spec", "W-41")]
    public void The_newest_handshake_wins_and_the_displaced_socket_is_told_why() => Field.EachSeed(field =>
    {
        (string lower, string higher) = Field.ByDevice("a", "b");
        SimulatedNode b = field.Dialling(higher, [lower]);
        SimulatedNode a = field.Node(lower);
        Field.Trust(a, higher);
        field.Until(() => b.IsConnected(a) && a.IsConnected(b), 5, "the higher id is connected");
        SimulatedLink first = Assert.Single(field.LinksBetween(b, a));

        // A second life of the lower id dials, as after a change of its site file.
        field.Network.Remove(a);
        SimulatedNode again = field.Dialling(lower, [higher], trust: a.Trust);
        field.Until(() => b.Mesh.SessionOf(again.DeviceId) is { Outbound: false }, 5, "the lower id's session is registered");
        field.Run(1);

        Assert.Equal((1000, Superseded), first.Closed);
        SimulatedClose close = field.Network.Closes.First(c => c.By == b.Name);
        Assert.Equal((1000, Superseded), (close.Status, close.Reason));
        Assert.Equal((1000, Superseded), first.Other.Ended);
        Assert.Single(b.Mesh.Sessions);
    });

    [Fact]
    [Trait("spec", "W-41")]
    [Trait("spec", "W-67")]
    public void What_waits_for_an_answer_on_the_displaced_session_fails_with_PEER_DISCONNECTED() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        (ClassicStandIn classic, ClassicLink first) = field.ClassicDialler("classic", a);
        Task<CallResult> pending = a.Mesh.Forward.SendAsync(classic.DeviceId, Commands.Open(field.Time), TestContext.Current.CancellationToken);
        field.Run(1);
        Assert.False(pending.IsCompleted);

        ClassicLink second = classic.Dial(a);
        field.Until(() => second.Connected, 2, "the second handshake is complete");
        field.Run(1);
        Assert.True(pending.IsCompletedSuccessfully);
        Assert.Equal("PEER_DISCONNECTED", pending.Result.Code);
        Assert.Equal((1000, Superseded), first.End);
        Assert.Null(second.End);
        Assert.Equal(1, a.Mesh.Counters[MeshCounter.Displaced]);
    });

    [Fact]
    [Trait("spec", "W-40")]
    public void An_edge_node_stands_down_for_a_classic_one_with_the_lower_id() => Field.EachSeed(field =>
    {
        (string lower, string higher) = Field.ByDevice("a", "b");
        SimulatedNode edge = field.Dialling(higher, [lower]);
        var classic = new ClassicStandIn(field.Network, lower, Field.Key(lower));
        field.Until(() => edge.IsConnected(classic), 5, "the edge node is connected");
        ClassicLink back = classic.Dial(edge);
        field.Until(() => back.Connected, 2, "the classic node is connected");
        field.Run(600);
        Assert.Equal(DialState.StoodDown, edge.Mesh.Dials[0].State);
        Assert.Single(field.Network.Dials);
        Assert.Null(back.End);
    });

    [Fact]
    [Trait("spec", "W-40")]
    public void A_dial_that_stood_down_resumes_a_minute_after_the_lower_ids_session_is_gone() => Field.EachSeed(field =>
    {
        (string lower, string higher) = Field.ByDevice("a", "b");
        SimulatedNode a = field.Dialling(lower, [higher]);
        SimulatedNode b = field.Dialling(higher, [lower]);
        field.Run(70);
        Assert.Equal(DialState.StoodDown, b.Mesh.Dials[0].State);

        field.Network.Kill(a);
        TimeSpan gone = field.Network.Now;
        field.Until(() => field.Network.Dials.Any(d => d.From == higher && d.At > gone), 70, "the higher id dials again");
        // The session is looked at four times a second.
        Assert.InRange(field.Network.Now - gone, TimeSpan.FromSeconds(59.7), TimeSpan.FromSeconds(60.6));
    });

    [Fact]
    [Trait("spec", "W-40")]
    public void A_lower_id_that_comes_back_within_the_minute_finds_the_other_still_at_rest() => Field.EachSeed(field =>
    {
        (string lower, string higher) = Field.ByDevice("a", "b");
        SimulatedNode a = field.Dialling(lower, [higher]);
        SimulatedNode b = field.Dialling(higher, [lower]);
        field.Run(70);
        field.Network.Kill(a);
        field.Run(40);
        int dials = field.Network.Dials.Count(d => d.From == higher);
        SimulatedNode again = field.Dialling(lower, [higher], trust: a.Trust);
        field.Until(() => b.IsConnected(again), 5, "the lower id is back");
        field.Run(300);
        Assert.Equal(dials, field.Network.Dials.Count(d => d.From == higher));
        Assert.Single(b.Mesh.Sessions);
    });

    [Fact]
    [Trait("spec", "W-44")]
    public void Of_two_entries_for_one_device_only_the_first_is_dialled() => Field.EachSeed(field =>
    {
        SimulatedNode b = field.Node("b");
        SimulatedNode a = field.Node("a", new SimulatedNodeOptions { Peers = [Field.PeerOf("b", "lan"), Field.PeerOf("b", "local")] });
        SimulatedNode.Befriend(a, b);
        field.Run(120);
        Assert.Single(field.Network.Dials);
        Assert.Equal("lan", Assert.Single(a.Mesh.Dials).Peer.Label);
        Assert.Equal("lan", Assert.Single(a.Mesh.Sessions).Label);
    });

    [Fact]
    [Trait("spec", "W-40")]
    [Trait("spec", "W-41")]
    public void A_ring_in_which_everybody_dials_everybody_has_one_session_per_pair() => Field.EachSeed(field =>
    {
        string[] names = ["a", "b", "c", "d"];
        SimulatedNode[] nodes = [.. names.Select(n => field.Dialling(n, [.. names.Where(o => o != n)]))];
        field.Run(70);
        int dials = field.Network.Dials.Count;
        field.Run(600);
        Assert.All(nodes, n => Assert.Equal(3, n.Mesh.Sessions.Count));
        Assert.Equal(12, field.Network.OpenLinks.Count);
        Assert.Equal(dials, field.Network.Dials.Count);
    });
}
