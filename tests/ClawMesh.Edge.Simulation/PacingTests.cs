using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>What classic nodes ask of a link: not too much on one, not too little on the other.</summary>
public class PacingTests
{
    [Fact]
    [Trait("spec", "W-150")]
    public void An_accepted_session_hears_an_event_at_least_every_thirty_seconds_and_a_classic_dialler_stays() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        (_, ClassicLink classic) = field.ClassicDialler("classic", a);
        SimulatedNode edge = field.Node("edge", "field", a);
        field.Run(600);
        Assert.False(classic.GaveUp);
        Assert.Null(classic.End);
        TimeSpan last = classic.Heard.First(h => h.Name == "connect").At;
        foreach (HeardMessage keepAlive in classic.Events("edge.keepalive"))
        {
            Assert.InRange((keepAlive.At - last).TotalSeconds, 0, 30);
            Assert.Equal(1, keepAlive.Payload.GetProperty("gen").GetInt32());
            last = keepAlive.At;
        }

        Assert.InRange((field.Network.Now - last).TotalSeconds, 0, 30);
        // The dialled end owes none, and between Edge nodes the accepting end sends them too.
        Assert.DoesNotContain(field.Sent(edge, a), t => t.Contains("edge.keepalive", StringComparison.Ordinal));
        Assert.Contains(field.Sent(a, edge), t => t.Contains("edge.keepalive", StringComparison.Ordinal));
    });

    [Fact]
    [Trait("spec", "W-150")]
    public void A_session_that_carries_frames_anyway_gets_no_keep_alive() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Node("a");
            (_, ClassicLink classic) = field.ClassicDialler("classic", a);
            for (int i = 0; i < 30; i++)
            {
                a.Observe(i);
                field.Run(20);
            }

            Assert.Empty(classic.Events("edge.keepalive"));
            Assert.Equal(30, classic.Frames.Count);
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "W-152")]
    [Trait("spec", "W-153")]
    [Trait("spec", "X-72")]
    [Trait("spec", "X-73")]
    [Trait("spec", "X-74")]
    [Trait("spec", "X-75")]
    [Trait("spec", "X-76")]
    public void A_sensor_storm_on_a_classic_link_stays_under_ninety_a_minute_and_alarms_pass_it() => Field.EachSeed(
        field =>
        {
            const int Keys = 40, Seconds = 75, Alarms = 20;
            var classic = new ClassicStandIn(field.Network, "classic", Field.Key("classic"));
            SimulatedNode a = field.Dialling("a", ["classic"]);
            field.Until(() => a.IsConnected(classic), 5, "the link stands");
            Session session = a.Mesh.SessionOf(classic.DeviceId)!;
            SimulatedLink link = Assert.Single(field.LinksBetween(a, classic));
            HashSet<int> alarmAt = [];
            while (alarmAt.Count < Alarms) alarmAt.Add(field.Network.Chance.Next(Seconds * 20));
            Dictionary<string, TimeSpan> alarms = [];
            int bulk = 0;
            for (int step = 0; step < Seconds * 20; step++)
            {
                if (alarmAt.Contains(step)) alarms.Add(a.Observe(1, "tank", $"alarm-{step}", MessageClass.Safety), field.Network.Now);
                for (int i = 0; i < 50; i++) a.Observe(bulk, $"zone-{bulk++ % Keys}");
                field.Run(0.05);
            }

            SendCounters counters = session.Link(field.Time).Counters;
            int waiting = session.Link(field.Time).Queued;
            Assert.Equal(bulk, counters.SentBulk + counters.Coalesced + counters.Dropped + waiting);
            Assert.Equal(Alarms, counters.SentSafety);
            Assert.Equal(0, counters.DroppedSafety);
            Assert.Equal(link.Sent.Count, counters.SentSafety + counters.SentControl + counters.SentBulk);
            Assert.InRange(counters.InWindow, 40, 90);
            Assert.True(counters.Coalesced > bulk / 2);

            field.Run(70);
            AssertWindow(link, 90);
            Assert.Equal(0, classic.Discarded);
            ClassicLink end = Assert.Single(classic.Links);
            Dictionary<string, TimeSpan> came = end.Events("context.frame").GroupBy(h => h.Payload.GetProperty("frameId").GetString()!).ToDictionary(g => g.Key, g => g.Single().At);
            Assert.All(alarms, alarm => Assert.InRange((came[alarm.Key] - alarm.Value).TotalSeconds, 0, 5));
            // Newest per key, in order of time on each key ([W-79]), and every key gets its turn.
            foreach (IGrouping<string, HeardMessage> key in end.Events("context.frame").GroupBy(h => h.Payload.GetProperty("data").GetProperty("zone").GetString()!))
            {
                long[] times = [.. key.Select(h => h.Payload.GetProperty("timestamp").GetInt64())];
                Assert.Equal(times.Order(), times);
            }

            Assert.Equal(Keys + 1, end.Events("context.frame").Select(h => h.Payload.GetProperty("data").GetProperty("zone").GetString()).Distinct().Count());
        },
        seeds: 3);

    [Fact]
    [Trait("spec", "W-153")]
    [Trait("spec", "X-73")]
    public void A_command_finds_room_on_a_link_full_of_observations() => Field.EachSeed(field =>
    {
        var classic = new ClassicStandIn(field.Network, "classic", Field.Key("classic"));
        classic.Answers["mesh.message.forward"] = _ => """{"messageId":"mesh-fwd-1-abcdef","channel":"clawmesh"}""";
        SimulatedNode a = field.Dialling("a", ["classic"]);
        field.Until(() => a.IsConnected(classic), 5, "the link stands");
        for (int i = 0; i < 300; i++)
        {
            a.Observe(i, $"zone-{i}");
            field.Run(0.02);
        }

        for (int i = 0; i < 12; i++)
        {
            Task<CallResult> call = a.Mesh.Forward.SendAsync(classic.DeviceId, Commands.Open(field.Time), TestContext.Current.CancellationToken);
            field.Run(0.5);
            Assert.True(call.IsCompletedSuccessfully && call.Result.Ok, $"command {i}");
        }

        field.Run(120);
        AssertWindow(Assert.Single(field.LinksBetween(a, classic)), 90);
        Assert.Equal(0, classic.Discarded);
    });

    [Theory]
    [InlineData("event")]
    [InlineData("human_input")]
    [Trait("spec", "W-153")]
    [Trait("spec", "X-73")]
    [Trait("spec", "X-74")]
    public void A_flood_of_foreign_events_used_to_go_before_our_own_answers_and_alarms(string kind) => Field.EachSeed(
        field =>
        {
            var classic = new ClassicStandIn(field.Network, "classic", Field.Key("classic"));
            SimulatedNode a = field.Dialling("a", ["classic"]);
            field.Until(() => a.IsConnected(classic), 5, "the link stands");
            (ClassicStandIn flood, ClassicLink from) = field.ClassicDialler("flood", a);
            ClassicLink link = Assert.Single(classic.Links);
            for (int i = 0; i < 300; i++)
            {
                from.Tell("context.frame", $$$"""
                    {"gen":1,"kind":"{{{kind}}}","frameId":"flood-{{{i}}}","sourceDeviceId":"{{{flood.DeviceId.Value}}}","timestamp":{{{i}}},"data":{"text":"{{{i}}}"},"trust":{"evidence_sources":["device"],"evidence_trust_tier":"T1_unverified_observation"},"hops":0}
                    """);
            }

            field.Run(2);
            SendCounters counters = a.Mesh.SessionOf(classic.DeviceId)!.Link(field.Time).Counters;
            Assert.Equal((0, 300), (counters.SentSafety, a.Mesh.World.Counts.Frames));
            Assert.InRange(counters.SentBulk, 1, 65);

            // The bulk share of the minute is used up; both have theirs.
            string id = link.Ask("mesh.health");
            string alarm = a.Observe(1, "tank", "level", MessageClass.Safety);
            field.Until(() => link.ResultOf(id) is not null && link.Frames.Contains(alarm), 1, "the answer and the alarm");
            Assert.True(a.Mesh.SessionOf(classic.DeviceId)!.Link(field.Time).Queued > 0);
            Assert.Equal(0, classic.Discarded);
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "W-152")]
    public void Toward_a_peer_that_dialled_us_there_is_no_limit() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Node("a");
            (_, ClassicLink link) = field.ClassicDialler("classic", a);
            for (int i = 0; i < 1_000; i++)
            {
                a.Observe(i, $"zone-{i % 10}");
                field.Run(0.01);
            }

            Assert.Equal(1_000, link.Frames.Count);
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "X-8")]
    [Trait("spec", "W-149")]
    [Trait("spec", "W-60")]
    public void A_classic_peer_is_sent_nothing_of_an_edge_feature_and_asked_nothing_it_would_not_answer() => Field.EachSeed(field =>
    {
        var acceptor = new ClassicStandIn(field.Network, "acceptor", Field.Key("acceptor"));
        SimulatedNode a = field.Dialling("a", ["acceptor"]);
        SimulatedNode edge = field.Node("edge", "field", a);
        (ClassicStandIn dialler, ClassicLink dialled) = field.ClassicDialler("dialler", a);
        field.Until(() => a.Mesh.Sessions.Count == 3, 5, "everybody is connected");
        ClassicLink accepted = Assert.Single(acceptor.Links);
        for (int i = 0; i < 20; i++)
        {
            a.Observe(i);
            edge.Observe(i, "zone-2");
            field.Run(3);
        }

        // A suspicion makes Edge nodes ask each other, and nobody else.
        field.Network.Cut(a, edge);
        field.Run(20);
        field.Network.Mend(a, edge);
        field.Run(60);
        Assert.Equal(["context.sync", "mesh.challenge", "mesh.connect"], accepted.Requests.Select(r => r.Name).Order());
        Assert.Empty(dialled.Requests);
        Assert.All(accepted.Heard.Concat(dialled.Heard).Where(h => h.Type == "event"), h => Assert.Contains(h.Name, (string[])["context.frame", "edge.keepalive", "peer.down"]));
        Assert.Empty(accepted.Events("edge.keepalive"));
    });

    // In every window of 60 s that begins with a message.
    private static void AssertWindow(SimulatedLink link, int most)
    {
        int first = 0;
        for (int last = 0; last < link.SentAt.Count; last++)
        {
            while (link.SentAt[last] - link.SentAt[first] >= TimeSpan.FromSeconds(60)) first++;
            Assert.True(last - first + 1 <= most, $"{last - first + 1} messages in the 60 s before {link.SentAt[last]}");
        }
    }
}
