using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>Our node in the place of the capture tool: the classic nodes' recorded words are fed to it, and what it says is compared.</summary>
public class ToolSideReplayTests
{
    private static Differences Acceptor() => new Differences().Added("res mesh.connect.payload.ext", "X-6");

    [Fact]
    [Trait("spec", "W-18")]
    [Trait("spec", "W-48")]
    [Trait("spec", "W-50")]
    [Trait("spec", "W-57")]
    [Trait("spec", "W-59")]
    [Trait("spec", "W-60")]
    public void As_dialler_of_01_our_connect_has_the_recorded_signature_and_alpha_is_believed()
    {
        GoldenNode node = Tool("probe", "alpha");
        var replay = new Replay(Transcript.Load("01"), node, Part.Tool, new Differences()
            .Added("req mesh.connect.params.ext", "X-6")
            .Sends("req context.sync", "W-60: the tool asked only in recording 04"));
        replay.Feeding = line =>
        {
            // The recorded end of the file would end the session.
            if (line.Type == "event") Assert.Single(node.Mesh.Sessions);
        };

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal(1, replay.SameSignatures);
        Assert.Equal(1, node.Mesh.World.Counts.Frames);
        Assert.Equal("zone-1", node.Mesh.World.Current()[0].Zone);
    }

    [Fact]
    [Trait("spec", "W-46")]
    [Trait("spec", "W-49")]
    [Trait("spec", "W-54")]
    [Trait("spec", "W-86")]
    [Trait("spec", "W-87")]
    [Trait("spec", "W-149")]
    public void As_acceptor_of_10_gamma_gets_the_recorded_answers()
    {
        GoldenNode node = Tool("probe2", "gamma");
        var replay = new Replay(Transcript.Load("10"), node, Part.Tool, Acceptor()
            .Withholds("req mesh.health", "W-149: no request to a classic dialler; the tool asked to see that none is answered")
            .Withholds("event edge.keepalive", "W-150: due only after 25 s without an event"));

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal(1, replay.SameSignatures);
        Session gamma = Assert.Single(node.Mesh.Sessions);
        Assert.False(gamma.Outbound);
        Assert.False(gamma.Facts.IsEdge);
        Assert.Equal(Transcript.PublicKey("gamma"), node.Trust.Entries[gamma.DeviceId.Value].PublicKey);
    }

    [Fact]
    [Trait("spec", "W-54")]
    [Trait("spec", "W-46")]
    public void As_acceptor_of_11_every_attempt_of_gamma_succeeds_because_we_make_none_of_the_recorded_mistakes()
    {
        GoldenNode node = Tool("stranger", "gamma");
        // Attempt 7 is the one in which the tool did as it should; in the others its own answers were wrong on purpose.
        var replay = new Replay(Transcript.Load("11"), node, Part.Tool, Acceptor(), l => l.Link == "stranger<gamma#7");

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal(1, replay.SameSignatures);
        Assert.Equal(3, replay.Compared);
        Assert.Single(node.Mesh.Sessions);
    }

    [Fact]
    [Trait("spec", "W-137")]
    [Trait("spec", "W-148")]
    public void As_target_of_12_the_probe_is_answered_at_once()
    {
        GoldenNode node = Tool("target", "gamma");
        var replay = new Replay(Transcript.Load("12"), node, Part.Tool, Acceptor()
            .Sends("res mesh.health", "W-137: the tool left the second probe unanswered on purpose"), l => l.Link == "target<gamma" && l.At > 1000);

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal(4, replay.Compared);
    }

    [Fact]
    [Trait("spec", "W-158")]
    [Trait("spec", "W-159")]
    public void As_probe2_of_12_the_report_about_a_device_without_a_session_only_marks_it_dead()
    {
        GoldenNode node = Tool("probe2", "gamma");
        WireLink gamma = new ClassicPeer("gamma", node.Time).Join(node);
        Line report = Transcript.Load("12").Lines.First(l => l is { Direction: "recv", Name: "peer.down", Link: "probe2<gamma" });

        // About a stranger it used to be believed, too: any peer could fill the list.
        gamma.Feed(report.Text);
        Assert.Equal(0, node.Mesh.Suppression.Count);

        node.Trust.Add(new NodeId(Transcript.DeviceId("target")));
        gamma.Feed(report.Text);

        Assert.True(node.Mesh.Suppression.IsSuppressed(new NodeId(Transcript.DeviceId("target"))));
        Assert.Single(node.Mesh.Sessions);
        Assert.Empty(gamma.Take());
    }

    [Fact]
    [Trait("spec", "W-156")]
    public async Task As_probe2_of_13_our_goodbye_is_the_recorded_one_and_gamma_is_let_in_again()
    {
        Transcript recording = Transcript.Load("13");
        GoldenNode leaving = Tool("probe2", "gamma");
        WireLink gamma = new ClassicPeer("gamma", leaving.Time).Join(leaving);
        leaving.SetWall(recording.Lines[1].Member("payload", "timestamp")!.Value.GetInt64());

        await leaving.Mesh.StopAsync();

        Assert.Equal(recording.Lines[1].Text, Assert.Single(gamma.Take()));
        Assert.Equal((1005, ""), gamma.Closed);

        // Its next life.
        GoldenNode node = Tool("probe2", "gamma");
        var replay = new Replay(recording, node, Part.Tool, Acceptor(), l => l.At > 1000);
        replay.Run();
        replay.AssertFaithful();
        Assert.Equal(1, replay.SameSignatures);
    }

    [Fact]
    [Trait("spec", "W-156")]
    public void As_probe2_of_14_gammas_goodbye_ends_the_session_of_its_socket_and_nothing_is_reported()
    {
        GoldenNode node = Tool("probe2", "gamma", "obs");
        WireLink gamma = new ClassicPeer("gamma", node.Time).Join(node);
        WireLink observer = new ClassicPeer("obs", node.Time).Join(node);
        Line goodbye = Transcript.Load("14").Lines.First(l => l is { Direction: "recv", Name: "peer.leaving", Link: "probe2<gamma" });

        gamma.Feed(goodbye.Text.Replace("\"gen\":1", "\"gen\":2", StringComparison.Ordinal));
        Assert.Equal(2, node.Mesh.Sessions.Count);
        gamma.Feed(goodbye.Text.Replace(Transcript.DeviceId("gamma"), Transcript.DeviceId("obs"), StringComparison.Ordinal));

        // The device it names does not matter.
        Assert.Equal(Transcript.DeviceId("obs"), Assert.Single(node.Mesh.Sessions).DeviceId.Value);
        Assert.Equal(1005, gamma.Closed!.Value.Status);
        Assert.Empty(observer.Take());
    }

    [Fact]
    [Trait("spec", "W-150")]
    public void As_target_of_15_an_event_goes_out_often_enough_for_a_classic_dialler()
    {
        GoldenNode node = Tool("target", "gamma");
        var replay = new Replay(Transcript.Load("15"), node, Part.Tool, Acceptor(), l => l.Link == "target<gamma")
        {
            Ticking = true,
        };

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal(1, replay.SameSignatures);
        // Challenge, connect, catch-up, and the four recorded keep-alives: ours come every 25 s, so none is late.
        Assert.Equal(7, replay.Compared);
        Assert.Single(node.Mesh.Sessions);
    }

    // A node that trusts the classic ones, keys not yet known.
    private static GoldenNode Tool(string identity, params string[] trusted)
    {
        var node = new GoldenNode(identity, new GoldenSetup { Time = new ManualTime(), Dials = identity == "probe" ? trusted : [] });
        foreach (string other in trusted) node.Trust.Add(new NodeId(Transcript.DeviceId(other)));
        return node;
    }
}
