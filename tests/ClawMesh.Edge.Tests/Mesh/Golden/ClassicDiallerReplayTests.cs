using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.Mesh.Sessions;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>Our node in the place of gamma, the classic node that dials (conformance rows C2, C5, C16, C19).</summary>
public class ClassicDiallerReplayTests
{
    // What every handshake of ours adds, and how our catch-up differs.
    private static Differences Table() => new Differences()
        .Added("req mesh.connect.params.ext", "X-6")
        .Free("req context.sync.params.limit", "W-88: any explicit limit of 1 to 500; a classic client asks for 50")
        .Free("req context.sync.params.since", "W-87 describes the classic client; an Edge node goes back further, behind its own newest frame");

    [Fact]
    [Trait("spec", "W-48")]
    [Trait("spec", "W-50")]
    [Trait("spec", "W-57")]
    [Trait("spec", "W-60")]
    [Trait("spec", "W-87")]
    [Trait("spec", "W-147")]
    [Trait("spec", "W-148")]
    public void The_dialled_session_of_10()
    {
        var node = new GoldenNode("gamma", new GoldenSetup { Dials = ["probe2"] });
        var replay = new Replay(Transcript.Load("10"), node, Part.Classic, new Differences()
            .Added("req mesh.connect.params.ext", "X-6")
            .Free("req context.sync.params.limit", "W-88: any explicit limit of 1 to 500; a classic client asks for 50")
            .Free("req context.sync.params.since", "three milliseconds between two readings of the recorded clock")
            .Sends("res mesh.health", "W-148: requests are answered in both directions"));

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal(1, replay.SameSignatures);
        Session session = Assert.Single(node.Mesh.Sessions);
        Assert.True(session.Outbound);
        Assert.Equal(["actuator:valve:V1", "actuator:valve"], session.Facts.Capabilities);
        Assert.Equal(1, node.Mesh.World.Counts.Frames);
    }

    [Fact]
    [Trait("spec", "W-42")]
    [Trait("spec", "W-58")]
    [Trait("spec", "W-57")]
    public void Seven_attempts_of_11_with_six_reasons_and_growing_pauses()
    {
        var node = new GoldenNode("gamma", new GoldenSetup { Dials = ["stranger"] });
        var replay = new Replay(Transcript.Load("11"), node, Part.Classic, Table());

        replay.Run();

        replay.AssertFaithful();
        // Attempts 2 to 7 sent a connect; each with the recorded signature.
        Assert.Equal(6, replay.SameSignatures);
        Assert.Equal(7, node.DialledLinks.Count);
        Assert.Equal(
            ["mesh.challenge failed", "mesh.connect rejected", "invalid response", "device ID mismatch", "signature mismatch", "mesh ID mismatch"],
            node.DialledLinks.SkipLast(1).Select(d => d.Link.Closed!.Value.Reason));
        Assert.All(node.DialledLinks.SkipLast(1), d => Assert.Equal(1008, d.Link.Closed!.Value.Status));
        Assert.Equal(DialState.Connected, node.Mesh.Dials[0].State);
        Assert.Equal(0, node.Mesh.Dials[0].Attempts);
        Assert.Equal(6, node.Mesh.Counters[MeshCounter.HandshakeFailures]);
    }

    [Fact]
    [Trait("spec", "W-42")]
    public void The_recorded_pauses_are_the_earliest_times_at_which_our_dialler_dials()
    {
        var node = new GoldenNode("gamma", new GoldenSetup { Dials = ["stranger"] });
        node.Mesh.Tick();
        foreach (int seconds in new[] { 1, 2, 4, 8, 16, 30, 30 })
        {
            int before = node.DialledLinks.Count;
            // 1000 and 1008 count like every other end.
            node.DialledLinks[^1].Link.End(seconds % 2 == 0 ? 1000 : 1008, "refused");
            node.Time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            node.Mesh.Tick();
            Assert.Equal(before, node.DialledLinks.Count);
            node.Time.Advance(TimeSpan.FromMilliseconds(1));
            node.Mesh.Tick();
            Assert.Equal(before + 1, node.DialledLinks.Count);
        }
    }

    [Fact]
    [Trait("spec", "W-157")]
    [Trait("spec", "W-158")]
    [Trait("spec", "W-159")]
    [Trait("spec", "W-133")]
    public void Reports_of_12_given_and_taken()
    {
        // Silence is made long enough for our own probe by stretching the pauses of the recording; nothing may be taken for dead by it.
        (GoldenNode node, Replay replay) = PeerDown(Table()
            .Added("res mesh.peers.payload.peers[].edge", "X-35")
            .Free("res mesh.peers.payload.peers[].connectedAtMs", "a moment of this run"),
            // mesh.events is the agent's; recording 05 has it.
            l => l.At is < 5855.85 or > 5856.95);
        replay.Before = line =>
        {
            if (line.Note.StartsWith("(b)", StringComparison.Ordinal)) replay.Pass(TimeSpan.FromSeconds(6));
            else if (line.Note.StartsWith("(d)", StringComparison.Ordinal)) replay.Pass(TimeSpan.FromSeconds(11));
        };
        replay.Silent.Add("target<gamma");

        replay.Run();

        replay.AssertFaithful();
        Assert.Null(node.Mesh.SessionOf(new NodeId(Transcript.DeviceId("target"))));
        Assert.NotNull(node.Mesh.SessionOf(new NodeId(Transcript.DeviceId("probe2"))));
        // (b) after its probe was answered, and (c) without one.
        Assert.Equal(2, node.Mesh.Counters[MeshCounter.PeerDownIgnored]);
        Assert.Contains(node.Events.Newest(50), e => e.Message.StartsWith($"Disconnected: {Transcript.DeviceId("target")[..12]}… (peer down)", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("spec", "W-159")]
    public void Reports_of_12_at_their_recorded_pace_are_about_a_device_that_was_just_heard()
    {
        (GoldenNode node, Replay replay) = PeerDown(Table()
            .Withholds("req mesh.health", "W-159: data of the device came within the last 5 s")
            .Added("res mesh.peers.payload.peers[].edge", "X-35")
            .Free("res mesh.peers.payload.peers[].connectedAtMs", "a moment of this run"),
            // What follows is a list without the device that ours keeps.
            l => l.At < 5_000);

        replay.Run();

        replay.AssertFaithful();
        Assert.NotNull(node.Mesh.SessionOf(new NodeId(Transcript.DeviceId("target"))));
    }

    [Fact]
    [Trait("spec", "W-42")]
    [Trait("spec", "W-156")]
    public void The_goodbye_of_13_ends_the_session_without_a_report_and_the_dialler_comes_back()
    {
        var node = new GoldenNode("gamma", new GoldenSetup { Dials = ["probe2"] });
        var replay = new Replay(Transcript.Load("13"), node, Part.Classic, Table());
        Before(node, replay, "probe2");
        WireLink observer = new ClassicPeer("obs", node.Time) { Role = "viewer" }.Join(node);
        replay.Ticking = true;

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal(1, replay.SameSignatures);
        Assert.DoesNotContain(observer.Take(), t => t.Contains("peer.down", StringComparison.Ordinal));
        Assert.Contains(node.Events.Newest(50), e => e.Message == $"Disconnected: {Transcript.DeviceId("probe2")[..12]}… (peer leaving)");
    }

    [Fact]
    [Trait("spec", "W-156")]
    public async Task Our_own_goodbye_is_that_of_14()
    {
        var node = new GoldenNode("gamma", new GoldenSetup { Dials = ["probe2"] });
        var replay = new Replay(Transcript.Load("14"), node, Part.Classic, new Differences().Added("res mesh.connect.payload.ext", "X-6"));
        Before(node, replay, "probe2");
        Task stopped = Task.CompletedTask;
        replay.Before = line =>
        {
            if (!line.Note.StartsWith("gamma (classic) receives a termination signal", StringComparison.Ordinal)) return;
            node.SetWall(1795222607689);
            stopped = node.Mesh.StopAsync();
        };

        replay.Run();

        await stopped;
        replay.AssertFaithful();
        Assert.All(replay.Links.Values, l => Assert.Equal((1005, ""), l.Closed));
    }

    [Fact]
    [Trait("spec", "W-148")]
    [Trait("spec", "W-151")]
    public void A_link_without_events_of_15_is_kept_because_its_pings_are_answered()
    {
        var node = new GoldenNode("gamma", new GoldenSetup { Dials = ["probe2", "target"] });
        var replay = new Replay(Transcript.Load("15"), node, Part.Classic, Table()
            .Added("res mesh.connect.payload.ext", "X-6")
            .Sends("event edge.keepalive", "W-150: on accepted sessions, here to the observer")
            .Withholds("event peer.down", "W-151: our own liveness test goes by pings"),
            // The recorded node cuts the link at 122,780 ms and dials anew; ours has no reason to.
            l => l.At < 122_700 || !l.Link.StartsWith("probe2", StringComparison.Ordinal));

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal(3, node.Mesh.Sessions.Count);
        Assert.All(node.Mesh.Sessions, s => Assert.Equal(SessionState.Up, s.State));
    }

    private static (GoldenNode Node, Replay Replay) PeerDown(Differences table, Func<Line, bool>? only = null)
    {
        var node = new GoldenNode("gamma", new GoldenSetup
        {
            Dials = ["probe2", "target"],
            Mesh = o => o with { SuspectAfter = TimeSpan.FromMinutes(1), DownAfter = TimeSpan.FromMinutes(2), DownAnyway = TimeSpan.FromMinutes(3), KeepAlive = TimeSpan.FromMinutes(5) },
        });
        var replay = new Replay(Transcript.Load("12"), node, Part.Classic, table.Added("res mesh.connect.payload.ext", "X-6"), only);
        Before(node, replay, "probe2", "target");
        replay.Ticking = true;
        return (node, replay);
    }

    // The sessions that the recording begins with.
    private static void Before(GoldenNode node, Replay replay, params string[] peers)
    {
        Func<string, WireLink, bool>? dialled = node.Dialled;
        node.Dialled = null;
        node.SetWall(1795222546_000);
        node.Mesh.Tick();
        foreach (string peer in peers)
        {
            WireLink link = node.DialledLinks.Single(d => d.Peer == peer).Link;
            new ClassicPeer(peer, node.Time) { Role = "field", Capabilities = ["actuator:valve:V1", "actuator:valve"] }.Welcome(link);
            replay.Adopt($"{peer}<{node.Identity}", link);
        }

        node.Dialled = dialled;
    }
}
