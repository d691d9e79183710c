using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh.Operators;
using ClawMesh.Edge.Mesh.Proposals;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>Proposals between nodes: who is told, who may decide, and where a decision goes. What a planner does with it is its own matter.</summary>
public class ProposalTests
{
    private static readonly string Token = new('7', 64);

    [Fact]
    [Trait("spec", "W-117")]
    [Trait("spec", "W-118")]
    [Trait("spec", "W-127")]
    public void A_planners_proposal_reaches_its_sessions_and_pages_and_goes_no_further() => Field.EachSeed(field =>
    {
        (SimulatedNode planner, _) = Planner(field);
        SimulatedNode node = field.Node("field", "field", planner), beyond = field.Node("beyond", "field", node);
        ClassicLink classic = field.ClassicDialler("classic", planner).Link, page = Page(field, planner), onward = Page(field, node);
        field.Until(() => node.IsConnected(planner) && node.IsConnected(beyond), 5, "all are connected");
        for (int i = 0; i < 2; i++) planner.Mesh.Proposals.Tell(created: true, w => Members(w, planner, "t1", "awaiting_approval"));
        planner.Mesh.Proposals.Tell(created: false, w => Members(w, planner, "t1", "approved"));
        field.Run(1);
        foreach (ClassicLink link in (ClassicLink[])[classic, page])
        {
            Assert.Equal(2, link.Events("planner.proposal").Count);
            Assert.Equal("approved", Assert.Single(link.Events("planner.proposal.resolved")).Payload.GetProperty("status").GetString());
            Assert.False(link.Events("planner.proposal")[0].Payload.TryGetProperty("gen", out _));
        }

        // A page of the node that heard it is told once, whatever came twice.
        Assert.Single(onward.Events("planner.proposal"));
        Assert.Equal("approved", Assert.Single(node.Mesh.Proposals.Heard.All).Status);
        Assert.Empty(beyond.Mesh.Proposals.Heard.All);
    });

    [Fact]
    [Trait("spec", "W-118")]
    public void Only_a_planner_speaks_for_its_own_proposals() => Field.EachSeed(field =>
    {
        SimulatedNode node = field.Node("field", "field");
        ClassicLink plain = field.ClassicDialler("plain", node).Link, one = field.ClassicDialler("one", node, role: "planner").Link, two = field.ClassicDialler("two", node, role: "standby-planner").Link;
        plain.Tell("planner.proposal", """{"taskId":"t1","status":"awaiting_approval"}""");
        one.Tell("planner.proposal", $$"""{"taskId":"t2","status":"awaiting_approval","plannerDeviceId":"{{Field.Key("two").DeviceId.Value}}"}""");
        one.Tell("planner.proposal", """{"taskId":"t3","status":"awaiting_approval"}""");
        two.Tell("planner.proposal.resolved", """{"taskId":"t3","status":"rejected"}""");
        field.Run(1);
        Assert.Equal(["t3:awaiting_approval:one", "t3:rejected:two"], node.Mesh.Proposals.Heard.All.Select(h => $"{h.TaskId}:{h.Status}:{(h.Planner == Field.Key("one").DeviceId ? "one" : "two")}").Order());
    }, seeds: 2);

    [Fact]
    [Trait("spec", "W-124")]
    [Trait("spec", "X-69")]
    public void A_decision_reaches_the_planner_with_who_made_it_and_a_confirmation_is_not_passed_on() => Field.EachSeed(field =>
    {
        (SimulatedNode planner, Scripted decides) = Planner(field);
        SimulatedNode node = field.Node("field", new SimulatedNodeOptions { Peers = [planner.AsPeer()], Operators = Operators(field, "field") });
        SimulatedNode.Befriend(node, planner);
        field.Until(() => node.Mesh.Leader.DeviceId == planner.DeviceId, 5, "the node follows the planner");
        ClassicLink person = Page(field, node);
        Assert.Equal("NOT_AUTHORIZED", field.CodeOf(person, "chat.proposal.approve", """{"taskId":"t1"}"""));
        planner.Trust.Set(planner.Trust.Entries[node.DeviceId.Value] with { Grants = PeerGrants.Default with { Approve = true } });

        // It used to arrive as a plain approval; somebody at another node's site is nobody at the output's.
        Assert.Equal("NOT_AUTHORIZED", field.CodeOf(person, "chat.proposal.approve", """{"taskId":"t1","confirm":true}"""));
        Assert.Empty(decides.Asked);
        JsonElement answer = field.Ask(person, "chat.proposal.approve", """{"taskId":"t1"}""");
        Assert.Equal("t1", answer.GetProperty("payload").GetProperty("proposal").GetProperty("taskId").GetString());
        Assert.Equal("OK", field.CodeOf(person, "chat.proposal.reject", """{"taskId":"t1","reason":"rain"}"""));
        Assert.Equal("NOT_FOUND", field.CodeOf(person, "chat.proposal.approve", """{"taskId":"t2"}"""));
        Assert.Equal("INVALID_PARAMS", field.CodeOf(person, "chat.proposal.approve", """{"taskId":7}"""));
        string from = node.DeviceId.Abbreviated;
        Assert.Equal([$"Approve t1 Peer {from} ", $"Reject t1 Peer {from} rain", $"Approve t2 Peer {from} "], decides.Asked);

        // At the planner's own port it is a person's.
        ClassicLink there = Page(field, planner);
        Assert.Equal("OK", field.CodeOf(there, "chat.proposal.approve", """{"taskId":"t1"}"""));
        Assert.Equal("Approve t1 Operator operator:token ", decides.Asked[^1]);
    });

    [Fact]
    [Trait("spec", "W-118")]
    public void Who_connects_later_hears_what_is_open_unless_it_is_a_classic_node() => Field.EachSeed(field =>
    {
        (SimulatedNode planner, Scripted decides) = Planner(field);
        decides.Open = [w => Members(w, planner, "t1", "awaiting_approval")];
        SimulatedNode node = field.Node("late", "field", planner);
        ClassicLink classic = field.ClassicDialler("classic", planner).Link;
        field.Until(() => node.Mesh.Proposals.Heard.Find("t1") is not null, 5, "the late node hears it");
        field.Run(1);
        Assert.Empty(classic.Events("planner.proposal"));
    });

    [Fact]
    [Trait("spec", "W-125")]
    public void A_planner_without_a_language_model_says_so_to_the_page() => Field.EachSeed(field =>
    {
        (SimulatedNode planner, _) = Planner(field);
        ClassicLink page = Page(field, planner);
        Assert.Equal("OK", field.CodeOf(page, "mesh.message.forward", """{"channel":"clawmesh","to":"agent:pi","commandDraft":{"operation":{"name":"intent:parse","params":{"text":"water"}}}}"""));
        field.Run(1);
        Assert.Contains(page.Events("context.frame"), e => e.Payload.GetProperty("data").TryGetProperty("message", out JsonElement m) && m.GetString()!.Contains("no language model", StringComparison.Ordinal));
    }, seeds: 2);

    private static (SimulatedNode Node, Scripted Planner) Planner(Field field)
    {
        SimulatedNode node = field.Node("planner", new SimulatedNodeOptions { Role = "planner", Operators = Operators(field, "planner") });
        var planner = new Scripted(node);
        node.Mesh.Proposals.Planner = planner;
        return (node, planner);
    }

    private static OperatorAuthenticator Operators(Field field, string name) => new(Convert.FromHexString(Token), Field.Key(name).DeviceId, field.Time);

    private static ClassicLink Page(Field field, SimulatedNode node)
    {
        ClassicLink link = new ClassicStandIn(field.Network, $"page of {node.Name}", Field.Key($"page of {node.Name}")).Dial(node, handshake: false);
        if (node.Options.Operators is null) return Peer(field, node);
        Assert.Equal("OK", field.CodeOf(link, "operator.auth", $$"""{"token":"{{Token}}"}"""));
        Assert.Equal("OK", field.CodeOf(link, "chat.subscribe"));
        return link;
    }

    private static ClassicLink Peer(Field field, SimulatedNode node)
    {
        ClassicLink link = field.ClassicDialler($"reader of {node.Name}", node).Link;
        Assert.Equal("OK", field.CodeOf(link, "chat.subscribe"));
        return link;
    }

    private static void Members(Utf8JsonWriter w, SimulatedNode planner, string task, string status)
    {
        w.WriteString("taskId", task);
        w.WriteString("summary", "Water zone 1");
        w.WriteString("plannerDeviceId", planner.DeviceId.Value);
        w.WriteString("approvalLevel", "L2");
        w.WriteString("status", status);
    }

    /// <summary>Knows one proposal, t1, and writes down who decided.</summary>
    private sealed class Scripted(SimulatedNode node) : ILocalPlanner
    {
        public List<string> Asked { get; } = [];

        public IReadOnlyList<Action<Utf8JsonWriter>> Open { get; set; } = [];

        public Task<Action<Utf8JsonWriter>> DecideAsync(ProposalDecision decision, string taskId, RpcCaller caller, string? reason, CancellationToken cancellationToken)
        {
            Asked.Add($"{decision} {taskId} {caller.Tier} {caller.Name} {reason}");
            if (taskId != "t1") throw new RpcRefusalException(PlannerErrorCodes.NotFound, "no such proposal");
            return Task.FromResult<Action<Utf8JsonWriter>>(w =>
            {
                w.WriteStartObject();
                Members(w, node, taskId, "approved");
                w.WriteEndObject();
            });
        }
    }
}
