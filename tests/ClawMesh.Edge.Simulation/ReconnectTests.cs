using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

public class ReconnectTests
{
    private static readonly double[] Delays = [1, 2, 4, 8, 16, 30, 30, 30];

    [Fact]
    [Trait("spec", "W-42")]
    public void Attempts_are_1_2_4_8_16_and_30_seconds_apart_and_up_to_a_fifth_more() => Field.EachSeed(field =>
    {
        field.Dialling("a", ["b"]);
        field.Run(200);
        AssertDelays(field, 0);
    });

    [Fact]
    [Trait("spec", "W-42")]
    public void A_socket_whose_handshake_is_refused_does_not_bring_the_delay_back() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Dialling("a", ["b"]);
        SimulatedNode b = field.Node("b");
        field.Run(200);
        Assert.All(field.Network.Dials, d => Assert.True(d.Reached));
        AssertDelays(field, 0);

        // Once a handshake has finished, the first delay is one second again, 1008 or not.
        Field.Trust(b, "a");
        field.Until(() => a.IsConnected(b), 40, "b lets a in");
        int before = field.Network.Dials.Count;
        b.Trust.Remove(a.DeviceId);
        field.Until(() => field.Network.Dials.Count > before, 4, "a dials again");
        TimeSpan closed = field.Network.Closes.Last(c => c.Status == 1008 && c.By == "b").At;
        Assert.InRange((field.Network.Dials[^1].At - closed).TotalSeconds, 1, 1.5);
    });

    [Fact]
    [Trait("spec", "W-42")]
    public void A_close_with_1000_waits_like_any_other() => Field.EachSeed(field =>
    {
        var classic = new ClassicStandIn(field.Network, "b", Field.Key("b"));
        SimulatedNode a = field.Dialling("a", ["b"]);
        field.Until(() => a.IsConnected(classic), 5, "a is connected");
        classic.Links[0].Link.Close(1000, "done");
        TimeSpan closed = field.Network.Now;
        field.Until(() => field.Network.Dials.Count > 1, 4, "a dials again");
        Assert.InRange((field.Network.Dials[^1].At - closed).TotalSeconds, 1, 1.5);
    });

    [Fact]
    [Trait("spec", "W-28")]
    public void A_static_peer_is_not_dialled_before_it_is_trusted() => Field.EachSeed(field =>
    {
        SimulatedNode b = field.Node("b");
        Field.Trust(b, "a");
        SimulatedNode a = field.Node("a", new SimulatedNodeOptions { Peers = [b.AsPeer()] });
        field.Run(120);
        Assert.Empty(field.Network.Dials);
        Assert.Equal(DialState.Untrusted, a.Mesh.Dials[0].State);

        Field.Trust(a, "b");
        field.Until(() => a.IsConnected(b), 2, "a dials once b is trusted");
        Assert.Single(field.Network.Dials);
    });

    [Fact]
    [Trait("spec", "W-163")]
    [Trait("spec", "W-164")]
    public void A_wan_link_without_a_pin_is_never_dialled_and_the_node_runs_on() => Field.EachSeed(field =>
    {
        SimulatedNode b = field.Node("b");
        SimulatedNode c = field.Node("c");
        string pin = new('a', 64);
        StaticPeer pinned = StaticPeer.Parse($"{Field.Key("d").DeviceId.Value}=wss://sim:1/|{pin}|relay", out _)!;
        StaticPeer unpinned = StaticPeer.Parse($"{Field.Key("e").DeviceId.Value}=wss://sim:1/||vpn", out _)!;
        SimulatedNode a = field.Node("a", new SimulatedNodeOptions { Peers = [b.AsPeer("relay"), c.AsPeer("LAN"), pinned, unpinned] });
        foreach (SimulatedNode peer in (SimulatedNode[])[b, c]) SimulatedNode.Befriend(a, peer);
        Field.Trust(a, "d");
        Field.Trust(a, "e");
        field.Run(120);
        Assert.Equal([DialState.Refused, DialState.Connected, DialState.Waiting, DialState.Refused], a.Mesh.Dials.Select(d => d.State));
        Assert.DoesNotContain(field.Network.Dials, d => d.To == "b");
        Assert.Contains(field.Network.Dials, d => d.To == Field.Key("d").DeviceId.Abbreviated);
        Assert.DoesNotContain(field.Network.Dials, d => d.To == Field.Key("e").DeviceId.Abbreviated);
    });

    [Fact]
    [Trait("spec", "W-28")]
    [Trait("spec", "W-44")]
    public void A_node_that_names_itself_as_a_peer_does_not_dial() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Dialling("a", ["a"]);
        field.Run(60);
        Assert.Empty(field.Network.Dials);
        Assert.Equal(DialState.Refused, a.Mesh.Dials[0].State);
    });

    // The tick sees a due attempt up to 250 ms late.
    private static void AssertDelays(Field field, int from)
    {
        for (int i = 0; i < Delays.Length; i++)
        {
            double delay = (field.Network.Dials[from + i + 1].At - field.Network.Dials[from + i].At).TotalSeconds;
            Assert.InRange(delay, Delays[i], (Delays[i] * 1.2) + 0.3);
        }
    }
}
