using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Tests.Mesh.Golden;

namespace ClawMesh.Edge.Tests.Mesh.Handshake;

/// <summary>The checks of [W-57] in their order and every reason of [W-58] (conformance rows C5 and C6).</summary>
public class DiallerChecklistTests
{
    private const string Nonce = "MmGSgc6ieNprRyUI_gGDN9yg6rMMnD09";

    // In the order of [W-57]: what is wrong, and the reason it gives.
    private static readonly (string What, string Reason)[] Rows =
    [
        ("no signature", DialRefusals.InvalidResponse),
        ("another device", DialRefusals.DeviceIdMismatch),
        ("a key that is not the device's", DialRefusals.PublicKeyMismatch),
        ("another key is pinned", DialRefusals.PublicKeyMismatch),
        ("another nonce", DialRefusals.SignatureMismatch),
        ("a clock too far off", DialRefusals.SignatureMismatch),
        ("a wrong signature", DialRefusals.SignatureMismatch),
        ("another mesh", DialRefusals.MeshIdMismatch),
    ];

    public static TheoryData<int, int> Pairs
    {
        get
        {
            var pairs = new TheoryData<int, int>();
            for (int i = 0; i < Rows.Length; i++)
            {
                for (int j = i; j < Rows.Length; j++) pairs.Add(i, j);
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    [Trait("spec", "W-25")]
    [Trait("spec", "W-27")]
    [Trait("spec", "W-57")]
    [Trait("spec", "W-58")]
    public void An_answer_that_breaks_two_checks_ends_with_the_reason_of_the_earlier_one(int first, int second)
    {
        (GoldenNode node, WireLink link) = Dialled();
        if (Breaks("another key is pinned")) node.Trust.Add(Beta, Transcript.PublicKey("target"));
        JsonElement connect = AnswerChallenge(link);
        string clientNonce = Breaks("another nonce") ? "another" : connect.GetProperty("params").GetProperty("clientNonce").GetString()!;

        Answer(link, connect, new ClassicPeer("beta", node.Time).Proof(
            clientNonce, "acceptor",
            p =>
            {
                if (Breaks("a clock too far off")) p["signedAtMs"] = (long)p["signedAtMs"]! - 300_001;
                if (Breaks("another mesh")) p["meshId"] = new string('0', 64);
            },
            p =>
            {
                if (Breaks("a wrong signature")) p["signature"] = new string('A', 86);
                if (Breaks("a key that is not the device's")) p["publicKey"] = Transcript.PublicKey("stranger");
                if (Breaks("another device")) p["deviceId"] = Transcript.DeviceId("target");
                if (Breaks("no signature")) p.Remove("signature");
            }));

        Assert.Equal((1008, Rows[first].Reason), link.Closed);
        Assert.Empty(node.Mesh.Sessions);
        Assert.Equal(1, node.Mesh.Counters[MeshCounter.HandshakeFailures]);
        link.End(1008, Rows[first].Reason);
        Assert.Equal(Rows[first].Reason, node.Mesh.Dials[0].LastFault);
        Assert.Equal(1, node.Mesh.Dials[0].Attempts);

        bool Breaks(string what) => Rows[first].What == what || Rows[second].What == what;
    }

    [Theory]
    [InlineData("deviceId", "7", DialRefusals.InvalidResponse)]
    [InlineData("deviceId", "null", DialRefusals.InvalidResponse)]
    [InlineData("publicKey", "null", DialRefusals.InvalidResponse)]
    [InlineData("publicKey", "\"short\"", DialRefusals.InvalidResponse)]
    [InlineData("signature", "null", DialRefusals.InvalidResponse)]
    [InlineData("signature", "\"short\"", DialRefusals.InvalidResponse)]
    [InlineData("signedAtMs", "null", DialRefusals.InvalidResponse)]
    [InlineData("signedAtMs", "1.5", DialRefusals.InvalidResponse)]
    [InlineData("nonce", "null", DialRefusals.UnexpectedResponse)]
    [InlineData("nonce", "7", DialRefusals.UnexpectedResponse)]
    [InlineData("deviceId", "\"B72C4157A8F720E3D0AD9A91DA3C734070D8CB95AC6A336B15EBD0CABCD32ECE\"", DialRefusals.DeviceIdMismatch)]
    [Trait("spec", "W-19")]
    [Trait("spec", "W-58")]
    public void A_member_of_the_wrong_type_or_form_has_its_reason(string member, string value, string reason)
    {
        (GoldenNode node, WireLink link) = Dialled();
        JsonElement connect = AnswerChallenge(link);

        Answer(link, connect, new ClassicPeer("beta", node.Time).Proof(connect.GetProperty("params").GetProperty("clientNonce").GetString()!, "acceptor", afterSigning: p => p[member] = JsonNode.Parse(value)));

        Assert.Equal((1008, reason), link.Closed);
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"nonce":null}""")]
    [InlineData("""{"nonce":7}""")]
    [InlineData("""{"nonce":""}""")]
    [InlineData("""[]""")]
    [InlineData("""null""")]
    [Trait("spec", "W-46")]
    [Trait("spec", "W-58")]
    public void A_challenge_without_a_nonce_has_failed(string payload)
    {
        (_, WireLink link) = Dialled();

        link.Feed($$"""{"type":"res","id":"{{Request(link, "mesh.challenge").GetProperty("id")}}","ok":true,"payload":{{payload}}}""");

        Assert.Equal((1008, DialRefusals.ChallengeFailed), link.Closed);
        Assert.Empty(link.Take());
    }

    [Theory]
    [InlineData(256, true)]
    [InlineData(257, false)]
    [InlineData(1, true)]
    [Trait("spec", "W-46")]
    public void A_nonce_is_an_opaque_text_of_1_to_256_characters(int length, bool taken)
    {
        (_, WireLink link) = Dialled();
        string nonce = new('|', length);

        link.Feed(ClassicPeer.Result(Request(link, "mesh.challenge").GetProperty("id").GetString()!, new JsonObject { ["nonce"] = nonce }));

        Assert.Equal(taken, link.Closed is null);
        if (taken) Assert.Equal(nonce, Request(link, "mesh.connect").GetProperty("params").GetProperty("nonce").GetString());
    }

    [Theory]
    [InlineData(300_000, true)]
    [InlineData(-300_000, true)]
    [InlineData(300_001, false)]
    [InlineData(-300_001, false)]
    [Trait("spec", "W-53")]
    public void The_acceptors_clock_may_be_five_minutes_off_and_not_a_millisecond_more(long off, bool passes)
    {
        (GoldenNode node, WireLink link) = Dialled();
        JsonElement connect = AnswerChallenge(link);

        Answer(link, connect, new ClassicPeer("beta", node.Time).Proof(connect.GetProperty("params").GetProperty("clientNonce").GetString()!, "acceptor", p => p["signedAtMs"] = (long)p["signedAtMs"]! + off));

        Assert.Equal(passes, node.Mesh.Sessions.Count == 1);
        Assert.Equal(passes ? null : (1008, DialRefusals.SignatureMismatch), link.Closed);
    }

    [Fact]
    [Trait("spec", "W-31")]
    [Trait("spec", "W-57")]
    public void An_acceptor_that_states_no_mesh_and_no_role_is_believed()
    {
        (GoldenNode node, WireLink link) = Dialled();
        JsonElement connect = AnswerChallenge(link);

        Answer(link, connect, new ClassicPeer("beta", node.Time).Proof(connect.GetProperty("params").GetProperty("clientNonce").GetString()!, "acceptor", p =>
        {
            p.Remove("meshId");
            p.Remove("role");
        }));

        Assert.Single(node.Mesh.Sessions);
    }

    [Theory]
    [InlineData(false, DialRefusals.ChallengeFailed)]
    [InlineData(true, DialRefusals.ConnectRejected)]
    [Trait("spec", "W-15")]
    [Trait("spec", "W-58")]
    public void A_step_without_an_answer_ends_after_ten_seconds(bool challenged, string reason)
    {
        (GoldenNode node, WireLink link) = Dialled();
        node.Time.Advance(TimeSpan.FromSeconds(9));
        if (challenged) AnswerChallenge(link);
        TimeSpan left = challenged ? TimeSpan.FromMilliseconds(9_999) : TimeSpan.FromMilliseconds(999);

        node.Time.Advance(left);
        node.Mesh.Tick();
        Assert.Null(link.Closed);
        node.Time.Advance(TimeSpan.FromMilliseconds(1));
        node.Mesh.Tick();

        Assert.Equal((1008, reason), link.Closed);
    }

    [Fact]
    [Trait("spec", "W-59")]
    public void Nothing_is_processed_before_the_answer_is_verified()
    {
        (GoldenNode node, WireLink link) = Dialled();
        JsonElement step = Request(link, "mesh.challenge");
        for (int i = 0; i < 2; i++)
        {
            link.Feed("""{"type":"req","id":"q","method":"mesh.ping","params":{}}""");
            link.Feed("""{"type":"req","id":"q","method":"mesh.challenge","params":{}}""");
            link.Feed(Transcript.Load("01").Lines.Single(l => l.Name == "context.frame").Text);
            link.Feed("""{"type":"event","event":"peer.leaving","payload":{"gen":1}}""");
            link.Feed("""{"type":"res","id":"no such request","ok":true,"payload":{"nonce":"x"}}""");
            Assert.Empty(link.Take());
            link.Feed(ClassicPeer.Result(step.GetProperty("id").GetString()!, new JsonObject { ["nonce"] = Nonce }));
            if (i == 0) step = Request(link, "mesh.connect");
        }

        // The second answer to the second step was a nonce, and no proof.
        Assert.Equal((1008, DialRefusals.InvalidResponse), link.Closed);
        Assert.Equal(0, node.Mesh.World.Counts.Frames);
        Assert.Equal(8, node.Mesh.Counters[MeshCounter.Unauthenticated]);
        Assert.Equal(2, node.Mesh.Counters[MeshCounter.LateResponses]);
        Assert.Equal(0, node.Rpc.Requests);
    }

    [Fact]
    [Trait("spec", "W-26")]
    public void The_first_key_is_on_disk_before_the_session()
    {
        (GoldenNode node, WireLink link) = Dialled();
        int writesAtConnect = -1;
        node.Events.Published += e => writesAtConnect = e.Type == "peer.connect" ? node.Trust.Writes : writesAtConnect;

        new ClassicPeer("beta", node.Time).Welcome(link);

        Assert.Equal(1, writesAtConnect);
        Assert.Equal(Transcript.PublicKey("beta"), node.Trust.Entries[Beta.Value].PublicKey);
    }

    [Fact]
    [Trait("spec", "W-26")]
    public void A_first_key_that_cannot_be_written_makes_no_session()
    {
        (GoldenNode node, WireLink link) = Dialled();
        node.Trust.FailWrites = true;
        JsonElement connect = AnswerChallenge(link);

        Answer(link, connect, new ClassicPeer("beta", node.Time).Proof(connect.GetProperty("params").GetProperty("clientNonce").GetString()!, "acceptor"));

        Assert.Equal(1008, link.Closed?.Status);
        Assert.Empty(node.Mesh.Sessions);
    }

    [Fact]
    [Trait("spec", "W-28")]
    public void A_static_peer_that_is_not_trusted_is_not_dialled_and_an_edit_of_the_store_is_enough()
    {
        var node = new GoldenNode("alpha", new GoldenSetup { Dials = ["stranger"] });

        node.Mesh.Tick();
        Assert.Empty(node.DialledLinks);
        Assert.Equal(DialState.Untrusted, node.Mesh.Dials[0].State);
        node.Trust.Add(new NodeId(Transcript.DeviceId("stranger")));
        node.Mesh.Tick();

        Assert.Single(node.DialledLinks);
    }

    [Fact]
    [Trait("spec", "W-28")]
    [Trait("spec", "W-57")]
    public void A_peer_removed_while_it_answers_is_not_believed()
    {
        (GoldenNode node, WireLink link) = Dialled();
        JsonElement connect = AnswerChallenge(link);
        node.Trust.Remove(Beta);

        Answer(link, connect, new ClassicPeer("beta", node.Time).Proof(connect.GetProperty("params").GetProperty("clientNonce").GetString()!, "acceptor"));

        Assert.Equal(1008, link.Closed?.Status);
        Assert.Empty(node.Mesh.Sessions);
    }

    [Fact]
    [Trait("spec", "W-48")]
    public void Two_dials_have_two_client_nonces_of_at_least_128_bits()
    {
        string First() => AnswerChallenge(Dialled().Link).GetProperty("params").GetProperty("clientNonce").GetString()!;
        (GoldenNode node, WireLink link) = Dialled();
        string one = AnswerChallenge(link).GetProperty("params").GetProperty("clientNonce").GetString()!;
        link.End();
        node.Time.Advance(TimeSpan.FromSeconds(2));
        node.Mesh.Tick();
        string other = AnswerChallenge(node.DialledLinks[1].Link).GetProperty("params").GetProperty("clientNonce").GetString()!;

        Assert.NotEqual(one, other);
        Assert.True(System.Buffers.Text.Base64Url.DecodeFromChars(First()).Length >= 16);
    }

    private static NodeId Beta { get; } = new(Transcript.DeviceId("beta"));

    // Alpha has dialled beta, whose key it does not know yet.
    private static (GoldenNode Node, WireLink Link) Dialled()
    {
        var node = new GoldenNode("alpha", new GoldenSetup { Dials = ["beta"] });
        node.Trust.Add(Beta);
        node.Mesh.Tick();
        return (node, node.DialledLinks.Single().Link);
    }

    private static JsonElement Request(WireLink link, string method)
    {
        JsonElement request = JsonDocument.Parse(Assert.Single(link.Take())).RootElement;
        Assert.Equal(method, request.GetProperty("method").GetString());
        return request;
    }

    private static JsonElement AnswerChallenge(WireLink link)
    {
        link.Feed(ClassicPeer.Result(Request(link, "mesh.challenge").GetProperty("id").GetString()!, new JsonObject { ["nonce"] = Nonce }));
        return Request(link, "mesh.connect");
    }

    private static void Answer(WireLink link, JsonElement request, JsonObject payload) => link.Feed(ClassicPeer.Result(request.GetProperty("id").GetString()!, payload));
}
