using System.Text.Json;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>A line A-B-C whose middle is killed and comes back without its memory.</summary>
public class RestartTests
{
    [Theory]
    [InlineData(40, "ABC")]
    [InlineData(40, "CBA")]
    [InlineData(490, "ABC")]
    [InlineData(490, "CBA")]
    [Trait("spec", "W-60")]
    [Trait("spec", "W-85")]
    [Trait("spec", "W-86")]
    [Trait("spec", "W-87")]
    [Trait("spec", "W-88")]
    public void What_was_said_while_the_middle_was_down_reaches_the_far_end_after_it_is_back(int frames, string order) => Field.EachSeed(field =>
    {
        (SimulatedNode a, SimulatedNode b, SimulatedNode c) = Line(field);
        string before = a.Observe(1);
        field.Until(() => c.Knows(before), 2, "the line carries frames");
        Assert.Equal(1, HopsAt(c, before));

        field.Network.Kill(b);
        field.Until(() => !c.IsConnected(b) && !a.IsConnected(b), 1, "both ends notice");
        Assert.Contains("outbound disconnected", Field.EventsOf(c, EventTypes.PeerDisconnect)[0].Message, StringComparison.Ordinal);
        field.Run(5);
        List<string> gap = [];
        for (int i = 0; i < frames; i++)
        {
            // One key on purpose: a gap in a series is not filled by its last value.
            gap.Add(a.Observe(i));
            field.Run(0.05);
        }

        SimulatedNode again = field.Dialling("b", [], trust: b.Trust);
        if (order == "CBA") field.Network.Cut(a, again);
        else field.Network.Cut(c, again);
        field.Until(() => again.IsConnected(order == "CBA" ? c : a), 60, "the first end is back");
        field.Run(2);
        field.Network.Mend(order == "CBA" ? a : c, again);
        field.Until(() => again.IsConnected(a) && again.IsConnected(c), 60, "both ends are back");
        field.Run(10);

        HashSet<string> known = [.. Log(c).Select(f => f.FrameId)];
        Assert.Equal(0, gap.Count(id => !known.Contains(id)));
        Assert.All(gap, id => Assert.InRange(HopsAt(c, id), 0, 1));
        foreach (SimulatedNode node in (SimulatedNode[])[a, again, c]) AssertNoDuplicates(node);

        // One question on each session of each end: the dialler's ([W-60]), and the acceptor's toward an Edge node.
        Assert.Single(field.Network.AllLinks.Last(l => l.Owner == "a" && l.Facts.Dialled && l.Other.Owner == "b").Sent, t => t.Contains("context.sync", StringComparison.Ordinal));
    });

    [Fact]
    [Trait("spec", "W-88")]
    public void Frames_a_node_sent_itself_are_not_taken_back_from_peers_whether_it_remembers_them_or_not() => Field.EachSeed(field =>
    {
        (SimulatedNode a, SimulatedNode b, _) = Line(field);
        List<string> own = [.. Enumerable.Range(0, 10).Select(i => b.Observe(i, $"zone-{i}"))];
        field.Run(1);
        field.Network.Cut(a, b);
        field.Run(20);
        field.Network.Mend(a, b);
        field.Until(() => a.IsConnected(b), 60, "a is back");
        field.Run(2);
        AssertNoDuplicates(b);

        field.Network.Kill(b);
        SimulatedNode again = field.Dialling("b", [], trust: b.Trust);
        field.Until(() => again.IsConnected(a), 60, "b is back");
        field.Run(2);
        Assert.All(own, id => Assert.False(again.Knows(id)));
        AssertNoDuplicates(again);
    });

    [Fact]
    [Trait("spec", "W-86")]
    [Trait("spec", "W-85")]
    public void A_server_of_context_sync_clamps_the_limit_takes_since_strictly_and_returns_the_newest_in_order() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        (_, ClassicLink link) = field.ClassicDialler("classic", a);
        List<string> told = [];
        for (int i = 0; i < 600; i++)
        {
            told.Add(a.Observe(i, i % 2 == 0 ? "even" : "odd"));
            field.Run(0.01);
        }

        Assert.Equal(told[^500..], Ids(field.Ask(link, "context.sync", """{"since":0,"limit":100000}""")));
        Assert.Equal(told[^1..], Ids(field.Ask(link, "context.sync", """{"since":-9e15,"limit":0}""")));
        Assert.Equal(told[^100..], Ids(field.Ask(link, "context.sync", """{"since":null}""")));
        Assert.Equal([.. told[^500..].Where((_, i) => i % 2 == 1)], Ids(field.Ask(link, "context.sync", """{"limit":500,"zone":"odd"}""")));
        Assert.Empty(Ids(field.Ask(link, "context.sync", """{"limit":500,"kind":"event"}""")));
        long at = a.Mesh.World.Log(1, null, null)[0].Timestamp;
        Assert.Empty(Ids(field.Ask(link, "context.sync", $$"""{"since":{{at}}}""")));
        JsonElement last = field.Ask(link, "context.sync", $$"""{"since":{{at - 1}},"limit":1}""").GetProperty("payload");
        Assert.Equal(1, last.GetProperty("totalAvailable").GetInt32());
        Assert.Equal(field.Time.GetUtcNow().ToUnixTimeMilliseconds(), last.GetProperty("peerTimestamp").GetInt64(), 50L);
    }, seeds: 2);

    [Fact]
    [Trait("spec", "W-43")]
    public void A_lost_outbound_peer_is_suppressed_for_ten_minutes_or_until_it_is_back() => Field.EachSeed(field =>
    {
        (SimulatedNode a, SimulatedNode b, SimulatedNode c) = Line(field);
        Assert.False(a.Mesh.Suppression.IsSuppressed(b.DeviceId));
        field.Network.Kill(b);
        field.Run(1);
        Assert.True(a.Mesh.Suppression.IsSuppressed(b.DeviceId));

        // Static dials go on all the same.
        int dials = field.Network.Dials.Count(d => d.From == "a");
        field.Run(10);
        Assert.True(field.Network.Dials.Count(d => d.From == "a") > dials);

        SimulatedNode again = field.Dialling("b", [], trust: b.Trust);
        field.Until(() => a.IsConnected(again) && c.IsConnected(again), 60, "b is back");
        Assert.False(a.Mesh.Suppression.IsSuppressed(b.DeviceId));

        field.Network.Kill(again);
        field.Run(599);
        Assert.True(a.Mesh.Suppression.IsSuppressed(b.DeviceId));
        field.Run(2);
        Assert.False(a.Mesh.Suppression.IsSuppressed(b.DeviceId));
    });

    // Both ends dial, so that both lose an outbound session.
    private static (SimulatedNode A, SimulatedNode B, SimulatedNode C) Line(Field field)
    {
        SimulatedNode b = field.Node("b");
        Field.Trust(b, "a");
        Field.Trust(b, "c");
        SimulatedNode a = field.Dialling("a", ["b"]);
        SimulatedNode c = field.Dialling("c", ["b"]);
        field.Until(() => a.IsConnected(b) && c.IsConnected(b) && b.IsConnected(a) && b.IsConnected(c), 5, "the line stands");
        return (a, b, c);
    }

    private static IReadOnlyList<MeshFrame> Log(SimulatedNode node) => node.Mesh.World.Log(WorldStore.DefaultFrames, null, null);

    private static int HopsAt(SimulatedNode node, string id) => Log(node).Single(f => f.FrameId == id).Hops;

    private static void AssertNoDuplicates(SimulatedNode node) => Assert.Equal(Log(node).Count, Log(node).Select(f => f.FrameId).Distinct().Count());

    private static List<string> Ids(JsonElement answer) => [.. answer.GetProperty("payload").GetProperty("frames").EnumerateArray().Select(f => f.GetProperty("frameId").GetString()!)];
}
