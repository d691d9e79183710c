using ClawMesh.Edge.Mesh.Peers;

namespace ClawMesh.Edge.Tests.Mesh.Peers;

public sealed class StaticPeerTests
{
    private const string Pin = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private static readonly string Id = Ids.B.Value;

    [Theory]
    [InlineData("{id}=ws://h:1", "ws://h:1", null, null)]
    [InlineData("  {id} = ws://h:1 \n", "ws://h:1", null, null)]
    [InlineData("{id}@ws://h:1", "ws://h:1", null, null)]
    [InlineData("{id}=ws://h:1|", "ws://h:1", null, null)]
    [InlineData("{id}=ws://h:1||", "ws://h:1", null, null)]
    [InlineData("{id}=ws://h:1||relay", "ws://h:1", null, "relay")]
    [InlineData("{id}=wss://h:1|sha256:{pin}", "wss://h:1", Pin, null)]
    [InlineData("{id}=wss://h:1 | {pin} | vpn |more|and more", "wss://h:1", Pin, "vpn")]
    [InlineData("{id}=https://h/mesh?a=b", "wss://h/mesh?a=b", null, null)]
    [InlineData("{id}=http://[2001:db8::7]:18789", "ws://[2001:db8::7]:18789", null, null)]
    [InlineData("{id}=ws://h/@=", "ws://h/@=", null, null)]
    [Trait("spec", "W-161")]
    [Trait("spec", "W-6")]
    public void An_entry_is_split_by_the_grammar(string text, string url, string? fingerprint, string? label)
    {
        StaticPeer? peer = StaticPeer.Parse(Filled(text), out PeerProblem? problem);

        Assert.Null(problem);
        Assert.NotNull(peer);
        Assert.Equal((Ids.B, url, fingerprint, label), (peer.DeviceId, peer.UrlText, peer.Fingerprint, peer.Label));
        Assert.Equal(new Uri(url), peer.Url);
    }

    [Theory]
    [InlineData("", "INVALID_PEER_URL")]
    [InlineData("{id}", "INVALID_PEER_URL")]
    [InlineData("{id}=", "INVALID_PEER_URL")]
    [InlineData("{id}= |{pin}", "INVALID_PEER_URL")]
    [InlineData("{id}=h:1", "INVALID_PEER_URL")]
    [InlineData("{id}=//h:1", "INVALID_PEER_URL")]
    [InlineData("{id}=ftp://h:1", "INVALID_PEER_URL")]
    [InlineData("{id}=WS://h:1", "INVALID_PEER_URL")]
    [InlineData("{id}=ws://", "INVALID_PEER_URL")]
    [InlineData("{id}=ws://:1", "INVALID_PEER_URL")]
    [InlineData("{id}=ws://h:0", "INVALID_PEER_URL")]
    [InlineData("{id}=ws://h:65536", "INVALID_PEER_URL")]
    [InlineData("{id}=ws://me:secret@h:1", "INVALID_PEER_URL")]
    [InlineData("{id}=ws://h:1/#part", "INVALID_PEER_URL")]
    [InlineData("{id}=ws://h:1||re\nlay", "INVALID_PEER_URL")]
    [InlineData("=ws://h:1", "INVALID_PEER_ID")]
    [InlineData("@ws://h:1", "INVALID_PEER_ID")]
    [InlineData("{id}0=ws://h:1", "INVALID_PEER_ID")]
    [InlineData("pump-house=ws://h:1", "INVALID_PEER_ID")]
    [InlineData("{ID}=ws://h:1", "INVALID_PEER_ID")]
    [InlineData("{id}@ws://h:1/?a=b", "INVALID_PEER_ID")]
    [InlineData("{id}=wss://h:1|abc", "INVALID_PEER_FINGERPRINT")]
    [InlineData("{id}=wss://h:1|relay", "INVALID_PEER_FINGERPRINT")]
    [Trait("spec", "W-161")]
    [Trait("spec", "W-6")]
    public void A_wrong_entry_is_a_problem_with_a_code_a_reason_and_a_fix(string text, string code)
    {
        Assert.Null(StaticPeer.Parse(Filled(text), out PeerProblem? problem));

        Assert.Equal(code, problem!.Code);
        Assert.NotEqual("", problem.Why);
        Assert.NotEqual("", problem.Fix);
    }

    [Fact]
    public void A_problem_does_not_repeat_a_text_without_end()
    {
        StaticPeer.Parse($"{new string('x', 100_000)}=ws://h", out PeerProblem? problem);

        Assert.True(problem!.Why.Length < 200);
    }

    [Theory]
    [InlineData("ws://h", TransportPosture.Insecure, "insecure")]
    [InlineData("ws://h|{pin}", TransportPosture.Insecure, "insecure")]
    [InlineData("http://h", TransportPosture.Insecure, "insecure")]
    [InlineData("wss://h", TransportPosture.TlsUnpinned, "tls-unpinned")]
    [InlineData("https://h", TransportPosture.TlsUnpinned, "tls-unpinned")]
    [InlineData("wss://h|{pin}", TransportPosture.TlsPinned, "tls-pinned")]
    [InlineData("https://h|{pin}|relay", TransportPosture.TlsPinned, "tls-pinned")]
    [Trait("spec", "W-162")]
    public void The_posture_follows_from_scheme_and_pin(string url, TransportPosture posture, string word)
    {
        StaticPeer peer = Peer(url);

        Assert.Equal(posture, peer.Posture);
        Assert.Equal(word, peer.Posture.Word());
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("lan", false)]
    [InlineData("LAN", false)]
    [InlineData("Local", false)]
    [InlineData("mDNS", false)]
    [InlineData("relay", true)]
    [InlineData("VPN", true)]
    [InlineData("lan2", true)]
    [InlineData("greenhouse", true)]
    [Trait("spec", "W-163")]
    public void Any_label_but_the_three_local_ones_marks_a_line_that_leaves_the_site(string label, bool wan)
    {
        Assert.Equal(wan, Peer($"ws://h||{label}").IsWan);
    }

    [Theory]
    [InlineData("ws://h", true)]
    [InlineData("ws://h||lan", true)]
    [InlineData("wss://h||local", true)]
    [InlineData("wss://h|{pin}|relay", true)]
    [InlineData("ws://h||relay", false)]
    [InlineData("ws://h|{pin}|relay", false)]
    [InlineData("wss://h||relay", false)]
    [Trait("spec", "W-164")]
    public void A_line_that_leaves_the_site_is_dialled_with_a_pin_only(string url, bool mayDial)
    {
        Assert.Equal(mayDial, Peer(url).MayDial);
    }

    [Theory]
    [InlineData("ws://h:1||relay", "mesh: refusing insecure relay connection bbbbbbbbbbbb… ws://h:1 via relay (insecure)")]
    [InlineData("https://h:1||VPN", "mesh: refusing unpinned VPN connection bbbbbbbbbbbb… wss://h:1 via VPN (tls-unpinned)")]
    [Trait("spec", "W-164")]
    public void A_refusal_has_the_text_of_the_classic_node(string url, string text)
    {
        Assert.Equal(text, WanRefusal.Text(Peer(url)));
    }

    [Fact]
    [Trait("spec", "W-44")]
    public void The_first_entry_of_a_device_wins_and_this_node_is_no_peer_of_itself()
    {
        string c = Ids.C.Value;
        var findings = new List<MeshDiagnostic>();

        IReadOnlyList<StaticPeer> peers = StaticPeerList.Read(Ids.A, [$"{Id}=ws://one", $"{Ids.A}=ws://self", $"{Id}=ws://two", "nonsense", $"{c}=ws://three"], findings);

        Assert.Equal(["ws://one", "ws://three"], peers.Select(p => p.UrlText));
        Assert.Equal(["SELF_PEER", "DUPLICATE_STATIC_PEER", "INVALID_PEER_URL"], findings.Select(f => f.Code));
        Assert.Contains("ws://two", findings[1].Text, StringComparison.Ordinal);
    }

    private static StaticPeer Peer(string url) => StaticPeer.Parse(Filled($"{{id}}={url}"), out _)!;

    private static string Filled(string text) => text
        .Replace("{id}", Id, StringComparison.Ordinal).Replace("{ID}", Id.ToUpperInvariant(), StringComparison.Ordinal)
        .Replace("{pin}", Pin, StringComparison.Ordinal);
}
