using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Envelope;
using ClawMesh.Edge.Mesh.Gossip;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>Our node in the place of the classic node that was dialled (conformance rows C3, C4, C12).</summary>
public class ClassicAcceptorReplayTests
{
    // What every handshake of ours adds.
    private static Differences Table() => new Differences().Added("res mesh.connect.payload.ext", "X-6");

    [Fact]
    [Trait("spec", "W-18")]
    [Trait("spec", "W-46")]
    [Trait("spec", "W-48")]
    [Trait("spec", "W-49")]
    [Trait("spec", "W-61")]
    [Trait("spec", "W-75")]
    public void The_handshake_and_the_first_frame_of_01()
    {
        var replay = new Replay(Transcript.Load("01"), new GoldenNode("alpha"), Part.Classic, Table());

        replay.Run();

        replay.AssertFaithful();
        // Ed25519 is deterministic: same key, nonce, time, mesh and role give the recorded signature.
        Assert.Equal(1, replay.SameSignatures);
        Assert.Equal(3, replay.Compared);
    }

    [Fact]
    [Trait("spec", "W-31")]
    [Trait("spec", "W-46")]
    [Trait("spec", "W-47")]
    [Trait("spec", "W-53")]
    [Trait("spec", "W-54")]
    [Trait("spec", "W-55")]
    [Trait("spec", "W-66")]
    public void Every_failed_handshake_of_02_with_its_code()
    {
        var replay = new Replay(Transcript.Load("02"), new GoldenNode("alpha"), Part.Classic, Table()
            .Free("res mesh.connect.error.message", "a text for people; begins with its code by W-66"));

        replay.Run();

        replay.AssertFaithful();
        Assert.True(replay.Compared >= 42, $"{replay.Compared} answers were compared");
        Assert.Equal(5, replay.SameSignatures);
    }

    [Fact]
    [Trait("spec", "W-85")]
    [Trait("spec", "W-86")]
    public void Every_catch_up_of_04()
    {
        var node = new GoldenNode("alpha");
        Transcript recording = Transcript.Load("04");
        // The log of the recorded node, as its first answer showed it.
        foreach (JsonElement frame in recording.Lines.Select(l => l.Member("payload", "frames")).OfType<JsonElement>().First().EnumerateArray()) node.Mesh.World.Ingest(Frame(frame.GetRawText()));
        var replay = new Replay(recording, node, Part.Classic, Table());

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal(18, node.Mesh.World.Counts.Frames);
        Assert.Equal(9, replay.Compared);
    }

    [Fact]
    [Trait("spec", "W-11")]
    [Trait("spec", "W-62")]
    [Trait("spec", "W-64")]
    [Trait("spec", "W-132")]
    [Trait("spec", "W-133")]
    public void Unknown_methods_and_silence_of_07()
    {
        GoldenNode node = WithBeta(out _);
        var replay = new Replay(Transcript.Load("07"), node, Part.Classic, Table()
            .Code("mesh.ping", "ok", "X-33, known here")
            .Free("res mesh.peers.payload.peers[].connectedAtMs", "a moment of this run")
            .Free("res operator.intent.error.message", "W-66: begins with its code")
            .Free("res llm.infer.error.message", "W-66: begins with its code")
            .Free("res Mesh.Health.error.message", "W-66: begins with its code")
            .Free("res edge.sync.error.message", "W-66: begins with its code")
            .Added("res mesh.peers.payload.peers[].edge", "X-35"));

        replay.Run();

        replay.AssertFaithful();
        // The four that get no answer: another type, no id, an id that is a number, no JSON.
        Assert.Equal(3, node.Mesh.Counters[MeshCounter.InvalidType]);
        Assert.Equal(1, node.Mesh.Counters[MeshCounter.InvalidJson]);
    }

    [Fact]
    [Trait("spec", "W-41")]
    public void The_displacement_of_09()
    {
        var node = new GoldenNode("alpha");
        var replay = new Replay(Transcript.Load("09"), node, Part.Classic, Table());

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal(2, replay.SameSignatures);
        Assert.Equal((1000, "superseded by newer connection from same device"), replay.Links["probe>alpha/1"].Closed);
        Assert.Equal(1, node.Mesh.Counters[MeshCounter.Displaced]);
    }

    [Fact]
    [Trait("spec", "W-65")]
    [Trait("spec", "W-154")]
    public void The_storm_of_16_is_answered_whole_because_our_own_limit_is_higher()
    {
        var node = new GoldenNode("alpha");
        var replay = new Replay(Transcript.Load("16"), node, Part.Classic, Table()
            .Sends("res mesh.trace", "W-154: 2,000 a second, where a classic node takes 100 a minute")
            .Free("res mesh.trace.payload.trackedChains", "how many frames the recorded node had heard"));

        replay.Run();

        replay.AssertFaithful();
        Assert.Equal(110, node.Rpc.Requests);
        Assert.Equal(0, node.Mesh.Counters[MeshCounter.RateLimited]);
    }

    /// <summary>Our alpha with its outbound session to beta, as it was in every recording.</summary>
    /// <param name="features">Those of beta; with any, the link is not paced as toward a classic acceptor.</param>
    internal static GoldenNode WithBeta(out WireLink toBeta, GoldenSetup? setup = null, params IReadOnlyList<string> features)
    {
        var node = new GoldenNode("alpha", (setup ?? new GoldenSetup()) with { Dials = ["beta"] });
        node.SetWall(1795222474600);
        node.Mesh.Tick();
        toBeta = Assert.Single(node.DialledLinks).Link;
        new ClassicPeer("beta", node.Time) { Capabilities = ["channel:clawmesh"], Features = features }.Welcome(toBeta);
        Assert.NotNull(node.Mesh.SessionOf(new NodeId(Transcript.DeviceId("beta"))));
        return node;
    }

    internal static MeshFrame Frame(string json)
    {
        byte[] utf8 = System.Text.Encoding.UTF8.GetBytes(json);
        var scan = new WireScan();
        Assert.True(scan.Frame(utf8));
        MeshFrame? frame = new FrameCheck().Check(utf8, scan, out FrameFault fault);
        Assert.Equal(FrameFault.None, fault);
        return frame!;
    }
}
