using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Operators;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>What pages see, what a person says, and what becomes of proposals.</summary>
public class OperatorTests
{
    private const string Intent = """{"channel":"clawmesh","to":"agent:pi","originGatewayId":"ui-client","commandDraft":{"operation":{"name":"intent:parse","params":{"text":"water zone 2","conversationId":"talk-1","requestId":"theirs"}}}}""";

    private static readonly string Token = new('7', 64);

    [Fact]
    [Trait("spec", "W-127")]
    public void A_page_sees_own_and_ingested_frames_once_and_an_unsubscribed_one_nothing() => Field.EachSeed(field =>
    {
        SimulatedNode a = Node(field);
        ClassicLink page = Page(field, a), other = Operator(field, a);
        SimulatedNode b = field.Node("b", "field", a);
        field.Until(() => b.IsConnected(a) && a.IsConnected(b), 5, "b is connected");
        string own = a.Observe(1), foreign = b.Observe(2, "zone-2");
        field.Run(1);
        Assert.Equal([own, foreign], page.Frames);
        Assert.Empty(other.Frames);
    });

    [Fact]
    [Trait("spec", "W-127")]
    [Trait("spec", "W-73")]
    public void A_peer_that_subscribes_gets_frames_twice_and_its_own_back_as_a_page_does() => Field.EachSeed(field =>
    {
        SimulatedNode a = Node(field);
        (ClassicStandIn classic, ClassicLink link) = field.ClassicDialler("classic", a);
        ClassicLink plain = field.ClassicDialler("plain", a).Link;
        Assert.Equal("OK", field.CodeOf(link, "chat.subscribe"));
        string own = a.Observe(1);
        field.Run(1);
        Assert.Equal([own, own], link.Frames);
        Assert.Equal([own], plain.Frames);
        link.Tell("context.frame", $$$"""{"kind":"observation","frameId":"f1","sourceDeviceId":"{{{classic.DeviceId.Value}}}","timestamp":1,"data":{"zone":"z","metric":"m","value":1},"trust":{"evidence_sources":["sensor"],"evidence_trust_tier":"T2_operational_observation"}}""");
        field.Run(1);
        Assert.Equal([own, own, "f1"], link.Frames);
        Assert.Equal([own, "f1"], plain.Frames);
    });

    [Fact]
    [Trait("spec", "W-125")]
    [Trait("spec", "W-126")]
    [Trait("spec", "X-71")]
    public void An_intent_of_a_peer_is_refused_and_an_operators_becomes_a_human_frame() => Field.EachSeed(field =>
    {
        SimulatedNode a = Node(field);
        ClassicLink peer = field.ClassicDialler("peer", a, PeerGrants.Default with { Approve = true, Command = ["actuator:*"] }).Link;
        Assert.Equal("NOT_AUTHORIZED", field.CodeOf(peer, "mesh.message.forward", Intent));
        Assert.Empty(a.Mesh.World.Log(10, null, null));

        ClassicLink page = Page(field, a);
        JsonElement answer = field.Ask(page, "mesh.message.forward", Intent);
        Assert.True(answer.GetProperty("payload").GetProperty("accepted").GetBoolean());
        field.Run(1);
        MeshFrame said = Assert.Single(a.Mesh.World.Log(10, null, null));
        Assert.Equal((FrameKinds.HumanInput, EvidenceTier.VerifiedActionEvidence), (said.Kind, said.Tier));
        JsonElement frame = JsonSerializer.Deserialize<JsonElement>(said.Utf8);
        Assert.Equal("Operator submitted intent", frame.GetProperty("note").GetString());
        Assert.Equal(("water zone 2", "talk-1"), (frame.GetProperty("data").GetProperty("intent").GetString(), frame.GetProperty("data").GetProperty("conversationId").GetString()));
        Assert.NotEqual("theirs", frame.GetProperty("data").GetProperty("requestId").GetString());
        Assert.Equal("human", Assert.Single(frame.GetProperty("trust").GetProperty("evidence_sources").EnumerateArray()).GetString());
        Assert.Contains(said.FrameId, peer.Frames);

        // Nobody plans here: the page is told, and the mesh is not.
        JsonElement told = page.Events("context.frame").Select(e => e.Payload).Single(p => p.GetProperty("kind").GetString() == FrameKinds.AgentResponse);
        Assert.Equal("error", told.GetProperty("data").GetProperty("status").GetString());
        Assert.False(told.TryGetProperty("gen", out _) || told.TryGetProperty("hops", out _));
        Assert.Single(peer.Frames);
    });

    [Fact]
    [Trait("spec", "W-125")]
    public void An_operators_intent_goes_on_to_the_planner_this_node_follows() => Field.EachSeed(field =>
    {
        (SimulatedNode a, ClassicStandIn planner) = WithPlanner(field);
        planner.Answers["mesh.message.forward"] = _ => """{"accepted":true}""";
        ClassicLink page = Page(field, a);
        Assert.Equal("OK", field.CodeOf(page, "mesh.message.forward", Intent));
        field.Run(1);
        JsonElement forward = planner.Links[0].Requests.Single(r => r.Name == "mesh.message.forward").Payload;
        Assert.Equal(("clawmesh", "agent:pi", a.DeviceId.Value), (forward.GetProperty("channel").GetString(), forward.GetProperty("to").GetString(), forward.GetProperty("originGatewayId").GetString()));
        JsonElement operation = forward.GetProperty("commandDraft").GetProperty("operation");
        Assert.Equal(("intent:parse", "water zone 2"), (operation.GetProperty("name").GetString(), operation.GetProperty("params").GetProperty("text").GetString()));
        Assert.DoesNotContain(page.Events("context.frame"), e => e.Payload.GetProperty("kind").GetString() == FrameKinds.AgentResponse);
    });

    [Fact]
    [Trait("spec", "W-118")]
    [Trait("spec", "W-148")]
    public void A_proposal_that_comes_twice_is_told_once_on_a_session_of_either_direction() => Field.EachSeed(field =>
    {
        (SimulatedNode a, ClassicStandIn planner) = WithPlanner(field);
        ClassicLink second = field.ClassicDialler("second", a, role: "standby-planner").Link;
        ClassicLink page = Page(field, a);
        foreach ((ClassicLink link, string task) in ((ClassicLink, string)[])[(planner.Links[0], "t1"), (second, "t2")])
        {
            for (int i = 0; i < 2; i++) link.Tell("planner.proposal", Proposal(task, "awaiting_approval"));
            for (int i = 0; i < 2; i++) link.Tell("planner.proposal.resolved", Proposal(task, "rejected"));
        }

        field.Run(1);
        Assert.Equal(["t1", "t2"], page.Events("planner.proposal").Select(e => e.Payload.GetProperty("taskId").GetString()).Order());
        Assert.Equal(["t1", "t2"], page.Events("planner.proposal.resolved").Select(e => e.Payload.GetProperty("taskId").GetString()).Order());
        Assert.Equal("Water zone 2", page.Events("planner.proposal")[0].Payload.GetProperty("summary").GetString());
        Assert.Equal(2, Field.EventsOf(a, EventTypes.ProposalCreated).Count);
        Assert.Equal(2, Field.EventsOf(a, EventTypes.ProposalResolved).Count);
        // Not gossiped: the planners hear nothing of each other.
        Assert.Empty(second.Events("planner.proposal"));
        Assert.Empty(planner.Links[0].Events("planner.proposal"));
    });

    [Fact]
    [Trait("spec", "W-124")]
    public void A_decision_without_a_planner_is_refused_and_with_a_leader_its_answer_is_relayed() => Field.EachSeed(field =>
    {
        SimulatedNode alone = Node(field, "alone");
        ClassicLink page = Operator(field, alone);
        Assert.Equal("INVALID_PARAMS", field.CodeOf(page, "chat.proposal.approve"));
        Assert.Equal("NO_PLANNER", field.CodeOf(page, "chat.proposal.approve", """{"taskId":"t1"}"""));
        Assert.Equal("NO_PLANNER", field.CodeOf(page, "chat.proposal.reject", """{"taskId":"t1"}"""));

        (SimulatedNode a, ClassicStandIn planner) = WithPlanner(field);
        page = Operator(field, a);
        planner.Answers["chat.proposal.approve"] = p => p.GetProperty("taskId").GetString() switch
        {
            "t1" => $$"""{"proposal":{{Proposal("t1", "approved")}}}""",
            "t2" => """!{"code":"NOT_FOUND","message":"no such proposal"}""",
            "t3" => """!{"message":"it broke"}""",
            _ => null,
        };
        JsonElement approved = field.Ask(page, "chat.proposal.approve", """{"taskId":"t1"}""");
        Assert.Equal("approved", approved.GetProperty("payload").GetProperty("proposal").GetProperty("status").GetString());
        Assert.Equal("NOT_FOUND", field.CodeOf(page, "chat.proposal.approve", """{"taskId":"t2"}"""));
        JsonElement broke = field.Ask(page, "chat.proposal.approve", """{"taskId":"t3"}""");
        Assert.Equal("REMOTE_PLANNER_ERROR", Field.Code(broke));
        Assert.Equal("REMOTE_PLANNER_ERROR: it broke", broke.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal("UNKNOWN_METHOD", field.CodeOf(page, "chat.proposal.reject", """{"taskId":"t1"}"""));

        string silent = page.Ask("chat.proposal.approve", """{"taskId":"t4"}""");
        field.Run(29);
        Assert.Null(page.ResultOf(silent));
        field.Run(2);
        Assert.Equal("TIMEOUT", Field.Code(page.ResultOf(silent)!.Value));
    });

    private static SimulatedNode Node(Field field, string name = "a", params string[] dials)
    {
        NodeId self = Field.Key(name).DeviceId;
        SimulatedNode node = field.Node(name, new SimulatedNodeOptions { Peers = [.. dials.Select(d => Field.PeerOf(d))], Operators = new OperatorAuthenticator(Convert.FromHexString(Token), self, field.Time) });
        foreach (string dial in dials) Field.Trust(node, dial);
        return node;
    }

    private static (SimulatedNode Node, ClassicStandIn Planner) WithPlanner(Field field)
    {
        var planner = new ClassicStandIn(field.Network, "planner", Field.Key("planner"), "planner");
        SimulatedNode a = Node(field, "a", "planner");
        field.Until(() => a.IsConnected(planner), 5, "the planner is connected");
        Assert.Equal(planner.DeviceId, a.Mesh.Leader.DeviceId);
        return (a, planner);
    }

    private static ClassicLink Operator(Field field, SimulatedNode node)
    {
        ClassicLink link = new ClassicStandIn(field.Network, $"page of {node.Name}", Field.Key("page")).Dial(node, handshake: false);
        Assert.Equal("OK", field.CodeOf(link, "operator.auth", $$"""{"token":"{{Token}}"}"""));
        return link;
    }

    private static ClassicLink Page(Field field, SimulatedNode node)
    {
        ClassicLink link = Operator(field, node);
        Assert.True(field.Ask(link, "chat.subscribe").GetProperty("payload").GetProperty("subscribed").GetBoolean());
        return link;
    }

    private static string Proposal(string task, string status) =>
        $$"""{"taskId":"{{task}}","summary":"Water zone 2","reasoning":"dry","targetRef":"actuator:valve:V1","operation":"open","peerDeviceId":"x","approvalLevel":"L2","status":"{{status}}","createdBy":"intelligence","triggerFrameIds":[],"createdAt":1}""";
}
