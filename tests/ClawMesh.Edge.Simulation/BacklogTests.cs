using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>Conformance row XC20: what a classic acceptor is sent after it was away.</summary>
[Trait("spec", "X-78")]
[Trait("spec", "X-79")]
public class BacklogTests
{
    [Fact]
    public void After_two_hours_and_a_restart_alarms_come_first_then_the_newest_reading_of_each_key_and_nothing_too_old() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Dialling("a", ["classic"]);
            ClassicStandIn classic = field.Classic("classic", a);
            field.Until(() => a.IsConnected(classic), 30, "they meet");
            string delivered = a.Observe(1);
            field.Run(400);
            Assert.Contains(delivered, classic.Links[^1].Frames);

            field.Network.Cut(a, classic);
            string old = a.Observe(10, "zone-old");
            string alarm = a.Observe(11, "zone-alarm", messageClass: MessageClass.Safety);
            field.Run(4_000);
            string first = a.Observe(20), newest = "";
            for (int i = 0; i < 30; i++) newest = a.Observe(21 + i);
            string control = a.Observe(3, "zone-control", messageClass: MessageClass.Control);
            field.Run(1_500);
            field.Network.Kill(a);
            var options = new SimulatedNodeOptions { Trust = a.Trust, Archive = a.Archive, Settings = a.Settings, Peers = [Field.PeerOf("classic")] };
            SimulatedNode again = field.Node("a", options);
            field.Run(1_600);
            field.Network.Mend(again, classic);
            field.Until(() => again.IsConnected(classic), 90, "it is back");
            field.Run(30);

            List<string> came = [.. classic.Links[^1].Frames.Where(f => f == old || f == alarm || f == first || f == newest || f == control || f == delivered)];
            Assert.Equal([alarm, control, newest], came);
            Assert.True(classic.Discarded == 0);
        },
        seeds: 2);

    [Fact]
    public void At_most_two_hundred_are_sent_the_alarms_among_them_and_all_within_the_pace_of_a_classic_node() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Dialling("a", ["classic"]);
            ClassicStandIn classic = field.Classic("classic", a);
            field.Until(() => a.IsConnected(classic), 30, "they meet");
            field.Run(100);
            field.Network.Cut(a, classic);
            List<string> alarms = [];
            for (int i = 0; i < 20; i++) alarms.Add(a.Observe(i, $"alarm-{i}", messageClass: MessageClass.Safety));
            for (int i = 0; i < 400; i++) a.Observe(i, $"zone-{i}");
            field.Run(300);
            field.Network.Mend(a, classic);
            field.Until(() => a.IsConnected(classic), 90, "it is back");
            field.Run(600);
            IReadOnlyList<string> frames = classic.Links[^1].Frames;
            Assert.Equal(200, frames.Distinct().Count());
            Assert.Equal(alarms, frames.Take(20));
            Assert.Equal(0, classic.Discarded);
        },
        seeds: 2);

    [Fact]
    public void A_mark_moves_on_only_once_a_socket_has_stayed_up_after_the_writing() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Dialling("a", ["classic"]);
            ClassicStandIn classic = field.Classic("classic", a);
            field.Until(() => a.IsConnected(classic), 30, "they meet");
            field.Run(100);
            string told = a.Observe(1, messageClass: MessageClass.Safety);
            field.Run(2);
            Assert.Contains(told, classic.Links[^1].Frames);
            field.Network.Drop(classic);
            field.Until(() => a.IsConnected(classic), 90, "it is back");
            field.Run(5);
            // Nobody can tell whether it was read; a second copy is harmless.
            Assert.Contains(told, classic.Links[^1].Frames);
            field.Run(100);
            field.Network.Drop(classic);
            field.Until(() => a.IsConnected(classic), 90, "it is back again");
            field.Run(5);
            Assert.DoesNotContain(told, classic.Links[^1].Frames);
        },
        seeds: 2);
}
