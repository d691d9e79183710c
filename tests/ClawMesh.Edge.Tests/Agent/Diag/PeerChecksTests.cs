using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Tests.Mesh;

namespace ClawMesh.Edge.Tests.Agent.Diag;

public sealed class PeerChecksTests : IDisposable
{
    private const string Check = "network.static-peers";

    private readonly DiagBench _diag = new();

    public void Dispose() => _diag.Dispose();

    [Fact]
    public async Task Without_static_peers_there_is_nothing_to_look_at()
    {
        (await _diag.CheckAsync(Check)).Has("skip", "no static peer is configured");
        Assert.Empty(await PeersAsync());
    }

    [Fact]
    [Trait("spec", "W-166")]
    public async Task Without_static_peers_and_discovery_the_node_is_isolated()
    {
        _diag.StateFile("node.json", """{"discovery":false}""");

        JsonElement check = await _diag.CheckAsync(Check);

        check.Has("warn", "neither discovery nor a static peer");
        Assert.Contains("⚠ [ISOLATED_NODE]", check.Why(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_entry_is_a_fail_that_names_it()
    {
        _diag.StateFile("node.json", $$"""{"staticPeers":["{{Ids.B}}=ws://h||lan","pump=ws://h"]}""");

        JsonElement check = await _diag.CheckAsync(Check);

        check.Has("fail", "`staticPeers` in node.json is wrong");
        Assert.Contains("entry 2 wrong (INVALID_PEER_ID)", check.Why(), StringComparison.Ordinal);
        Assert.Empty(await PeersAsync());
    }

    [Fact]
    public async Task A_node_json_that_is_a_directory_hides_no_other_check()
    {
        _diag.MakeState();
        Directory.CreateDirectory(Path.Combine(_diag.State.Path, "node.json"));

        Assert.Empty(await PeersAsync());
        Assert.NotEqual("", (await _diag.CheckAsync("network.interfaces")).Status());
    }

    [Fact]
    public async Task A_trusted_peer_that_answers_is_fine()
    {
        using TcpListener listener = Listening(out int port);
        Configure($"{Ids.B}=ws://127.0.0.1:{port}||lan");
        Trust(Ids.B.Value);

        (await _diag.CheckAsync(Check)).Has("pass", "0 tls-pinned, 0 tls-unpinned, 1 insecure");
        JsonElement peer = Assert.Single(await PeersAsync());
        peer.Has("pass", $"ws://127.0.0.1:{port} answers, insecure via lan");
        Assert.Equal("network.peer.bbbbbbbbbbbb", peer.GetProperty("id").GetString());
        Assert.True(peer.GetProperty("values").GetProperty("reachable").GetBoolean());
    }

    [Fact]
    public async Task A_pinned_peer_that_answers_has_its_pin_compared_later()
    {
        using TcpListener listener = Listening(out int port);
        Configure($"{Ids.B}=wss://localhost:{port}|{new string('0', 64)}|relay");

        Assert.Single(await PeersAsync()).Has("pass", "tls-pinned via relay; the pin is compared when the node dials");
    }

    [Fact]
    [Trait("spec", "W-28")]
    public async Task A_peer_outside_of_the_trust_store_is_a_warning()
    {
        Configure($"{Ids.B}=ws://127.0.0.1:1||lan");
        Trust(Ids.C.Value);

        (await _diag.CheckAsync(Check)).Has("warn", "not in the trust store");
    }

    [Fact]
    public async Task A_trust_store_that_cannot_be_read_says_nothing_about_peers()
    {
        Configure($"{Ids.B}=ws://127.0.0.1:1||lan");
        _diag.StateFile("mesh/trusted-peers.json", "{");

        (await _diag.CheckAsync(Check)).Has("pass", "1 insecure");
    }

    [Fact]
    public async Task A_peer_that_refuses_is_a_warning_with_the_reason()
    {
        using (Listening(out int port)) Configure($"{Ids.B}=ws://127.0.0.1:{port}||lan");

        JsonElement peer = Assert.Single(await PeersAsync());

        peer.Has("warn", "does not answer");
        Assert.NotEqual("", peer.Why());
        Assert.False(peer.GetProperty("values").GetProperty("reachable").GetBoolean());
    }

    [Fact]
    [Trait("spec", "W-164")]
    public async Task A_peer_the_node_refuses_to_dial_is_not_dialled_by_diag_either()
    {
        using TcpListener listener = Listening(out int port);
        Configure($"{Ids.B}=ws://127.0.0.1:{port}||relay");

        JsonElement peer = Assert.Single(await PeersAsync());

        peer.Has("warn", "is not dialled");
        Assert.Contains("mesh: refusing insecure relay connection bbbbbbbbbbbb…", peer.Why(), StringComparison.Ordinal);
        Assert.False(listener.Pending());
    }

    [Fact]
    [Trait("spec", "W-164")]
    public async Task With_strict_transport_such_a_peer_is_a_fail()
    {
        _diag.StateFile("node.json", $$"""{"strictTransport":true,"staticPeers":["{{Ids.B}}=ws://h||relay"]}""");
        Trust(Ids.B.Value);

        (await _diag.CheckAsync(Check)).Has("fail", "2 findings, the first: INSECURE_RELAY_TRANSPORT");
    }

    [Fact]
    public void Info_alone_is_a_pass()
    {
        CheckOutcome outcome = PeerChecks.Judge([new MeshDiagnostic(DiagnosticLevel.Info, "NO_STATIC_PEERS", "None.")]);

        Assert.Equal((CheckStatus.Pass, "None."), (outcome.Status, outcome.Summary));
    }

    private async Task<JsonElement[]> PeersAsync() =>
        [.. DiagBench.Checks(await _diag.JsonAsync("network")).Where(c => c.GetProperty("id").GetString()!.StartsWith("network.peer.", StringComparison.Ordinal))];

    private void Configure(string peer) => _diag.StateFile("node.json", $$"""{"staticPeers":["{{peer}}"]}""");

    private void Trust(string id) => _diag.StateFile("mesh/trusted-peers.json", $$"""{"version":1,"peers":[{"deviceId":"{{id}}","addedAt":"2026-11-21T00:42:20.510Z"}]}""");

    private static TcpListener Listening(out int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        port = ((IPEndPoint)listener.LocalEndpoint).Port;
        return listener;
    }
}
