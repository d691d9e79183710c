using System.Globalization;
using ClawMesh.Edge.Mesh.Lifecycle;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>What nodes learn of each other's clocks by pings, and how little one of them can do with it.</summary>
public class ClockOffsetTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    [Trait("spec", "X-33")]
    [Trait("spec", "X-37")]
    public void Within_seconds_each_end_knows_how_far_the_clock_of_the_other_is_off() => Field.EachSeed(field =>
    {
        SimulatedNode b = Node(field, "b", out SkewedTime clock);
        clock.Skew = TimeSpan.FromSeconds(42);
        SimulatedNode a = field.Node("a", "field", b);
        field.Until(() => Offset(a, b) is not null && Offset(b, a) is not null, 4, "both have asked");

        Near(42, Offset(a, b));
        Near(-42, Offset(b, a));
        Assert.Equal((1, 0, 1), (a.Mesh.ClockVote.Peers, a.Mesh.ClockVote.Agree, a.Mesh.ClockVote.Ahead));
        Assert.False(a.Mesh.ClockVote.Contradicts);
    });

    [Fact]
    [Trait("spec", "X-33")]
    public void A_peer_is_asked_thrice_at_once_and_then_every_thirty_seconds() => Field.EachSeed(
        field =>
        {
            SimulatedNode b = field.Node("b");
            SimulatedNode a = field.Node("a", "field", b);
            field.Until(() => a.IsConnected(b), 5, "the pair is connected");
            int Pings() => field.Sent(a, b).Count(t => t.Contains("\"mesh.ping\"", StringComparison.Ordinal));
            field.Run(5);
            Assert.Equal(3, Pings());
            field.Run(300);
            Assert.InRange(Pings(), 12, 14);
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "X-33")]
    public void A_classic_peer_is_not_asked() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Node("a");
            (ClassicStandIn classic, _) = field.ClassicDialler("classic", a);
            field.Run(60);
            Assert.DoesNotContain(field.Sent(a, classic), t => t.Contains("mesh.ping", StringComparison.Ordinal));
            Assert.Null(Offset(a, classic));
            Assert.Equal(PeerClockVote.None, a.Mesh.ClockVote);
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "X-37")]
    public void An_answer_that_took_long_tells_no_time() => Field.EachSeed(
        field =>
        {
            SimulatedNode b = field.Node("b");
            SimulatedNode a = field.Node("a", "field", b);
            field.Until(() => a.IsConnected(b), 5, "the pair is connected");
            field.Network.Delay = TimeSpan.FromSeconds(2);
            field.Run(600);
            // What came quickly by chance is at most half its way off.
            Assert.True(Offset(a, b) is null || Offset(a, b)!.Value.Duration() <= TimeSpan.FromMilliseconds(250));
            Assert.Empty(Field.EventsOf(a, Core.Lifecycle.EventTypes.PeerSuspect));
        },
        seeds: 3);

    [Fact]
    [Trait("spec", "X-37")]
    public void The_own_clock_s_step_shows_at_once_and_spoils_no_median() => Field.EachSeed(field =>
    {
        SimulatedNode b = field.Node("b");
        var clock = new SkewedTime(field.Time);
        SimulatedNode a = field.Node("a", new SimulatedNodeOptions { Time = clock, Peers = [b.AsPeer()] });
        SimulatedNode.Befriend(a, b);
        field.Until(() => Offset(a, b) is not null, 6, "a has asked");
        Near(0, Offset(a, b));

        clock.Skew = TimeSpan.FromSeconds(-30);
        field.Run(0.5);
        Near(30, Offset(a, b));
    });

    // The clock that lies moves wherever it likes, in both directions and between the looks.
    [Fact]
    [Trait("spec", "X-37")]
    public void One_lying_peer_among_three_changes_nothing() => Field.EachSeed(field =>
    {
        SimulatedNode[] peers = [Node(field, "p0", out SkewedTime liar), field.Node("p1"), field.Node("p2")];
        SimulatedNode a = field.Node("a", "field", peers);
        field.Until(() => a.Mesh.ClockVote.Peers == 3, 6, "all three are known");
        foreach (double hours in (double[])[1, -1, 1_000, -1_000, 80_000, 0.01])
        {
            liar.Skew = Hour * hours;
            field.Run(200);
            PeerClockVote vote = a.Mesh.ClockVote;
            string lie = hours.ToString(CultureInfo.InvariantCulture);
            Assert.True(vote is { Peers: 3, Agree: 2 }, $"{lie} h: {vote}");
            Assert.True(vote is { Confirms: true, Contradicts: false }, lie);
            Assert.InRange(vote.Median!.Value.TotalSeconds, -0.5, 0.5);
        }
    });

    [Fact]
    [Trait("spec", "X-37")]
    public void A_wrong_clock_is_contradicted_by_two_of_three_whatever_the_third_says() => Field.EachSeed(field =>
    {
        SimulatedNode[] peers = [Node(field, "p0", out SkewedTime liar), field.Node("p1"), field.Node("p2")];
        var own = new SkewedTime(field.Time);
        SimulatedNode a = field.Node("a", new SimulatedNodeOptions { Time = own, Peers = [.. peers.Select(p => p.AsPeer())] });
        foreach (SimulatedNode peer in peers) SimulatedNode.Befriend(a, peer);
        field.Until(() => a.Mesh.ClockVote.Peers == 3, 6, "all three are known");

        // The liar vouches for the wrong clock.
        own.Skew = liar.Skew = -Hour;
        field.Run(200);
        Assert.True(a.Mesh.ClockVote is { Agree: 1, Ahead: 2, Contradicts: true, Confirms: false }, a.Mesh.ClockVote.ToString());
        Near(3600, a.Mesh.ClockVote.Median);

        own.Skew = TimeSpan.Zero;
        field.Run(1);
        Assert.True(a.Mesh.ClockVote is { Agree: 2, Contradicts: false, Confirms: true }, a.Mesh.ClockVote.ToString());
    });

    private static SimulatedNode Node(Field field, string name, out SkewedTime clock)
    {
        clock = new SkewedTime(field.Time);
        return field.Node(name, new SimulatedNodeOptions { Time = clock });
    }

    private static TimeSpan? Offset(SimulatedNode here, ISimulatedEnd there) => here.Mesh.SessionOf(there.DeviceId)?.Sight.ClockOffset;

    private static void Near(double seconds, TimeSpan? offset) => Assert.InRange(offset!.Value.TotalSeconds, seconds - 0.3, seconds + 0.3);
}
