using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Tests.Mesh.Golden;

namespace ClawMesh.Edge.Tests.Mesh.Sessions;

/// <summary>Handshakes, edits of the trust store and proposals while sessions live.</summary>
public class LivingSessionTests
{
    [Theory]
    [InlineData("probe")]
    [InlineData("obs")]
    [InlineData("stranger")]
    [Trait("spec", "W-24")]
    public void An_edit_that_a_handshake_saw_first_used_to_leave_the_removed_peer_its_session(string who)
    {
        (GoldenNode node, WireLink probe, WireLink observer) = TwoPeers();
        Look(node, TimeSpan.FromSeconds(2));
        node.Trust.Remove(new NodeId(Transcript.DeviceId("probe")));

        // Its check refreshes the store: on its own connection, on another session's, and on a new one.
        WireLink link = who switch { "probe" => probe, "obs" => observer, _ => node.Accept() };
        JsonElement answer = new ClassicPeer(who, node.Time).Connect(link)!.Value;
        Assert.Equal(who == "obs", answer.GetProperty("ok").GetBoolean());
        if (who != "obs") Assert.Equal(HandshakeErrorCodes.UntrustedPeer, answer.GetProperty("error").GetProperty("code").GetString());

        Look(node, TimeSpan.FromSeconds(1.5));
        Assert.Equal(1008, probe.Closed?.Status);
        Assert.Null(observer.Closed);
        Assert.Equal(Transcript.DeviceId("obs"), Assert.Single(node.Mesh.Sessions).DeviceId.Value);
    }

    [Fact]
    [Trait("spec", "W-41")]
    public void A_second_connect_on_a_living_session_used_to_begin_another_one()
    {
        var node = new GoldenNode("alpha");
        var peer = new ClassicPeer("probe", node.Time) { Features = ["signed-frames"] };
        WireLink link = node.Accept();

        Assert.Equal(["res", "context.sync"], Connect(peer, link));
        Session session = Assert.Single(node.Mesh.Sessions);
        Assert.True(session.Facts.IsEdge);

        for (int i = 0; i < 3; i++) Assert.Equal(["res"], Connect(peer, link));
        Assert.Same(session, Assert.Single(node.Mesh.Sessions));
        Assert.Single(node.Events.Newest(50, e => e.Type == EventTypes.PeerConnect));
        Assert.Empty(node.Events.Newest(50, e => e.Type == EventTypes.PeerDisconnect));
        Assert.Equal(0, node.Mesh.Counters[MeshCounter.Displaced]);
        Assert.Null(link.Closed);
    }

    [Theory]
    [InlineData("planner", true)]
    [InlineData("standby-planner", true)]
    [InlineData("node", false)]
    [InlineData("field", false)]
    [InlineData("viewer", false)]
    public void A_proposal_of_a_peer_that_is_no_planner_used_to_be_shown(string role, bool shown)
    {
        var node = new GoldenNode("alpha");
        WireLink observer = new ClassicPeer("obs", node.Time).Join(node);
        WireLink probe = new ClassicPeer("probe", node.Time) { Role = role }.Join(node);
        ClassicPeer.Ask(observer, ClassicPeer.Request("chat.subscribe"));

        foreach (string name in new[] { "planner.proposal", "planner.proposal.resolved" })
            probe.Feed($$$"""{"type":"event","event":"{{{name}}}","payload":{"taskId":"t-{{{name}}}","status":"awaiting_approval","summary":"open every valve"}}""");

        Assert.Equal(shown ? 2 : 0, observer.Take().Count);
        Assert.Equal(shown ? 2 : 0, node.Events.Newest(50, e => e.Type is EventTypes.ProposalCreated or EventTypes.ProposalResolved).Count);
        Assert.Null(probe.Closed);
    }

    // Connects and names what came back: "res" for the answer, the method of a request.
    private static string[] Connect(ClassicPeer peer, WireLink link)
    {
        string nonce = ClassicPeer.Challenge(link);
        link.Feed(ClassicPeer.Request("mesh.connect", peer.Proof(nonce, "dialler", afterSigning: p => p["clientNonce"] = "0e8460ce-89fc-4e8c-8800-3cd6403ab5f5")));
        return [.. link.Take().Select(t => JsonDocument.Parse(t).RootElement).Select(m => m.TryGetProperty("method", out JsonElement method) ? method.GetString()! : m.GetProperty("ok").GetBoolean() ? "res" : m.ToString())];
    }

    private static void Look(GoldenNode node, TimeSpan span)
    {
        for (TimeSpan done = TimeSpan.Zero; done < span; done += MeshNode.TickInterval)
        {
            node.Time.Advance(MeshNode.TickInterval);
            node.Mesh.Tick();
        }
    }

    private static (GoldenNode Node, WireLink Probe, WireLink Observer) TwoPeers()
    {
        var node = new GoldenNode("alpha");
        return (node, new ClassicPeer("probe", node.Time).Join(node), new ClassicPeer("obs", node.Time).Join(node));
    }
}
