using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Peers;

namespace ClawMesh.Edge.Tests.Mesh.Peers;

[Trait("spec", "W-166")]
public sealed class StartDiagnosticsTests
{
    private const string Pin = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private static readonly StartFacts Fine = new(
        Ids.A, 18789, [$"{Ids.B}=wss://h|{Pin}|lan"], Discovery: true, ["actuator:pump:P1"], TrustProblem: null, Trust(Entry(Ids.B, "key")),
        JournalAvailable: true, ClockSynchronised: true, ListensBeyondLan: false);

    [Fact]
    public void A_node_with_nothing_wrong_hears_only_how_its_peers_are_reached()
    {
        Assert.Equal(["ℹ [STATIC_PEER_TRANSPORTS] Static peers by transport: 1 tls-pinned, 0 tls-unpinned, 0 insecure."], Collect(Fine).Select(d => d.ToString()));
    }

    [Theory]
    [InlineData(-1, "✗ INVALID_PORT")]
    [InlineData(65536, "✗ INVALID_PORT")]
    [InlineData(1, "⚠ PRIVILEGED_PORT")]
    [InlineData(1023, "⚠ PRIVILEGED_PORT")]
    [InlineData(0, null)]
    [InlineData(1024, null)]
    [InlineData(65535, null)]
    public void A_port_is_judged(int port, string? finding)
    {
        Assert.Equal(finding, Codes(Fine with { Port = port }).SingleOrDefault());
    }

    [Theory]
    [InlineData("wss://h|{pin}|relay", "")]
    [InlineData("ws://h||lan", "")]
    [InlineData("ws://h", "⚠ UNLABELED_STATIC_PEER_TRANSPORT")]
    [InlineData("wss://h||lan", "⚠ MISSING_TLS_FINGERPRINT")]
    [InlineData("wss://h", "⚠ MISSING_TLS_FINGERPRINT, ⚠ UNLABELED_STATIC_PEER_TRANSPORT")]
    [InlineData("ws://h||relay", "⚠ INSECURE_RELAY_TRANSPORT, ⚠ MISSING_TLS_FINGERPRINT")]
    [InlineData("ws://h|{pin}|relay", "⚠ INSECURE_RELAY_TRANSPORT")]
    [InlineData("wss://h||relay", "⚠ MISSING_TLS_FINGERPRINT")]
    [InlineData("ftp://h", "✗ INVALID_PEER_URL")]
    [InlineData("ws://h|beef", "✗ INVALID_PEER_FINGERPRINT")]
    [Trait("spec", "W-164")]
    public void The_line_to_a_peer_is_judged(string url, string findings)
    {
        Assert.Equal(findings, string.Join(", ", Codes(Fine with { StaticPeerTexts = [Peer(Ids.B, url)] })));
    }

    [Theory]
    [InlineData("ws://h||relay", "✗ INSECURE_RELAY_TRANSPORT, ✗ MISSING_TLS_FINGERPRINT")]
    [InlineData("wss://h||relay", "✗ MISSING_TLS_FINGERPRINT")]
    [InlineData("wss://h||lan", "⚠ MISSING_TLS_FINGERPRINT")]
    [InlineData("wss://h|{pin}|relay", "")]
    [Trait("spec", "W-164")]
    public void With_strict_transport_a_peer_that_must_not_be_dialled_is_an_error(string url, string findings)
    {
        Assert.Equal(findings, string.Join(", ", Codes(Fine with { StaticPeerTexts = [Peer(Ids.B, url)], StrictTransport = true })));
    }

    [Fact]
    public void A_peer_that_is_not_dialled_is_said_not_to_be()
    {
        IEnumerable<string> about = Collect(Fine with { StaticPeerTexts = [Peer(Ids.B, "wss://h||relay"), Peer(Ids.C, "wss://i||lan")] })
            .Where(d => d.Code == "MISSING_TLS_FINGERPRINT").Select(d => d.Text);

        Assert.Equal([true, false], about.Select(t => t.Contains("not dialled", StringComparison.Ordinal)));
    }

    [Fact]
    [Trait("spec", "W-44")]
    public void This_very_node_and_a_second_entry_of_a_device_are_warnings()
    {
        string[] peers = [Peer(Ids.B, "ws://h||lan"), Peer(Ids.A, "ws://self||lan"), Peer(Ids.B, "ws://i")];

        Assert.Equal(["⚠ SELF_PEER", "⚠ DUPLICATE_STATIC_PEER"], Codes(Fine with { StaticPeerTexts = peers }));
    }

    [Fact]
    [Trait("spec", "W-28")]
    public void A_static_peer_outside_of_the_trust_store_is_a_warning()
    {
        StartFacts facts = Fine with { StaticPeerTexts = [Peer(Ids.B, "ws://h||lan"), Peer(Ids.C, "ws://i||lan")] };

        MeshDiagnostic warning = Assert.Single(Collect(facts), d => d.Level == DiagnosticLevel.Warning);
        Assert.Equal("STATIC_PEER_UNTRUSTED", warning.Code);
        Assert.Contains("cccccccccccc…", warning.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "W-24")]
    public void An_unreadable_trust_store_is_an_error_and_nothing_is_said_about_its_entries()
    {
        StartFacts facts = Fine with { TrustProblem = "it is not JSON", Trusted = Trust(), StaticPeerTexts = [Peer(Ids.C, "ws://i||lan")] };

        Assert.Equal(["✗ TRUST_STORE_UNREADABLE"], Codes(facts));
    }

    [Theory]
    [InlineData(true, "ℹ NO_STATIC_PEERS")]
    [InlineData(false, "⚠ ISOLATED_NODE, ℹ NO_STATIC_PEERS")]
    public void A_node_with_neither_discovery_nor_a_static_peer_is_isolated(bool discovery, string findings)
    {
        Assert.Equal(findings, string.Join(", ", All(Fine with { StaticPeerTexts = [], Discovery = discovery })));
    }

    [Fact]
    public void A_node_whose_only_static_peer_is_itself_is_isolated()
    {
        Assert.Equal(["⚠ SELF_PEER", "⚠ ISOLATED_NODE", "ℹ NO_STATIC_PEERS"], All(Fine with { StaticPeerTexts = [Peer(Ids.A, "ws://h||lan")], Discovery = false }));
    }

    [Fact]
    [Trait("spec", "W-26")]
    public void Trusted_devices_without_a_key_are_one_warning_that_names_a_few()
    {
        TrustEntry[] unpinned = [.. Enumerable.Range(1, 9).Select(n => Entry(new NodeId($"{n}{new string('0', 63)}"), null))];

        MeshDiagnostic warning = Assert.Single(Collect(Fine with { Trusted = Trust([Entry(Ids.B, "key"), .. unpinned]) }), d => d.Level == DiagnosticLevel.Warning);
        Assert.Equal("UNPINNED_TRUST_ENTRY", warning.Code);
        Assert.StartsWith("9 trusted without a key (100000000000…, 200000000000…, ", warning.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("600000000000", warning.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "W-165")]
    public void Everything_wrong_is_told_at_once_errors_first()
    {
        StartFacts facts = new(
            Ids.A, 80, ["nonsense"], Discovery: false, [], "closed", Trust(), JournalAvailable: false, ClockSynchronised: false, ListensBeyondLan: true);

        Assert.Equal(
            [
                "✗ TRUST_STORE_UNREADABLE", "✗ JOURNAL_UNAVAILABLE", "✗ INVALID_PEER_URL", "⚠ PRIVILEGED_PORT", "⚠ ISOLATED_NODE", "⚠ INSECURE_LISTENER",
                "⚠ CLOCK_UNSYNCED", "ℹ NO_STATIC_PEERS", "ℹ NO_CAPABILITIES",
            ],
            All(facts));
    }

    private static IReadOnlyList<MeshDiagnostic> Collect(StartFacts facts) => StartDiagnostics.Collect(facts);

    private static IEnumerable<string> All(StartFacts facts) => Collect(facts).Select(d => $"{d.ToString()[0]} {d.Code}");

    // Errors and warnings; what is good to know is told anyway.
    private static IEnumerable<string> Codes(StartFacts facts) => All(facts).Where(c => c[0] != 'ℹ');

    private static string Peer(NodeId id, string url) => $"{id}={url.Replace("{pin}", Pin, StringComparison.Ordinal)}";

    private static TrustEntry Entry(NodeId id, string? key) => new(id, null, key, "2026-11-21T00:42:20.510Z", PeerGrants.Default, []);

    private static Dictionary<string, TrustEntry> Trust(params TrustEntry[] entries) => entries.ToDictionary(e => e.DeviceId.Value);
}
