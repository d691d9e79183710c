using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Tests.Mesh.Golden;

namespace ClawMesh.Edge.Tests.Mesh.Handshake;

/// <summary>The table of [W-54], row by row and two rows at a time, over a link (conformance rows C4 and C6).</summary>
public class AcceptorChecklistTests
{
    private const int Rows = 11;

    private static readonly (string Code, string Says)[] Expected =
    [
        (GateCodes.InvalidParams, "deviceId, publicKey"), (GateCodes.InvalidParams, "clientNonce"), (HandshakeErrorCodes.NonceRequired, ""), (HandshakeErrorCodes.NonceInvalid, ""),
        (HandshakeErrorCodes.UntrustedPeer, ""), (HandshakeErrorCodes.PublicKeyMismatch, "does not belong"), (HandshakeErrorCodes.PublicKeyMismatch, "another public key is pinned"),
        (HandshakeErrorCodes.AuthFailed, ""), (HandshakeErrorCodes.AuthFailed, ""), (HandshakeErrorCodes.MeshIdMismatch, ""), (GateCodes.InternalError, "first key"),
    ];

    public static TheoryData<int, int> Pairs
    {
        get
        {
            var pairs = new TheoryData<int, int>();
            for (int i = 1; i <= Rows; i++)
            {
                for (int j = i; j <= Rows; j++) pairs.Add(i, j);
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    [Trait("spec", "W-54")]
    [Trait("spec", "W-25")]
    [Trait("spec", "W-27")]
    [Trait("spec", "W-31")]
    public void A_request_that_breaks_two_rows_gets_the_code_of_the_earlier_one(int first, int second)
    {
        GoldenNode node = Node();
        WireLink link = node.Accept();
        var peer = new ClassicPeer("probe", node.Time);
        string nonce = ClassicPeer.Challenge(link);
        if (Breaks(4)) nonce = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        if (Breaks(5)) node.Trust.Remove(peer.DeviceId);
        else if (Breaks(7)) node.Trust.Add(peer.DeviceId, Transcript.PublicKey("target"));
        node.Trust.FailWrites = Breaks(11);

        JsonElement answer = peer.Connect(
            link,
            change: p =>
            {
                if (Breaks(8)) p["signedAtMs"] = (long)p["signedAtMs"]! + 300_001;
                if (Breaks(10)) p["meshId"] = new string('0', 64);
            },
            afterSigning: p =>
            {
                if (Breaks(9)) p["signature"] = new string('A', 86);
                if (Breaks(6)) p["publicKey"] = Transcript.PublicKey("stranger");
                if (Breaks(3)) p.Remove("nonce");
                if (Breaks(2)) p.Remove("clientNonce");
                if (Breaks(1)) p.Remove("signature");
            },
            nonce)!.Value;

        (string code, string says) = Expected[first - 1];
        Assert.False(answer.GetProperty("ok").GetBoolean());
        Assert.Equal(code, answer.GetProperty("error").GetProperty("code").GetString());
        Assert.StartsWith(code + ": ", answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains(says, answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(node.Mesh.Sessions);
        Assert.Null(link.Closed);
        Assert.Equal(1, node.Mesh.Counters[MeshCounter.HandshakeFailures]);

        bool Breaks(int row) => first == row || second == row;
    }

    [Fact]
    [Trait("spec", "W-54")]
    public void A_request_that_breaks_no_row_is_let_in()
    {
        GoldenNode node = Node();

        Assert.True(new ClassicPeer("probe", node.Time).Connect(node.Accept())!.Value.GetProperty("ok").GetBoolean());
        Assert.Single(node.Mesh.Sessions);
    }

    [Theory]
    [InlineData("deviceId", "null")]
    [InlineData("deviceId", "7")]
    [InlineData("deviceId", "\"C19B9DE8C2A858F3A0FB8F9009620F08FCBCED1DD4079DD568BEE3D8D868DAF2\"")]
    [InlineData("deviceId", "\"c19b9de8c2a858f3a0fb8f9009620f08fcbced1dd4079dd568bee3d8d868daf\"")]
    [InlineData("deviceId", "\"c19b9de8c2a858f3a0fb8f9009620f08fcbced1dd4079dd568bee3d8d868daf22\"")]
    [InlineData("publicKey", "null")]
    [InlineData("publicKey", "\"\"")]
    [InlineData("publicKey", "[]")]
    [InlineData("publicKey", "\"Z_j-lRUmvGtGX7v4zGBYDqhDnfqeq0AAmIlK2VWV4v\"")]
    [InlineData("publicKey", "\"Z_j-lRUmvGtGX7v4zGBYDqhDnfqeq0AAmIlK2VWV4vM=\"")]
    [InlineData("publicKey", "\"Z_j-lRUmvGtGX7v4zGBYDqhDnfqeq0AAmIlK2VWV4vN\"")]
    [InlineData("publicKey", "\"Z/j+lRUmvGtGX7v4zGBYDqhDnfqeq0AAmIlK2VWV4vM\"")]
    [InlineData("publicKey", "\"Z_j-lRUmvGtGX7v4 GBYDqhDnfqeq0AAmIlK2VWV4vM\"")]
    [InlineData("signature", "null")]
    [InlineData("signature", "{}")]
    [InlineData("signature", "\"AAAA\"")]
    [InlineData("signature", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\"")]
    [InlineData("signedAtMs", "null")]
    [InlineData("signedAtMs", "\"1795222473958\"")]
    [InlineData("signedAtMs", "1795222473958.5")]
    [InlineData("signedAtMs", "9007199254740993")]
    [InlineData("signedAtMs", "1e400")]
    [InlineData("signedAtMs", "true")]
    [InlineData("clientNonce", "null")]
    [InlineData("clientNonce", "\"\"")]
    [InlineData("clientNonce", "7")]
    [Trait("spec", "W-3")]
    [Trait("spec", "W-19")]
    [Trait("spec", "W-54")]
    public void A_member_of_the_wrong_type_or_form_is_invalid_params(string member, string value)
    {
        GoldenNode node = Node();

        JsonElement answer = new ClassicPeer("probe", node.Time).Connect(node.Accept(), afterSigning: p => p[member] = JsonNode.Parse(value))!.Value;

        Assert.Equal(GateCodes.InvalidParams, answer.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    [Trait("spec", "W-1")]
    [Trait("spec", "W-2")]
    [Trait("spec", "W-31")]
    [Trait("spec", "W-48")]
    public void Optional_members_may_be_absent_or_null_and_unknown_ones_are_ignored()
    {
        foreach (Action<JsonObject> change in new Action<JsonObject>[]
        {
            p =>
            {
                foreach (string name in new[] { "displayName", "capabilities", "meshId", "role" }) p.Remove(name);
            },
            p =>
            {
                foreach (string name in new[] { "displayName", "capabilities", "meshId", "role" }) p[name] = null;
            },
            p => p["role"] = "beekeeper",
        })
        {
            GoldenNode node = Node();
            JsonElement? answer = new ClassicPeer("probe", node.Time).Connect(node.Accept(), change, p => p["more"] = new JsonObject { ["x"] = 1 });
            Assert.True(answer!.Value.GetProperty("ok").GetBoolean(), answer.ToString());
        }
    }

    [Theory]
    [InlineData(300_000, true)]
    [InlineData(-300_000, true)]
    [InlineData(300_001, false)]
    [InlineData(-300_001, false)]
    [Trait("spec", "W-53")]
    public void A_clock_may_be_five_minutes_off_and_not_a_millisecond_more(long off, bool passes)
    {
        GoldenNode node = Node();

        JsonElement answer = new ClassicPeer("probe", node.Time).Connect(node.Accept(), p => p["signedAtMs"] = (long)p["signedAtMs"]! + off)!.Value;

        Assert.Equal(passes, answer.GetProperty("ok").GetBoolean());
        if (!passes) Assert.Equal(HandshakeErrorCodes.AuthFailed, answer.GetProperty("error").GetProperty("code").GetString());
    }

    [Theory]
    [InlineData(59_999, true)]
    [InlineData(60_000, false)]
    [Trait("spec", "W-46")]
    public void A_nonce_lives_for_less_than_a_minute_of_the_monotonic_clock(int milliseconds, bool passes)
    {
        GoldenNode node = Node();
        WireLink link = node.Accept();
        string nonce = ClassicPeer.Challenge(link);
        node.Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        // A step of the wall clock neither ends nor prolongs it.
        node.Time.StepWallClock(TimeSpan.FromHours(passes ? 5 : -5));

        JsonElement answer = new ClassicPeer("probe", node.Time).Connect(link, nonce: nonce)!.Value;

        Assert.Equal(passes, answer.GetProperty("ok").GetBoolean());
        if (!passes) Assert.Equal(HandshakeErrorCodes.NonceInvalid, answer.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    [Trait("spec", "W-46")]
    [Trait("spec", "W-47")]
    public void A_nonce_is_of_one_connection_good_once_and_replaced_by_the_next()
    {
        GoldenNode node = Node();
        WireLink one = node.Accept(), other = node.Accept();
        var peer = new ClassicPeer("probe", node.Time);
        string first = ClassicPeer.Challenge(one), foreign = ClassicPeer.Challenge(other), second = ClassicPeer.Challenge(one);

        Assert.Equal(3, new[] { first, foreign, second }.Distinct().Count());
        Assert.Equal(HandshakeErrorCodes.NonceInvalid, Code(peer.Connect(one, nonce: foreign)));
        Assert.Equal(HandshakeErrorCodes.NonceInvalid, Code(peer.Connect(one, nonce: first)));
        // Neither used up the one that is open.
        Assert.Equal("ok", Code(peer.Connect(one, nonce: second)));
        Assert.Equal(HandshakeErrorCodes.NonceInvalid, Code(peer.Connect(one, nonce: second)));
    }

    [Fact]
    [Trait("spec", "W-47")]
    [Trait("spec", "W-55")]
    public void The_third_failure_is_answered_and_ends_the_connection_with_1008()
    {
        GoldenNode node = Node();
        WireLink link = node.Accept();
        var peer = new ClassicPeer("stranger", node.Time);

        for (int i = 0; i < 3; i++)
        {
            Assert.Null(link.Closed);
            Assert.Equal(HandshakeErrorCodes.UntrustedPeer, Code(peer.Connect(link)));
        }

        Assert.Equal(1008, link.Closed!.Value.Status);
        Assert.Null(ClassicPeer.Ask(link, ClassicPeer.Request("mesh.challenge")));
    }

    [Fact]
    [Trait("spec", "W-24")]
    [Trait("spec", "W-54")]
    public void The_store_is_asked_for_each_handshake_and_one_that_cannot_be_read_lets_nobody_in()
    {
        GoldenNode node = Node();
        var peer = new ClassicPeer("stranger", node.Time);

        Assert.Equal(HandshakeErrorCodes.UntrustedPeer, Code(peer.Connect(node.Accept())));
        node.Trust.Add(peer.DeviceId);
        Assert.Equal("ok", Code(peer.Connect(node.Accept())));
        node.Trust.Problem = "it is broken";
        Assert.Equal(HandshakeErrorCodes.UntrustedPeer, Code(peer.Connect(node.Accept())));
    }

    [Fact]
    [Trait("spec", "W-26")]
    [Trait("spec", "W-27")]
    public void The_first_key_is_on_disk_before_the_session_and_a_second_one_is_refused()
    {
        GoldenNode node = Node();
        var peer = new ClassicPeer("probe", node.Time);
        int writesAtConnect = -1;
        node.Events.Published += e => writesAtConnect = e.Type == "peer.connect" ? node.Trust.Writes : writesAtConnect;

        Assert.Equal("ok", Code(peer.Connect(node.Accept())));

        Assert.Equal(1, writesAtConnect);
        Assert.Equal(peer.PublicKey, node.Trust.Entries[peer.DeviceId.Value].PublicKey);
        // A pin of another key than that of the device, as an attacker with write access would leave it.
        node.Trust.Add(peer.DeviceId, Transcript.PublicKey("target"));
        Assert.Equal(HandshakeErrorCodes.PublicKeyMismatch, Code(peer.Connect(node.Accept())));
    }

    [Fact]
    [Trait("spec", "W-26")]
    public void A_first_key_that_cannot_be_written_is_an_internal_error_and_no_session()
    {
        GoldenNode node = Node();
        WireLink link = node.Accept();
        var peer = new ClassicPeer("probe", node.Time);
        node.Trust.FailWrites = true;

        Assert.Equal(GateCodes.InternalError, Code(peer.Connect(link)));
        Assert.Empty(node.Mesh.Sessions);
        Assert.Null(node.Trust.Entries[peer.DeviceId.Value].PublicKey);

        node.Trust.FailWrites = false;
        Assert.Equal("ok", Code(peer.Connect(link)));
    }

    [Fact]
    [Trait("spec", "W-56")]
    [Trait("spec", "X-69")]
    public void Before_a_session_nothing_but_the_handshake_is_dispatched()
    {
        GoldenNode node = Node();
        WireLink link = node.Accept(onLoopback: false);

        foreach (string method in new[] { "mesh.peers", "mesh.health", "mesh.trace", "context.sync", "mesh.message.forward", "chat.subscribe", "chat.proposal.approve", "no.such.method", "operator.challenge" })
            Assert.Equal(GateCodes.NotAuthorized, Code(ClassicPeer.Ask(link, ClassicPeer.Request(method))));
        link.Feed("""{"type":"event","event":"peer.leaving","payload":{"gen":1}}""");
        link.Feed("""{"type":"event","event":"context.frame","payload":{}}""");
        Assert.Equal(2, node.Mesh.Counters[MeshCounter.Unauthenticated]);
        Assert.Null(link.Closed);
    }

    [Fact]
    [Trait("spec", "W-154")]
    public void The_sixty_first_message_within_a_minute_without_a_session_ends_the_connection_with_1013()
    {
        GoldenNode node = Node();
        WireLink link = node.Accept(onLoopback: false);

        for (int i = 0; i < 60; i++) link.Feed("x");
        Assert.Null(link.Closed);
        link.Feed("x");

        Assert.Equal(1013, link.Closed!.Value.Status);
        Assert.Equal(60, node.Mesh.Counters[MeshCounter.InvalidJson]);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [Trait("spec", "W-15")]
    public void A_connection_without_a_handshake_is_closed_after_ten_seconds_unless_it_is_loopbacks(bool onLoopback, bool closes)
    {
        GoldenNode node = Node();
        WireLink link = node.Accept(onLoopback);

        node.Time.Advance(TimeSpan.FromMilliseconds(9_999));
        node.Mesh.Tick();
        Assert.Null(link.Closed);
        node.Time.Advance(TimeSpan.FromMilliseconds(1));
        node.Mesh.Tick();

        Assert.Equal(closes ? 1008 : null, link.Closed?.Status);
    }

    [Fact]
    [Trait("spec", "W-51")]
    public void Half_of_a_surrogate_pair_never_reaches_the_handshake()
    {
        // Text without a meaning is no sound message for any handler: it is dropped whole, so that no string of ours can hold it.
        GoldenNode node = Node();
        WireLink link = node.Accept();
        string request = ClassicPeer.Request("mesh.connect", new ClassicPeer("probe", node.Time).Proof(ClassicPeer.Challenge(link), "dialler", afterSigning: p => p["clientNonce"] = "c"));
        string[] members = ["deviceId", "nonce", "meshId", "role", "clientNonce"];
        foreach (string member in members) link.Feed(request.Replace($"\"{member}\":\"", $"\"{member}\":\"\\ud800", StringComparison.Ordinal));

        Assert.Empty(link.Take());
        Assert.Equal(members.Length, node.Mesh.Counters[MeshCounter.InvalidJson]);
        // The nonce is still open: nothing of those five was looked at.
        link.Feed(request);
        Assert.Single(node.Mesh.Sessions);
    }

    [Fact]
    [Trait("spec", "W-41")]
    public void The_newest_handshake_wins_whatever_its_direction()
    {
        var node = new GoldenNode("alpha", new GoldenSetup { Dials = ["beta"] });
        node.Mesh.Tick();
        WireLink outbound = node.DialledLinks[0].Link;
        var beta = new ClassicPeer("beta", node.Time);
        beta.Welcome(outbound);

        WireLink inbound = beta.Join(node);

        Assert.Equal((1000, "superseded by newer connection from same device"), outbound.Closed);
        Assert.Null(inbound.Closed);
        Assert.False(Assert.Single(node.Mesh.Sessions).Outbound);
        // The end of the loser ends nothing else, and nobody is reported down.
        outbound.End(1000);
        Assert.Single(node.Mesh.Sessions);
        Assert.Empty(inbound.Take());
    }

    private static GoldenNode Node()
    {
        var node = new GoldenNode("alpha");
        node.Trust.Add(new NodeId(Transcript.DeviceId("probe")));
        return node;
    }

    private static string Code(JsonElement? answer) =>
        answer is not { } given ? "silence" : given.GetProperty("ok").GetBoolean() ? "ok" : given.GetProperty("error").GetProperty("code").GetString()!;
}
