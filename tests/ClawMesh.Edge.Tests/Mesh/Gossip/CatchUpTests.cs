using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Tests.Mesh.Golden;

namespace ClawMesh.Edge.Tests.Mesh.Gossip;

/// <summary><c>context.sync</c> over a session, both sides.</summary>
public class CatchUpTests
{
    public static TheoryData<string, int, int> Questions => new()
    {
        // Params, frames returned, totalAvailable; the log holds 600 frames with the times 1 to 600.
        { "{}", 100, 500 },
        { """{"since":null,"limit":null,"kind":null,"zone":null}""", 100, 500 },
        { """{"since":"5","limit":"5"}""", 100, 500 },
        { """{"limit":500}""", 500, 500 },
        { """{"limit":501}""", 500, 500 },
        { """{"limit":1e9}""", 500, 500 },
        { """{"limit":1e400}""", 100, 500 },
        { """{"limit":0}""", 1, 500 },
        { """{"limit":-5}""", 1, 500 },
        { """{"limit":2.9}""", 2, 500 },
        { """{"limit":3}""", 3, 500 },
        { """{"since":599}""", 1, 1 },
        { """{"since":600}""", 0, 0 },
        { """{"since":599.5}""", 1, 1 },
        { """{"since":-1e300}""", 100, 500 },
        { """{"since":1e300}""", 0, 0 },
        { """{"kind":"event","limit":500}""", 0, 0 },
        { """{"kind":"observation","limit":500}""", 500, 500 },
        { """{"zone":"zone-1","limit":500}""", 250, 250 },
        { """{"zone":"zone-2","since":590,"limit":500}""", 5, 5 },
        { """{"zone":7,"kind":[]}""", 100, 500 },
        { "[]", 100, 500 },
    };

    [Theory]
    [MemberData(nameof(Questions))]
    [Trait("spec", "W-63")]
    [Trait("spec", "W-85")]
    [Trait("spec", "W-86")]
    [Trait("spec", "W-87")]
    public void A_question_gets_so_many_frames_of_so_many(string parameters, int returned, int total)
    {
        (GoldenNode node, WireLink link) = WithPeer();
        for (int i = 1; i <= 600; i++) node.Mesh.World.Ingest(Frames.Frame(Frames.Good(timestamp: i, zone: $"zone-{(i % 2) + 1}", id: $"f{i}")));

        JsonElement payload = Ask(link, parameters);

        Assert.Equal(total, payload.GetProperty("totalAvailable").GetInt32());
        Assert.Equal(node.NowMs, payload.GetProperty("peerTimestamp").GetInt64());
        string[] frames = [.. payload.GetProperty("frames").EnumerateArray().Select(f => f.GetProperty("frameId").GetString()!)];
        Assert.Equal(returned, frames.Length);
        // The last ones, in arrival order.
        if (returned > 0) Assert.Equal(parameters.Contains("zone-2", StringComparison.Ordinal) ? "f599" : "f600", frames[^1]);
        Assert.Equal(frames.OrderBy(f => int.Parse(f[1..], System.Globalization.CultureInfo.InvariantCulture)), frames);
    }

    [Fact]
    [Trait("spec", "W-9")]
    [Trait("spec", "W-88")]
    public void An_answer_has_fewer_frames_rather_than_more_than_a_mebibyte()
    {
        (GoldenNode node, WireLink link) = WithPeer();
        for (int i = 0; i < 20; i++) node.Mesh.World.Ingest(Big(i, 100_000));

        string text = Text(link, """{"limit":500}""");
        JsonElement payload = JsonDocument.Parse(text).RootElement.GetProperty("payload");

        Assert.InRange(Encoding.UTF8.GetByteCount(text), 900_000, 1_048_576);
        Assert.Equal(20, payload.GetProperty("totalAvailable").GetInt32());
        Assert.Equal([.. Enumerable.Range(11, 9).Select(i => $"big-{i}")], payload.GetProperty("frames").EnumerateArray().Select(f => f.GetProperty("frameId").GetString()!));
    }

    [Fact]
    [Trait("spec", "W-9")]
    [Trait("spec", "W-88")]
    public void A_frame_too_long_for_any_answer_does_not_hide_the_others()
    {
        (GoldenNode node, WireLink link) = WithPeer();
        node.Mesh.World.Ingest(Frames.Frame(Frames.Good(id: "before")));
        JsonObject frame = Frames.Good(id: "giant");
        foreach (string member in new[] { "x", "y" }) frame[member] = new string('x', 510_000);
        node.Mesh.World.Ingest(Frames.Frame(frame));
        node.Mesh.World.Ingest(Frames.Frame(Frames.Good(id: "after")));

        JsonElement payload = Ask(link, "{}");

        Assert.Equal(["before", "after"], payload.GetProperty("frames").EnumerateArray().Select(f => f.GetProperty("frameId").GetString()!));
    }

    [Fact]
    [Trait("spec", "W-77")]
    [Trait("spec", "W-86")]
    public void A_frame_comes_back_as_it_was_written()
    {
        (GoldenNode node, WireLink link) = WithPeer();
        string frame = Frames.Good(id: "f").ToJsonString().Replace("31.5", "3.150E1", StringComparison.Ordinal)[..^1] + ",\"x\":{\"b\":1.50,\"a\":\"\\u00e9\"}}";
        link.Feed($$"""{"type":"event","event":"context.frame","payload":{{frame}}}""");

        Assert.Equal(frame, Ask(link, "{}").GetProperty("frames")[0].GetRawText());
        Assert.Equal(1, node.Mesh.World.Counts.Frames);
    }

    [Fact]
    [Trait("spec", "X-11")]
    public void A_peer_without_the_grant_is_not_served()
    {
        (GoldenNode node, WireLink link) = WithPeer();
        node.Trust.Add(new NodeId(Transcript.DeviceId("probe")), grants: PeerGrants.Default with { Sync = false });

        Assert.Contains("NOT_AUTHORIZED", Text(link, "{}"));
    }

    [Fact]
    [Trait("spec", "W-60")]
    [Trait("spec", "W-87")]
    [Trait("spec", "W-88")]
    public void The_dialler_asks_once_with_a_limit_and_an_overlap_behind_what_it_has_missed()
    {
        var node = new GoldenNode("alpha", new GoldenSetup { Dials = ["beta"] });
        node.Mesh.Tick();
        WireLink first = node.DialledLinks[0].Link;
        var beta = new ClassicPeer("beta", node.Time);
        JsonElement asked = Handshake(first, beta);
        Assert.Equal(node.NowMs - 3_600_000, asked.GetProperty("since").GetInt64());
        Assert.InRange(asked.GetProperty("limit").GetInt32(), 1, 500);

        // Behind a cut the own sensors keep the log young; the gap began when the session ended.
        long endedAt = node.NowMs;
        first.End();
        node.Time.Advance(TimeSpan.FromMinutes(10));
        node.Tell(JsonDocument.Parse(Frames.Good(node.DeviceId.Value, node.NowMs).ToJsonString()).RootElement);
        node.Mesh.Tick();

        Assert.Equal(endedAt - 60_000, Handshake(node.DialledLinks[1].Link, beta).GetProperty("since").GetInt64());
    }

    [Fact]
    [Trait("spec", "W-60")]
    [Trait("spec", "W-149")]
    public void The_acceptor_asks_an_edge_peer_and_never_a_classic_one()
    {
        foreach ((string[] features, int requests) in new[] { (Array.Empty<string>(), 0), (["mesh-ping"], 1) })
        {
            var node = new GoldenNode("alpha");
            WireLink link = node.Accept();
            var peer = new ClassicPeer("probe", node.Time) { Features = features };
            JsonObject proof = peer.Proof(ClassicPeer.Challenge(link), "dialler", afterSigning: p => p["clientNonce"] = "c");
            link.Feed(ClassicPeer.Request("mesh.connect", proof));
            List<string> said = link.Take();

            Assert.Equal(requests, said.Count(t => t.Contains("\"method\":\"context.sync\"", StringComparison.Ordinal)));
            Assert.Equal(1 + requests, said.Count);
        }
    }

    [Fact]
    [Trait("spec", "W-71")]
    [Trait("spec", "W-78")]
    [Trait("spec", "W-88")]
    public void Frames_of_an_answer_are_checked_marked_seen_and_an_own_one_is_not_taken_from_a_peer()
    {
        var node = new GoldenNode("alpha", new GoldenSetup { Dials = ["beta"] });
        node.Mesh.Tick();
        WireLink link = node.DialledLinks[0].Link;
        var beta = new ClassicPeer("beta", node.Time);
        ClassicPeer.Answer(link, "mesh.challenge", _ => new JsonObject { ["nonce"] = "n" });
        ClassicPeer.Answer(link, "mesh.connect", p => beta.Proof(p.GetProperty("clientNonce").GetString()!, "acceptor"));
        JsonObject good = Frames.Good(id: "good"), own = Frames.Good(node.DeviceId.Value, id: "own"), bad = Frames.Good(id: "bad"), other = Frames.Good(id: "other");
        bad.Remove("trust");
        other["gen"] = 2;
        ClassicPeer.Answer(link, "context.sync", _ => new JsonObject { ["frames"] = new JsonArray(good, bad, own, other, 7, null, Frames.Good(id: "good")) });

        // An own frame used to be taken back from any peer, who could so make this node vouch for what it made up ([X-71]).
        Assert.Equal(["good"], node.Mesh.World.Log(10, null, null).Select(f => f.FrameId));
        Assert.Equal((1, 3, 1, 1), (node.Mesh.Counters[MeshCounter.SyncFrames], node.Mesh.Counters[MeshCounter.InvalidFrame], node.Mesh.Counters[MeshCounter.GenerationMismatch], node.Mesh.Counters[MeshCounter.DuplicateFrames]));

        // A later gossip copy of a synced frame is a duplicate.
        link.Feed($$"""{"type":"event","event":"context.frame","payload":{{good.ToJsonString()}}}""");
        Assert.Equal(1, node.Mesh.World.Counts.Frames);
    }

    [Fact]
    [Trait("spec", "W-67")]
    [Trait("spec", "W-87")]
    public void A_catch_up_that_is_not_answered_in_ten_seconds_is_an_event_and_no_more()
    {
        GoldenNode node = new("alpha", new GoldenSetup { Dials = ["beta"], Mesh = o => o with { SuspectAfter = TimeSpan.FromHours(1) } });
        node.Mesh.Tick();
        JsonElement asked = Handshake(node.DialledLinks[0].Link, new ClassicPeer("beta", node.Time));
        Assert.Equal(JsonValueKind.Object, asked.ValueKind);

        node.Time.Advance(TimeSpan.FromSeconds(10));
        node.Mesh.Tick();

        Assert.Contains(node.Events.Newest(50), e => e.Message.Contains("did not answer context.sync: TIMEOUT", StringComparison.Ordinal));
        Assert.Single(node.Mesh.Sessions);
    }

    private static (GoldenNode Node, WireLink Link) WithPeer()
    {
        var node = new GoldenNode("alpha");
        return (node, new ClassicPeer("probe", node.Time).Join(node));
    }

    // Runs the handshake and returns the params of the context.sync that follows.
    private static JsonElement Handshake(WireLink link, ClassicPeer peer)
    {
        ClassicPeer.Answer(link, "mesh.challenge", _ => new JsonObject { ["nonce"] = "n" });
        ClassicPeer.Answer(link, "mesh.connect", p => peer.Proof(p.GetProperty("clientNonce").GetString()!, "acceptor"));
        JsonElement request = JsonDocument.Parse(Assert.Single(link.Take())).RootElement;
        Assert.Equal("context.sync", request.GetProperty("method").GetString());
        return request.GetProperty("params");
    }

    private static JsonElement Ask(WireLink link, string parameters) => JsonDocument.Parse(Text(link, parameters)).RootElement.GetProperty("payload");

    private static string Text(WireLink link, string parameters)
    {
        link.Feed($$"""{"type":"req","id":"q","method":"context.sync","params":{{parameters}}}""");
        return Assert.Single(link.Take());
    }

    private static MeshFrame Big(int number, int bytes) => Frames.Frame(Frames.Good(id: $"big-{number}", timestamp: number + 1, data: new JsonObject { ["t"] = new string('x', bytes) }));
}
