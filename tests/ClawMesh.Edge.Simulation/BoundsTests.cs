using System.Net;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>Floods: every map stays at its bound, every limit answers as written.</summary>
public class BoundsTests
{
    [Fact]
    [Trait("spec", "W-82")]
    [Trait("spec", "W-140")]
    public void A_flood_of_keys_leaves_every_map_at_its_bound_and_the_nodes_own_values_in_it() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Node("a", new SimulatedNodeOptions { Mesh = o => o with { InboundPerSecond = 1e6, InboundBurst = 1e6 } });
            string own = a.Observe(1);
            (ClassicStandIn classic, ClassicLink link) = field.ClassicDialler("classic", a);
            Flood(field, link, 12_000, i => Frame(classic, $"f{i}", $"zone-{i}"));
            WorldCounts counts = a.Mesh.World.Counts;
            Assert.Equal((WorldStore.DefaultEntries, WorldStore.DefaultFrames, 2_001L), (counts.Entries, counts.Frames, counts.Evicted));
            Assert.Contains(a.Mesh.World.Current(), f => f.FrameId == own);
            Assert.Contains(a.Mesh.World.Current(), f => f.FrameId == "f11999");
            Assert.DoesNotContain(a.Mesh.World.Current(), f => f.FrameId == "f0");
            Assert.Equal(200, field.Ask(link, "mesh.trace").GetProperty("payload").GetProperty("trackedChains").GetInt32());
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "W-76")]
    [Trait("spec", "W-82")]
    public void A_flood_of_frame_ids_forgets_the_oldest_and_still_knows_the_newest() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Node("a", new SimulatedNodeOptions { Mesh = o => o with { InboundBurst = 1e6 } });
            (ClassicStandIn classic, ClassicLink link) = field.ClassicDialler("classic", a);
            Flood(field, link, 20_001, i => Frame(classic, $"f{i}", "zone"));
            Assert.Equal(20_001, a.Mesh.Counters[MeshCounter.FramesIngested]);
            Flood(field, link, 1, _ => Frame(classic, "f20000", "zone"));
            Flood(field, link, 1, _ => Frame(classic, "f1", "zone"));
            Assert.Equal(2, a.Mesh.Counters[MeshCounter.DuplicateFrames]);
            Flood(field, link, 1, _ => Frame(classic, "f0", "zone"));
            Assert.Equal(20_002, a.Mesh.Counters[MeshCounter.FramesIngested]);
        },
        seeds: 1);

    [Fact]
    [Trait("spec", "W-68")]
    [Trait("spec", "W-67")]
    public void At_most_256_requests_wait_for_a_peer_and_each_ends_after_its_time() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        ClassicStandIn silent = field.ClassicDialler("silent", a).Classic;
        Task<CallResult>[] calls = [.. Enumerable.Range(0, 300).Select(_ => a.Mesh.Forward.SendAsync(silent.DeviceId, Commands.Open(field.Time), TestContext.Current.CancellationToken))];
        Assert.Equal(256, calls.Count(c => !c.IsCompleted));
        Assert.All(calls[256..], c => Assert.Equal("BUSY", c.Result.Code));
        // Against the direction of its dial a classic node does not answer, and is waited for 5 s only ([W-149]).
        field.Run(4.5);
        Assert.Equal(256, calls.Count(c => !c.IsCompleted));
        field.Run(1);
        Assert.All(calls[..256], c => Assert.Equal("TIMEOUT", c.Result.Code));
        Assert.True(a.IsConnected(silent));
    });

    [Fact]
    [Trait("spec", "W-154")]
    public void A_socket_without_a_session_is_closed_with_1013_after_sixty_messages_in_a_minute() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        ClassicLink stranger = new ClassicStandIn(field.Network, "stranger", Field.Key("stranger")).Dial(a, handshake: false);
        for (int i = 0; i < 70; i++) stranger.Ask("mesh.challenge");
        field.Run(1);
        Assert.Equal(60, stranger.Heard.Count);
        Assert.Equal(60, stranger.Heard.Select(h => h.Payload.GetProperty("nonce").GetString()).Distinct().Count());
        Assert.Equal(1013, stranger.End?.Status);
        Assert.Equal((0, 0), a.Mesh.Strangers(IPAddress.Loopback));
    });

    [Fact]
    [Trait("spec", "W-154")]
    public void A_session_that_sends_too_much_loses_events_and_gets_RATE_LIMITED_and_stays() => Field.EachSeed(
        field =>
        {
            field.Network.Delay = TimeSpan.Zero;
            SimulatedNode a = field.Node("a");
            (ClassicStandIn classic, ClassicLink link) = field.ClassicDialler("classic", a);
            field.Run(10);
            Flood(field, link, 12_000, i => Frame(classic, $"f{i}", "zone"));
            Assert.Equal(2_000, a.Mesh.Counters[MeshCounter.RateLimited]);
            Assert.Equal(10_000, a.Mesh.Counters[MeshCounter.FramesIngested]);
            string refused = link.Ask("mesh.ping");
            field.Network.Run(TimeSpan.Zero);
            Assert.Equal("RATE_LIMITED", Field.Code(link.ResultOf(refused)!.Value));
            Assert.StartsWith("RATE_LIMITED", link.ResultOf(refused)!.Value.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
            field.Run(1);
            Flood(field, link, 3_000, i => Frame(classic, $"g{i}", "zone"));
            Assert.Equal(12_000, a.Mesh.Counters[MeshCounter.FramesIngested]);
            field.Run(1);
            Assert.Equal("OK", field.CodeOf(link, "mesh.ping"));
            Assert.Null(link.End);
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "W-47")]
    [Trait("spec", "W-82")]
    public void Handshakes_of_many_devices_are_refused_and_leave_nothing_behind() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Node("a");
            List<ClassicLink> links = [];
            for (int i = 0; i < 300; i++)
            {
                var stranger = new ClassicStandIn(field.Network, $"s{i}", Field.Key($"s{i % 20}"));
                ClassicLink link = stranger.Dial(a, from: IPAddress.Parse($"192.0.2.{i % 200}"));
                links.Add(link);
                field.Run(0.05);
                if (i % 2 == 0) continue;
                for (int again = 0; again < 2; again++)
                {
                    link.Ask("mesh.challenge", "{}", "challenge");
                    field.Run(0.05);
                }
            }

            Assert.Equal(600, a.Mesh.Counters[MeshCounter.HandshakeFailures]);
            field.Run(11);
            Assert.All(links, l => Assert.Equal(1008, l.End?.Status));
            Assert.Equal(0, a.Mesh.Strangers(IPAddress.Loopback).Total);
            Assert.Empty(a.Mesh.Sessions);
            Assert.All(links.Where((_, i) => i % 2 == 1), l => Assert.Equal("three handshakes failed", l.End?.Reason));
        },
        seeds: 1);

    [Fact]
    [Trait("spec", "W-155")]
    public void A_peer_that_takes_nothing_holds_a_bounded_queue_and_is_closed_after_thirty_seconds() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        SimulatedNode b = field.Node("b", "field", a);
        field.Until(() => a.IsConnected(b) && b.IsConnected(a), 5, "b is connected");
        Session session = a.Mesh.SessionOf(b.DeviceId)!;
        SimulatedLink link = Assert.Single(field.LinksBetween(a, b));
        field.Network.Stall(link);
        TimeSpan stalled = field.Network.Now;
        for (int i = 0; i < 3_000 && a.IsConnected(b); i++)
        {
            a.Observe(i, $"zone-{i}");
            Assert.InRange(link.Queue.Count, 0, SendLimits.Default.MaxMessages);
            Assert.InRange(link.Queue.Bytes, 0, SendLimits.Default.MaxBytes);
            field.Run(0.02);
        }

        Assert.InRange((field.Network.Now - stalled).TotalSeconds, 30, 31);
        SendCounters counters = session.Link(field.Time).Counters;
        Assert.True(counters.Dropped > 0);
        Assert.Equal(0, counters.DroppedSafety);
        Assert.Equal(1013, link.Closed?.Status);
    });

    [Fact]
    [Trait("spec", "W-15")]
    public void A_socket_that_never_begins_is_closed_with_1008_after_ten_seconds_unless_it_is_local() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        var stranger = new ClassicStandIn(field.Network, "stranger", Field.Key("stranger"));
        ClassicLink far = stranger.Dial(a, handshake: false, from: IPAddress.Parse("192.0.2.7"));
        ClassicLink near = stranger.Dial(a, handshake: false);
        field.Run(9.5);
        Assert.Null(far.End);
        field.Run(1);
        Assert.Equal(1008, far.End?.Status);
        field.Run(60);
        Assert.Null(near.End);
    });

    // In parts that fit the sender's own queue.
    private static void Flood(Field field, ClassicLink link, int messages, Func<int, string> payload)
    {
        for (int i = 0; i < messages; i++)
        {
            link.Tell("context.frame", payload(i));
            if (i % 500 == 499) field.Network.Run(field.Network.Delay);
        }

        field.Network.Run(field.Network.Delay);
    }

    private static string Frame(ClassicStandIn origin, string id, string zone) =>
        $$$"""{"gen":1,"kind":"observation","frameId":"{{{id}}}","sourceDeviceId":"{{{origin.DeviceId.Value}}}","timestamp":1795222484456,"data":{"zone":"{{{zone}}}","metric":"m","value":1},"trust":{"evidence_sources":["sensor"],"evidence_trust_tier":"T2_operational_observation"},"hops":0}""";
}
