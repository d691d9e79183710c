using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

public class GossipTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("spec", "W-74")]
    [Trait("spec", "W-75")]
    public void Under_random_cuts_every_frame_reaches_everybody_and_nobody_twice(bool full) => Field.EachSeed(field =>
    {
        SimulatedNode[] nodes = Six(field, full, out List<(SimulatedNode A, SimulatedNode B)> edges);
        HashSet<(SimulatedNode, SimulatedNode)> cut = [];
        List<(SimulatedNode By, string Id)> told = [];
        int cuts = 0;
        for (int second = 0; second < 120; second++)
        {
            foreach ((SimulatedNode A, SimulatedNode B) edge in edges)
            {
                // About a fifth of the links is cut at any time, for five seconds on average.
                if (cut.Contains(edge) ? field.Network.Chance.NextDouble() < 0.2 : field.Network.Chance.NextDouble() < 0.05)
                {
                    if (cut.Remove(edge)) field.Network.Mend(edge.A, edge.B);
                    else if (cut.Add(edge)) field.Network.Cut(edge.A, edge.B);
                    cuts++;
                }
            }

            SimulatedNode by = nodes[field.Network.Chance.Next(nodes.Length)];
            told.Add((by, by.Observe(second, $"zone-{second}")));
            field.Run(1);
        }

        Assert.True(cuts > 20);
        foreach ((SimulatedNode a, SimulatedNode b) in cut) field.Network.Mend(a, b);
        field.Run(120);
        foreach (SimulatedNode node in nodes)
        {
            IReadOnlyList<MeshFrame> log = node.Mesh.World.Log(WorldStore.DefaultFrames, null, null);
            HashSet<string> known = [.. log.Select(f => f.FrameId)];
            Assert.Equal(known.Count, log.Count);
            Assert.Equal(0, told.Count(t => !known.Contains(t.Id)));
            Assert.All(log, f => Assert.InRange(f.Hops, 0, f.SourceDeviceId == node.DeviceId.Value ? 0 : 3));
            Assert.Equal(told.Count(t => t.By == node), log.Count(f => f.SourceDeviceId == node.DeviceId.Value));
        }
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("spec", "W-74")]
    public void A_frame_crosses_each_link_at_most_once_in_each_direction_and_its_copies_are_counted(bool full) => Field.EachSeed(field =>
    {
        SimulatedNode[] nodes = Six(field, full, out List<(SimulatedNode, SimulatedNode)> edges);
        string id = nodes[0].Observe(1);
        field.Run(2);
        Assert.All(nodes, n => Assert.True(n.Knows(id)));
        foreach (SimulatedLink link in field.Network.AllLinks) Assert.InRange(link.Sent.Count(t => t.Contains(id, StringComparison.Ordinal)), 0, 1);
        long copies = nodes.Sum(n => n.Mesh.Counters[MeshCounter.DuplicateFrames] + n.Mesh.Counters[MeshCounter.OwnFramesBack]);
        Assert.Equal(field.Network.AllLinks.Sum(l => l.Sent.Count(t => t.Contains(id, StringComparison.Ordinal))) - 5, copies);
        Assert.Single(nodes[0].Mesh.World.Log(100, null, null));
    });

    [Fact]
    [Trait("spec", "W-74")]
    [Trait("spec", "W-75")]
    public void A_frame_goes_four_edges_far_and_keeps_the_hops_it_came_with() => Field.EachSeed(field =>
    {
        List<SimulatedNode> line = [field.Node("n0")];
        for (int i = 1; i < 6; i++) line.Add(field.Node($"n{i}", "field", line[^1]));
        field.Until(() => line.Skip(1).Zip(line).All(p => p.First.IsConnected(p.Second) && p.Second.IsConnected(p.First)), 5, "the line stands");
        field.Run(1);
        string id = line[0].Observe(1);
        field.Run(2);
        for (int i = 0; i < 6; i++)
        {
            MeshFrame? frame = line[i].Mesh.World.Log(10, null, null).SingleOrDefault(f => f.FrameId == id);
            if (i == 5) Assert.Null(frame);
            else Assert.Equal(Math.Max(i - 1, 0), frame!.Hops);
        }

        Assert.Equal(1, line[4].Mesh.Counters[MeshCounter.HopLimit]);
    });

    [Fact]
    [Trait("spec", "W-74")]
    [Trait("spec", "W-78")]
    public void An_own_frame_that_comes_back_is_neither_kept_nor_relayed() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        ClassicLink one = field.ClassicDialler("one", a).Link;
        ClassicLink two = field.ClassicDialler("two", a).Link;
        string id = a.Observe(1);
        field.Until(() => one.Frames.Contains(id), 1, "the frame has come");
        string back = one.Events("context.frame")[0].Payload.GetRawText().Replace("\"hops\":0", "\"hops\":1", StringComparison.Ordinal);
        one.Tell("context.frame", back);
        // Under an id the node never used: still its own, and no fact of its world.
        one.Tell("context.frame", back.Replace(id, "00000000-0000-4000-8000-000000000000", StringComparison.Ordinal));
        field.Run(1);
        Assert.Single(a.Mesh.World.Log(10, null, null));
        Assert.Equal([id], two.Frames);
        Assert.Equal(2, a.Mesh.Counters[MeshCounter.OwnFramesBack]);
    });

    [Fact]
    [Trait("spec", "X-11")]
    public void Frames_without_the_grant_are_dropped_and_counted_and_the_grant_counts_at_once() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        SimulatedNode b = field.Node("b", "field", a);
        SimulatedNode c = field.Node("c", "field", b);
        field.Until(() => a.IsConnected(b) && b.IsConnected(a) && c.IsConnected(b) && b.IsConnected(c), 5, "the line stands");
        field.Run(1);
        Grant(a, b, g => g with { Gossip = false });
        string own = b.Observe(1), relayed = c.Observe(2, "zone-2");
        field.Run(1);
        Assert.False(a.Knows(own));
        Assert.True(a.Knows(relayed));
        Assert.Equal(1, a.Mesh.Counters[MeshCounter.GrantDenied]);

        Grant(a, b, g => g with { Gossip = true, Relay = false });
        (own, relayed) = (b.Observe(3), c.Observe(4, "zone-2"));
        field.Run(1);
        Assert.True(a.Knows(own));
        Assert.False(a.Knows(relayed));
        Assert.Equal(2, a.Mesh.Counters[MeshCounter.GrantDenied]);
        Assert.True(a.IsConnected(b));
    });

    [Fact]
    [Trait("spec", "X-11")]
    public void Without_the_sync_grant_a_peer_is_told_nothing_of_the_past() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        string past = a.Observe(1);
        SimulatedNode b = field.Node("b", "field", a);
        Grant(a, b, g => g with { Sync = false });
        field.Until(() => b.IsConnected(a), 5, "b is connected");
        field.Run(2);
        Assert.False(b.Knows(past));
        Assert.Contains(field.Sent(a, b), t => t.Contains("NOT_AUTHORIZED", StringComparison.Ordinal));
        string now = a.Observe(2);
        field.Run(1);
        Assert.True(b.Knows(now));
    });

    [Fact]
    [Trait("spec", "X-11")]
    [Trait("spec", "X-18")]
    public void A_tier_is_believed_up_to_the_origins_grant_directly_and_up_to_T1_over_a_relay() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        SimulatedNode b = field.Node("b", "field", a);
        SimulatedNode c = field.Node("c", "field", b);
        field.Until(() => a.IsConnected(b) && c.IsConnected(b) && b.IsConnected(c), 5, "the line stands");
        string direct = b.Observe(1), relayed = c.Observe(2, "zone-2");
        field.Run(1);
        Assert.Equal(EvidenceTier.OperationalObservation, Of(a, direct).EffectiveTier);
        Assert.Equal(EvidenceTier.UnverifiedObservation, Of(a, relayed).EffectiveTier);
        // What is stored, shown and passed on is the frame's own word.
        Assert.Equal(EvidenceTier.OperationalObservation, Of(a, relayed).Tier);
        Assert.Contains("T2_operational_observation", JsonSerializer.Deserialize<JsonElement>(Of(a, relayed).Utf8).GetRawText(), StringComparison.Ordinal);

        Grant(a, b, g => g with { MaxTier = EvidenceTier.PlanningInference });
        direct = b.Observe(3);
        field.Run(1);
        Assert.Equal(EvidenceTier.PlanningInference, Of(a, direct).EffectiveTier);
    });

    [Fact]
    [Trait("spec", "X-18")]
    [Trait("spec", "W-72")]
    public void What_a_model_said_stays_T0_whatever_its_frame_claims() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Node("a");
            (ClassicStandIn planner, ClassicLink link) = field.ClassicDialler("planner", a, role: "planner");
            link.Tell("context.frame", $$$"""{"gen":1,"kind":"inference","frameId":"i1","sourceDeviceId":"{{{planner.DeviceId.Value}}}","timestamp":1,"data":{"summary":"open it"},"trust":{"evidence_sources":["sensor","human"],"evidence_trust_tier":"T3_verified_action_evidence"},"hops":0}""");
            field.Run(1);
            Assert.Equal(EvidenceTier.PlanningInference, Of(a, "i1").EffectiveTier);
        },
        seeds: 1);

    [Fact]
    [Trait("spec", "W-77")]
    [Trait("spec", "W-2")]
    public void A_relay_changes_hops_and_not_a_byte_more() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Node("a");
            (ClassicStandIn origin, ClassicLink link) = field.ClassicDialler("origin", a);
            ClassicLink far = field.ClassicDialler("far", a).Link;
            string Frame(int hops) => $$$"""{"gen":1,"kind":"observation","x-first":[1.50,1e3,-0,{"ü":"\u00fc"}],"frameId":"f1","sourceDeviceId":"{{{origin.DeviceId.Value}}}","timestamp":1795222484456,"hops":{{{hops}}},"data":{"zone":"z","metric":"m","value":31.50,"more":null},"trust":{"evidence_sources":["sensor"],"evidence_trust_tier":"T2_operational_observation","extra":true},"last":"\/"}""";
            link.Tell("context.frame", Frame(0));
            field.Run(1);
            Assert.Equal(Frame(1), Assert.Single(far.Events("context.frame")).Payload.GetRawText());
        },
        seeds: 1);

    private static SimulatedNode[] Six(Field field, bool full, out List<(SimulatedNode A, SimulatedNode B)> edges)
    {
        var nodes = new SimulatedNode[6];
        edges = [];
        for (int i = 0; i < 6; i++)
        {
            SimulatedNode[] earlier = full ? nodes[..i] : i == 0 ? [] : i < 5 ? [nodes[i - 1]] : [nodes[4], nodes[0]];
            nodes[i] = field.Node($"n{i}", "field", earlier);
            foreach (SimulatedNode other in earlier) edges.Add((nodes[i], other));
        }

        int each = full ? 5 : 2;
        field.Until(() => nodes.All(n => n.Mesh.Sessions.Count == each), 10, "everybody is connected");
        field.Run(2);
        return nodes;
    }

    private static MeshFrame Of(SimulatedNode node, string id) => node.Mesh.World.Log(100, null, null).Single(f => f.FrameId == id);

    private static void Grant(SimulatedNode node, SimulatedNode peer, Func<PeerGrants, PeerGrants> change)
    {
        TrustEntry entry = node.Trust.Entries[peer.DeviceId.Value];
        node.Trust.Set(entry with { Grants = change(entry.Grants) });
    }
}
