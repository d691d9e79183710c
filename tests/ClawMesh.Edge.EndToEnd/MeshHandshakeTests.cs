using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>The door of a published node: who is let in, how a connection ends, and what a session owes the other end.</summary>
public class MeshHandshakeTests(GateNode gate) : IClassFixture<GateNode>
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Fact]
    [Trait("spec", "W-31")]
    [Trait("spec", "W-47")]
    [Trait("spec", "W-53")]
    [Trait("spec", "W-54")]
    [Trait("spec", "W-55")]
    public async Task Each_reason_to_turn_a_peer_away_has_its_code()
    {
        MeshMember node = await gate.NodeAsync();
        using var trusted = new WireIdentity();
        using var stranger = new WireIdentity();
        await node.TrustAsync(trusted.DeviceId, trusted.PublicKey);

        await RefusedAsync(node, "INVALID_PARAMS", trusted, c => c.Remove("signature"));
        await RefusedAsync(node, "INVALID_PARAMS", trusted, c => c["clientNonce"] = "");
        await RefusedAsync(node, "AUTH_NONCE_REQUIRED", trusted, c => c.Remove("nonce"));
        await RefusedAsync(node, "AUTH_NONCE_INVALID", trusted, c => c["nonce"] = new string('A', 32));
        await RefusedAsync(node, "UNTRUSTED_PEER", stranger, _ => { });
        await RefusedAsync(node, "PUBLIC_KEY_MISMATCH", trusted, c => c["publicKey"] = stranger.PublicKey);
        await RefusedAsync(node, "AUTH_FAILED", trusted, c => c["role"] = "viewer");
        await RefusedAsync(node, "AUTH_FAILED", trusted, _ => { }, signedAtMs: DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - 301_000);
        await RefusedAsync(node, "MESH_ID_MISMATCH", trusted, _ => { }, meshId: MeshWire.MeshIdOf("another mesh"));

        Assert.False(await node.HasSessionWithAsync(trusted.DeviceId));
        Assert.Contains(await node.MessagesAsync("peer.fault"), m => m.Contains("UNTRUSTED_PEER", StringComparison.Ordinal) && m.Contains(stranger.DeviceId[..12], StringComparison.Ordinal));
        Assert.Contains(await node.MessagesAsync("peer.fault"), m => m.Contains("MESH_ID_MISMATCH", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("spec", "W-25")]
    [Trait("spec", "W-26")]
    [Trait("spec", "W-27")]
    public async Task The_first_key_is_pinned_and_a_key_of_another_device_never_counts()
    {
        MeshMember node = await gate.NodeAsync();
        using var first = new WireIdentity();
        Ran added = await node.CliAsync("trust", "add", first.DeviceId, "--json");
        Assert.True(added.ExitCode == 0, added.ToString());

        await using MeshWire wire = await MeshWire.JoinAsync(node, first);

        string file = await File.ReadAllTextAsync(Path.Combine(node.StateDir, "mesh/trusted-peers.json"), TestContext.Current.CancellationToken);
        JsonNode entry = JsonNode.Parse(file)!["peers"]!.AsArray().Single(p => p!["deviceId"]!.GetValue<string>() == first.DeviceId)!;
        Assert.Equal(first.PublicKey, entry["publicKey"]!.GetValue<string>());
    }

    [Fact]
    [Trait("spec", "W-46")]
    [Trait("spec", "W-47")]
    public async Task A_nonce_is_used_once_and_three_failures_end_the_connection()
    {
        MeshMember node = await gate.NodeAsync();
        using var trusted = new WireIdentity();
        using var stranger = new WireIdentity();
        await node.TrustAsync(trusted.DeviceId, trusted.PublicKey);
        await using MeshWire wire = await MeshWire.ConnectAsync(node);
        string nonce = (await wire.AskAsync("mesh.challenge", [])).GetProperty("payload").GetProperty("nonce").GetString()!;

        MeshForward.AssertRefused(await wire.AskAsync("mesh.connect", MeshWire.Connect(stranger, nonce)), "UNTRUSTED_PEER");
        MeshForward.AssertRefused(await wire.AskAsync("mesh.connect", MeshWire.Connect(trusted, nonce)), "AUTH_NONCE_INVALID");
        MeshForward.AssertRefused(await wire.AskAsync("mesh.connect", MeshWire.Connect(trusted, nonce)), "AUTH_NONCE_INVALID");

        (WebSocketCloseStatus? status, string? reason) = await wire.Closed;
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, status);
        Assert.Equal("three handshakes failed", reason);
    }

    [Fact]
    [Trait("spec", "W-41")]
    public async Task The_newest_connection_of_a_device_displaces_the_one_before()
    {
        MeshMember node = await gate.NodeAsync();
        using var identity = new WireIdentity();
        await node.TrustAsync(identity.DeviceId, identity.PublicKey);

        await using MeshWire old = await MeshWire.JoinAsync(node, identity);
        await using MeshWire newest = await MeshWire.JoinAsync(node, identity);

        (WebSocketCloseStatus? status, string? reason) = await old.Closed;
        Assert.Equal(WebSocketCloseStatus.NormalClosure, status);
        Assert.Equal("superseded by newer connection from same device", reason);
        Assert.True((await newest.AskAsync("mesh.health", [])).GetProperty("ok").GetBoolean());
        Assert.Single((await node.StatusAsync()).GetProperty("peers").EnumerateArray(), p => p.GetProperty("deviceId").GetString() == identity.DeviceId);
    }

    [Fact]
    [Trait("spec", "W-24")]
    public async Task A_device_that_is_trusted_no_longer_loses_its_session_at_once_and_the_journal_says_who_did_it()
    {
        MeshMember node = await gate.NodeAsync();
        using var identity = new WireIdentity();
        await node.TrustAsync(identity.DeviceId, identity.PublicKey);
        await using MeshWire wire = await MeshWire.JoinAsync(node, identity);

        Ran ran = await node.CliAsync("trust", "remove", identity.DeviceId, "--json");

        Assert.True(ran.ExitCode == 0, ran.ToString());
        (WebSocketCloseStatus? status, _) = await wire.Closed.WaitAsync(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, status);
        Assert.False(await node.HasSessionWithAsync(identity.DeviceId));
        JsonElement act = Assert.Single(await node.JournalAsync(), r => r.GetProperty("type").GetString() == "operator" && r.GetProperty("code").GetString() == "trust-remove" && r.GetProperty("body").GetProperty("detail").GetString() == identity.DeviceId);
        Assert.StartsWith("operator:", act.GetProperty("body").GetProperty("by").GetString(), StringComparison.Ordinal);
        await using MeshWire again = await MeshWire.ConnectAsync(node);
        MeshForward.AssertRefused(await again.HandshakeAsync(identity), "UNTRUSTED_PEER");
    }

    [Fact]
    [Trait("spec", "W-8")]
    [Trait("spec", "W-9")]
    public async Task A_session_that_sends_binary_bad_text_or_too_much_is_closed_with_the_code_for_it()
    {
        MeshMember node = await gate.NodeAsync();
        long tooLarge = await node.CounterAsync("edge.inbound.too_large");

        await using MeshWire binary = (await gate.PeerAsync()).Wire;
        await binary.SendAsync([1, 2, 3], WebSocketMessageType.Binary);
        await using MeshWire invalid = (await gate.PeerAsync()).Wire;
        await invalid.SendAsync([(byte)'{', 0xC3, 0x28, (byte)'}'], WebSocketMessageType.Text);
        await using MeshWire large = (await gate.PeerAsync()).Wire;
        byte[] half = Encoding.UTF8.GetBytes(new string('x', 524_289));
        await large.SendAsync(half, WebSocketMessageType.Text, end: false);
        await large.SendAsync(half, WebSocketMessageType.Text);

        Assert.Equal(WebSocketCloseStatus.InvalidMessageType, (await binary.Closed).Status);
        Assert.Equal(WebSocketCloseStatus.InvalidPayloadData, (await invalid.Closed).Status);
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, (await large.Closed).Status);
        Assert.Equal(tooLarge + 1, await node.CounterAsync("edge.inbound.too_large"));
    }

    [Fact]
    [Trait("spec", "W-10")]
    [Trait("spec", "W-11")]
    public async Task Malformed_messages_are_counted_and_answered_by_nothing_and_the_session_goes_on()
    {
        (MeshMember node, MeshWire wire, _) = await gate.PeerAsync();
        await using MeshWire peer = wire;
        long before = await node.CounterAsync("mesh.inbound.rejected");
        string[] malformed =
        [
            "", "not json", "[]", "null", "{}", """{"type":"nothing"}""", """{"type":"req","method":"mesh.health"}""", """{"type":"req","id":7,"method":"mesh.health"}""",
            """{"type":"req","id":"x","id":"y","method":"mesh.health"}""", """{"type":"event"}""", """{"type":"res","id":"x"}""",
            $$$"""{"type":"event","event":"context.frame","payload":{{{string.Concat(Enumerable.Repeat("[", 40))}}}{{{string.Concat(Enumerable.Repeat("]", 40))}}}}""",
        ];

        foreach (string message in malformed) await wire.SendAsync(message);

        Assert.True((await wire.AskAsync("mesh.health", [])).GetProperty("ok").GetBoolean());
        Assert.Equal(before + malformed.Length, await node.CounterAsync("mesh.inbound.rejected"));
    }

    [Fact]
    [Trait("spec", "W-5")]
    [Trait("spec", "W-7")]
    public async Task An_offer_to_compress_is_declined()
    {
        MeshMember node = await gate.NodeAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, node.Port, TestContext.Current.CancellationToken);
        await using NetworkStream stream = client.GetStream();
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"GET /some/path?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{node.Port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"),
            TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        var head = new List<string>();
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { Length: > 0 } line) head.Add(line);

        Assert.StartsWith("HTTP/1.1 101 ", head[0], StringComparison.Ordinal);
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", head, StringComparer.OrdinalIgnoreCase);
        Assert.DoesNotContain(head, h => h.StartsWith("Sec-WebSocket-Extensions", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    [Trait("spec", "W-15")]
    [Trait("spec", "W-56")]
    public async Task Without_a_session_only_the_handshake_is_heard_and_not_for_long()
    {
        await using MeshMember node = await MeshMember.CreateAsync(c => c["operator"] = new JsonObject { ["loopbackReadOnly"] = "none" });
        await node.StartAsync();
        await using MeshWire wire = await MeshWire.ConnectAsync(node);

        foreach (string method in (string[])["mesh.health", "mesh.peers", "mesh.message.forward", "context.sync", "no.such.method"])
            MeshForward.AssertRefused(await wire.AskAsync(method, []), "NOT_AUTHORIZED");
        await wire.SendAsync("""{"type":"event","event":"context.frame","payload":{}}""");

        (WebSocketCloseStatus? status, string? reason) = await wire.Closed.WaitAsync(TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken);
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, status);
        Assert.Equal("no session in time", reason);
        Assert.Equal(1, await node.CounterAsync("edge.inbound.unauthenticated"));
    }

    [Fact]
    [Trait("spec", "W-154")]
    public async Task Strangers_may_not_be_many_and_may_not_talk_much()
    {
        await using MeshMember node = await MeshMember.CreateAsync();
        await node.StartAsync();
        var strangers = new List<MeshWire>();
        try
        {
            for (int i = 0; i < 8; i++) strangers.Add(await MeshWire.ConnectAsync(node));
            WebSocketException refused = await Assert.ThrowsAsync<WebSocketException>(() => MeshWire.ConnectAsync(node));
            Assert.Contains("503", refused.Message, StringComparison.Ordinal);

            for (int i = 0; i < 61; i++) await strangers[0].SendAsync("""{"type":"req","id":"1","method":"mesh.health","params":{}}""");
            Assert.Equal(1013, (int)(await strangers[0].Closed).Status!);
        }
        finally
        {
            foreach (MeshWire stranger in strangers) await stranger.DisposeAsync();
        }
    }

    private static async Task RefusedAsync(MeshMember node, string code, WireIdentity identity, Action<JsonObject> change, string? meshId = null, long? signedAtMs = null)
    {
        await using MeshWire wire = await MeshWire.ConnectAsync(node);
        MeshForward.AssertRefused(await wire.HandshakeAsync(identity, change, meshId, signedAtMs), code);
        Assert.True(wire.IsOpen, $"{code}: the answer is given, the socket stays");
    }
}
