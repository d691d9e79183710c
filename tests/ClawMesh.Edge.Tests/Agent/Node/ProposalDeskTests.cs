using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Mesh;
using ClawMesh.Edge.Tests.World.Planner;
using ClawMesh.Edge.Trust;
using ClawMesh.Edge.World.Planner;

namespace ClawMesh.Edge.Tests.Agent.Node;

/// <summary>
/// From a proposal on a planner node over the wire to a field node's gate and valve, and back. Long on purpose: one farm of two nodes, and
/// every way a proposal can go on it.
/// </summary>
public sealed class ProposalDeskTests
{
    [Fact]
    [Trait("spec", "W-117")]
    [Trait("spec", "W-123")]
    [Trait("spec", "W-124")]
    public async Task A_field_operators_approval_goes_to_the_planner_and_its_command_through_the_fields_own_gate()
    {
        await using var field = new ProposalField();
        Proposal offered = field.Offer();
        Assert.Equal(field.Field.DeviceId.Value, offered.ExecutorDeviceId);
        field.Run(1);
        Assert.Equal(("awaiting_approval", "L2"), (field.Field.Mesh.Proposals.Heard.Find(offered.TaskId)!.Status, field.Field.Mesh.Proposals.Heard.Find(offered.TaskId)!.Level));

        JsonElement answer = field.Chat(field.Field, ProposalField.Anna, "approve", offered.TaskId);

        Assert.Equal("OK", ProposalField.Code(answer));
        field.Run(1);
        Assert.Equal(1, field.Opened);
        string peer = $"peer:{field.Field.DeviceId.Abbreviated}";
        Assert.Equal((ProposalStatus.Completed, peer, "done"), (field.Now(offered).Status, field.Now(offered).ResolvedBy, field.Now(offered).Result!.Outcome));
        Assert.Equal("completed", field.Field.Mesh.Proposals.Heard.Find(offered.TaskId)!.Status);
        JsonElement forward = field.Forwarded();
        Assert.Equal(
            $$"""{"action_type":"actuation","evidence_trust_tier":"T3_verified_action_evidence","minimum_trust_tier":"T2_operational_observation","verification_required":"human","verification_satisfied":true,"evidence_sources":["sensor","human"],"approved_by":["{{peer}}"]}""",
            forward.GetProperty("trust").GetRawText());
        Assert.Equal(600, forward.GetProperty("command").GetProperty("operation").GetProperty("params").GetProperty("durationSec").GetInt32());
        Assert.Equal([$"proposal-approve {peer}"], field.Journal);
        Assert.Equal(["awaiting_approval"], field.Told("planner.proposal").Select(p => p.Text("status")));
        Assert.Equal(["approved", "completed"], field.Told("planner.proposal.resolved").Select(p => p.Text("status")));
    }

    [Fact]
    [Trait("spec", "W-122")]
    [Trait("spec", "W-123")]
    [Trait("spec", "W-120")]
    public async Task A_proposal_is_a_models_word_and_its_report_says_what_is_known()
    {
        await using var field = new ProposalField();
        Proposal offered = field.Offer();
        field.Run(1);
        JsonElement said = Frame(field, FrameKinds.Inference);
        Assert.Equal("""{"evidence_sources":["llm"],"evidence_trust_tier":"T0_planning_inference"}""", said.GetProperty("trust").GetRawText());
        Assert.Equal(
            ["proposalId", "plannerDeviceId", "plannerRole", "summary", "targetRef", "operation", "approvalLevel", "status"], said.GetProperty("data").EnumerateObject().Select(m => m.Name));

        field.Decide(field.Planner, ProposalField.Anna, "approve", offered.TaskId);
        field.Run(1);

        JsonElement report = Frame(field, FrameKinds.Event);
        Assert.Equal(("success", "Executed: Water V1 for 10 min"), (report.GetProperty("data").Text("result"), report.Text("note")));
        // The planner's node has it from the peer; the verified result is the field node's to state.
        Assert.Equal("""{"evidence_sources":["device"],"evidence_trust_tier":"T2_operational_observation"}""", report.GetProperty("trust").GetRawText());
    }

    [Fact]
    [Trait("spec", "W-105")]
    [Trait("spec", "W-119")]
    public async Task Without_a_grant_for_the_output_the_field_refuses_whatever_was_approved()
    {
        await using var field = new ProposalField(plannerAtField: PeerGrants.Default with { Approve = true });
        Proposal offered = field.Offer();

        JsonElement answer = field.Decide(field.Planner, ProposalField.Anna, "approve", offered.TaskId);

        Assert.Equal("failed", ProposalField.Status(answer));
        Assert.Equal((GateCodes.NotAuthorized, "refused"), (field.Now(offered).Result!.Code, field.Now(offered).Result!.Outcome));
        Assert.Equal(0, field.Opened);
        field.Run(1);
        Assert.Equal("failed", Frame(field, FrameKinds.Event).GetProperty("data").Text("result"));
    }

    [Fact]
    [Trait("spec", "X-69")]
    [Trait("spec", "X-11")]
    public async Task A_field_without_the_grant_to_approve_decides_nothing_and_is_told_so()
    {
        await using var field = new ProposalField(fieldAtPlanner: PeerGrants.Default);
        Proposal offered = field.Offer();
        field.Run(1);

        Assert.Equal(GateCodes.NotAuthorized, ProposalField.Code(field.Chat(field.Field, ProposalField.Anna, "approve", offered.TaskId)));
        Assert.Equal(GateCodes.NotAuthorized, ProposalField.Code(field.Decide(field.Field, ProposalField.Anna, "reject", offered.TaskId)));
        Assert.Equal(ProposalStatus.AwaitingApproval, field.Now(offered).Status);
    }

    [Fact]
    [Trait("spec", "W-123")]
    public async Task An_automatic_one_waters_by_the_fields_leave_and_not_where_its_site_asks_for_a_person()
    {
        await using (var field = new ProposalField(goals: [Drafts.Goal()]))
        {
            Proposal offered = field.Offer(ApprovalLevel.L1);
            field.Run(1);
            Assert.Equal((ProposalStatus.Completed, 1), (field.Now(offered).Status, field.Opened));
            Assert.Equal("""["sensor"]""", field.Forwarded().GetProperty("trust").GetProperty("evidence_sources").GetRawText());
            Assert.Equal("none", field.Forwarded().GetProperty("trust").Text("verification_required"));
            Assert.Empty(field.Journal);
        }

        PeerGrants all = PeerGrants.Default with { Command = [Drafts.Valve], Approve = true };
        await using (var strict = new ProposalField(PermitDesk.OpenPolicy(PermitDesk.Valve) with { RequiresApproval = true }, [Drafts.Goal()], plannerAtField: all))
        {
            Proposal offered = strict.Offer(ApprovalLevel.L1);
            strict.Run(1);
            Assert.Equal((GateCodes.LocalApprovalRequired, 0), (strict.Now(offered).Result!.Code, strict.Opened));
        }

        // A person's approval is what it asks for, where the planner's word about it counts.
        await using (var strict = new ProposalField(PermitDesk.OpenPolicy(PermitDesk.Valve) with { RequiresApproval = true }, plannerAtField: all))
        {
            strict.Decide(strict.Planner, ProposalField.Anna, "approve", strict.Offer().TaskId);
            Assert.Equal(1, strict.Opened);
        }
    }

    [Fact]
    [Trait("spec", "X-71")]
    public async Task The_strongest_level_is_confirmed_at_the_outputs_own_node_only()
    {
        await using var field = new ProposalField();
        Proposal offered = field.Offer(ApprovalLevel.L3);
        field.Run(1);
        Assert.Equal("approved", ProposalField.Status(field.Decide(field.Planner, ProposalField.Anna, "approve", offered.TaskId)));
        Assert.Equal(0, field.Opened);

        // Not on the planner's node, not by token, not over the mesh, not by approving once more.
        Assert.Equal(GateCodes.NotAuthorized, ProposalField.Code(field.Decide(field.Planner, ProposalField.Anna, "confirm", offered.TaskId)));
        Assert.Equal(GateCodes.NotAuthorized, ProposalField.Code(field.Decide(field.Field, ProposalField.Remote, "confirm", offered.TaskId)));
        Assert.Equal(GateCodes.NotAuthorized, ProposalField.Code(field.Chat(field.Field, ProposalField.Anna, "approve", offered.TaskId, ""","confirm":true""")));
        var other = new RpcCaller(RpcTier.Peer, "other") { Device = new NodeId(new string('d', 64)), Grants = PeerGrants.Default with { Approve = true } };
        Assert.Equal(GateCodes.NotAuthorized, ProposalField.Code(field.Chat(field.Planner, other, "approve", offered.TaskId, ""","confirm":true""")));
        Assert.Equal(0, field.Opened);

        JsonElement confirmed = field.Decide(field.Field, ProposalField.Anna, "confirm", offered.TaskId);

        Assert.Equal("completed", ProposalField.Status(confirmed));
        Assert.Equal(1, field.Opened);
        Assert.Equal($"""["operator:anna","peer:{field.Field.DeviceId.Abbreviated}"]""", field.Forwarded().GetProperty("trust").GetProperty("approved_by").GetRawText());
    }

    [Fact]
    public async Task The_strongest_level_of_an_own_output_is_confirmed_on_the_local_socket()
    {
        await using var field = new ProposalField();
        Proposal offered = field.Offer(ApprovalLevel.L3, "actuator:valve:V9", minutes: 1);
        field.Decide(field.Planner, ProposalField.Remote, "approve", offered.TaskId);
        Assert.Equal(GateCodes.NotAuthorized, ProposalField.Code(field.Decide(field.Planner, ProposalField.Remote, "confirm", offered.TaskId)));
        Assert.Empty(field.Own.Actuator.Writes);

        Assert.Equal("completed", ProposalField.Status(field.Decide(field.Planner, ProposalField.Anna, "confirm", offered.TaskId)));
        Assert.NotEmpty(field.Own.Actuator.Writes);
    }

    [Fact]
    [Trait("spec", "X-71")]
    public async Task A_node_without_a_planner_passes_no_confirmation_on_neither_as_such_nor_as_an_approval()
    {
        await using var field = new ProposalField();
        Proposal offered = field.Offer(ApprovalLevel.L3);
        field.Run(1);

        JsonElement refused = field.Chat(field.Field, ProposalField.Anna, "approve", offered.TaskId, ""","confirm":true""");

        Assert.Equal(GateCodes.NotAuthorized, ProposalField.Code(refused));
        Assert.Equal(ProposalStatus.AwaitingApproval, field.Now(offered).Status);

        // What is no confirmation is passed on as before.
        Assert.Equal("OK", ProposalField.Code(field.Chat(field.Field, ProposalField.Anna, "approve", offered.TaskId, ""","confirm":false""")));
        Assert.Equal(ProposalStatus.Approved, field.Now(offered).Status);
    }

    [Fact]
    [Trait("spec", "X-40")]
    public async Task A_peer_that_is_still_at_it_is_asked_again_for_the_same_command()
    {
        await using var field = new ProposalField();
        var slow = new TaskCompletionSource<DriveResult>();
        field.Output.Actuator.Effect = _ => slow.Task;
        Proposal offered = field.Offer();
        field.Chat(field.Planner, ProposalField.Anna, "approve", offered.TaskId);
        field.Run(4);
        Assert.Equal(ProposalStatus.Executing, field.Now(offered).Status);

        slow.SetResult(DriveResult.Unconfirmed("no flow was seen"));
        field.Run(12);

        Assert.Equal((ProposalStatus.Failed, GateCodes.NoConfirmation, "effect_unconfirmed"), (field.Now(offered).Status, field.Now(offered).Result!.Code, field.Now(offered).Result!.Outcome));
        Assert.Equal(1, field.Opened);
        Assert.Single(field.Forwards().Select(f => f.GetProperty("command").Text("commandId")).Distinct());
    }

    [Fact]
    [Trait("spec", "X-80")]
    public async Task A_peer_that_left_between_proposal_and_approval_gets_no_command_later()
    {
        await using var field = new ProposalField();
        Proposal offered = field.Offer();
        field.Network.Cut(field.Planner, field.Field);
        field.Run(20);

        Assert.Equal("failed", ProposalField.Status(field.Decide(field.Planner, ProposalField.Anna, "approve", offered.TaskId)));
        Assert.Equal("NOT_CONNECTED", field.Now(offered).Result!.Code);
        field.Network.Mend(field.Planner, field.Field);
        field.Run(60);
        Assert.Equal(0, field.Opened);
        Assert.Null(field.Desk.Offer(Drafts.Water(field.Output.Time, target: "actuator:pump:nobody")));
    }

    [Fact]
    public async Task The_effect_is_compared_with_the_forecast_and_recorded()
    {
        await using var field = new ProposalField(rate: 60);
        Proposal offered = field.Offer(expectation: new Expectation("forecast-1", 21, 60, 20, 30, 28, 33));
        field.Decide(field.Planner, ProposalField.Anna, "approve", offered.TaskId);
        Assert.Equal(10, field.Forwarded().GetProperty("command").GetProperty("operation").GetProperty("params").GetProperty("durationSec").GetInt32());
        field.Measured = 27.4;

        field.Run(61);

        Assert.Equal((27.4, false), (field.Now(offered).Comparison!.MeasuredPercent, field.Now(offered).Comparison!.Inside));
        EdgeEvent recorded = Assert.Single(field.Planner.Events.Newest(50, e => e.Type == EventTypes.ProposalCompared));
        Assert.Contains("27.4 % measured in V1 where 30.0 % were expected (28.0 to 33.0 %): outside", recorded.Message, StringComparison.Ordinal);
        Assert.Equal(offered.TaskId, recorded.Data!["taskId"]);
    }

    [Fact]
    [Trait("spec", "W-114")]
    [Trait("spec", "W-119")]
    [Trait("spec", "W-124")]
    public async Task A_planner_that_no_longer_leads_keeps_its_proposals_and_makes_no_new_ones()
    {
        await using var field = new ProposalField(role: "standby-planner", leaderToCome: true);
        Proposal offered = field.Offer();
        field.Run(1);
        var leader = new ClassicStandIn(field.Network, "leader", ProposalField.Key("leader"), "planner");
        leader.Answers["chat.proposal.approve"] = _ => """!{"code":"NOT_FOUND","message":"no such proposal"}""";
        field.Until(() => field.Planner.Mesh.Leader.DeviceId == leader.DeviceId && field.Field.Mesh.Leader.DeviceId == leader.DeviceId, "the leader leads", 60);
        Assert.Contains($"{leader.DeviceId.Abbreviated}… leads", field.Desk.PausedBecause, StringComparison.Ordinal);
        Assert.Null(field.Desk.Offer(Drafts.Water(field.Output.Time, operation: "close", minutes: 0)));

        // The wire asks the leader, which does not know it; the answer says who does.
        JsonElement asked = field.Chat(field.Field, ProposalField.Anna, "approve", offered.TaskId);
        Assert.Equal("NOT_FOUND", ProposalField.Code(asked));
        Assert.Contains($"it belongs to the planner {field.Planner.DeviceId.Abbreviated}…, which is connected and does not lead", asked.GetProperty("error").Text("message"), StringComparison.Ordinal);
        Assert.Equal(ProposalStatus.AwaitingApproval, field.Now(offered).Status);
        JsonElement runtime = JsonMembers.Element(w =>
        {
            w.WriteStartObject();
            var views = new ProposalViews(field.Planner.Mesh, field.Output.Time);
            views.Runtime(w);
            views.Pending(w);
            w.WriteEndObject();
        });
        Assert.Equal("observing", runtime.GetProperty("plannerRuntime").Text("mode"));
        Assert.Equal($"standby-planner:{field.Planner.DeviceId.Abbreviated}…", Assert.Single(runtime.Items("pendingProposals")).Text("plannerOwner"));

        // Our own verb goes to the owner.
        Assert.Equal("completed", ProposalField.Status(field.Decide(field.Field, ProposalField.Anna, "approve", offered.TaskId[..6])));
        Assert.Equal(1, field.Opened);
    }

    [Fact]
    [Trait("spec", "W-134")]
    [Trait("spec", "W-135")]
    public async Task Status_shows_what_waits_in_the_shape_of_the_wire_and_nothing_without_a_planner()
    {
        await using var field = new ProposalField();
        Proposal offered = field.Offer();
        field.Offer(ApprovalLevel.L0, operation: "close", minutes: 0);
        field.Run(1);
        JsonElement own = Shown(field.Planner);
        Assert.Equal(
            $$"""[{"taskId":"{{offered.TaskId[..8]}}...","summary":"Water V1 for 10 min","approvalLevel":"L2","status":"awaiting_approval","plannerDeviceId":"{{field.Planner.DeviceId.Value}}","plannerRole":"planner","plannerOwner":"planner:{{field.Planner.DeviceId.Abbreviated}}\u2026"}]""",
            own.GetProperty("pendingProposals").GetRawText());
        JsonElement runtime = own.GetProperty("plannerRuntime");
        Assert.Equal(["mode", "stage", "running", "queueDepth", "queue", "updatedAtMs"], runtime.EnumerateObject().Select(m => m.Name));
        Assert.Equal(["operatorIntent", "thresholdBreach", "proactiveCheck"], runtime.GetProperty("queue").EnumerateObject().Select(m => m.Name));
        Assert.Equal(("active", "idle"), (runtime.Text("mode"), runtime.Text("stage")));
        field.Desk.Runtime.Become(thinking: true, "zone V1");
        Assert.Equal(("thinking", "zone V1", true), (Shown(field.Planner).GetProperty("plannerRuntime").Text("stage"), Shown(field.Planner).GetProperty("plannerRuntime").Text("activeReason"), Shown(field.Planner).GetProperty("plannerRuntime").Flag("running")));

        JsonElement other = Shown(field.Field);
        Assert.Equal("[]", other.GetProperty("pendingProposals").GetRawText());
        Assert.False(other.TryGetProperty("plannerRuntime", out _));
        Assert.Equal([offered.TaskId], other.Items("heardProposals").Where(h => h.Text("approvalLevel") == "L2").Select(h => h.Text("taskId")));

        JsonElement Shown(SimulatedNode node) => JsonMembers.Element(w =>
        {
            var views = new ProposalViews(node.Mesh, field.Output.Time);
            w.WriteStartObject();
            views.Runtime(w);
            views.Pending(w);
            views.Heard(w);
            w.WriteEndObject();
        });
    }

    [Fact]
    [Trait("spec", "W-139")]
    [Trait("spec", "W-140")]
    public async Task Events_and_traces_follow_a_proposal_from_the_reading_it_rests_on()
    {
        await using var field = new ProposalField();
        string frame = field.Field.Observe(19.5, "V1");
        field.Until(() => field.Planner.Knows(frame), "the planner knows the reading");
        Proposal offered = field.Offer(frameId: frame);
        field.Decide(field.Planner, ProposalField.Anna, "approve", offered.TaskId);

        JsonElement chain = field.Ask(field.Planner, ProposalField.Anna, "mesh.trace", $$"""{"frameId":"{{frame}}"}""").GetProperty("payload");
        Assert.Equal(
            ["sensor.ingest", "proposal.created", "proposal.approved", "proposal.completed"], chain.GetProperty("chain").Items("steps").Select(s => s.Text("stage")));
        Assert.Contains("\n2. [proposal.created] +", chain.Text("formatted"), StringComparison.Ordinal);
        Assert.Equal(1, field.Ask(field.Planner, ProposalField.Anna, "mesh.trace", """{"stage":"proposal.completed"}""").GetProperty("payload").Number("total"));
        foreach (SimulatedNode node in (SimulatedNode[])[field.Planner, field.Field])
        {
            Assert.Single(node.Events.Newest(50, e => e.Type == EventTypes.ProposalCreated));
            Assert.Equal(2, node.Events.Newest(50, e => e.Type == EventTypes.ProposalResolved).Count);
        }
    }

    [Fact]
    [Trait("spec", "W-124")]
    [Trait("spec", "W-118")]
    public async Task Each_no_has_its_code_and_a_node_that_connects_later_hears_what_is_open()
    {
        await using var field = new ProposalField();
        Proposal offered = field.Offer();
        Assert.Equal(GateCodes.InvalidParams, ProposalField.Code(field.Ask(field.Planner, ProposalField.Anna, "chat.proposal.approve")));
        Assert.Equal("NOT_FOUND", ProposalField.Code(field.Chat(field.Planner, ProposalField.Anna, "approve", "00000000-0000-4000-8000-000000000001")));
        // The wire takes whole ids.
        Assert.Equal("NOT_FOUND", ProposalField.Code(field.Chat(field.Planner, ProposalField.Anna, "approve", offered.TaskId[..8])));
        Assert.Equal("rejected", ProposalField.Status(field.Chat(field.Planner, ProposalField.Anna, "reject", offered.TaskId)));
        Assert.Equal("NOT_FOUND", ProposalField.Code(field.Chat(field.Planner, ProposalField.Anna, "reject", offered.TaskId)));
        JsonElement again = field.Decide(field.Planner, ProposalField.Anna, "approve", offered.TaskId);
        Assert.Equal("NOT_FOUND", ProposalField.Code(again));
        Assert.Contains("rejected by operator:anna", again.GetProperty("error").Text("why"), StringComparison.Ordinal);

        Proposal open = field.Offer(operation: "close", minutes: 0);
        NodeId late = ProposalField.Key("late").DeviceId;
        var node = new SimulatedNode(field.Network, "late", ProposalField.Key("late"), new ClawMesh.Edge.Hardware.Identity.Ed25519Verifier(), new SimulatedNodeOptions { Peers = [field.Planner.AsPeer()] });
        SimulatedNode.Befriend(node, field.Planner);
        field.Until(() => node.Mesh.Proposals.Heard.Find(open.TaskId) is not null, "the late node hears it");
        Assert.Null(node.Mesh.Proposals.Heard.Find(offered.TaskId));
    }

    [Fact]
    [Trait("spec", "X-69")]
    public async Task Deciding_is_for_operators_and_looking_for_readers()
    {
        await using var field = new ProposalField();
        Proposal offered = field.Offer();
        string request = $$"""{"taskId":"{{offered.TaskId}}","decision":"approve"}""";
        var peer = new RpcCaller(RpcTier.Peer, "peer") { Device = field.Field.DeviceId, Grants = PeerGrants.Default with { Approve = true, Command = ["actuator:*"] } };
        foreach (RpcCaller caller in (RpcCaller[])[new(RpcTier.Stranger, "s"), new(RpcTier.Loopback, "l"), peer]) Assert.Equal(GateCodes.NotAuthorized, ProposalField.Code(field.Ask(field.Planner, caller, "edge.approve", request)));
        foreach (RpcCaller caller in (RpcCaller[])[new(RpcTier.Stranger, "s"), new(RpcTier.Loopback, "l"), peer with { Grants = PeerGrants.Default }])
            Assert.Equal(GateCodes.NotAuthorized, ProposalField.Code(field.Ask(field.Planner, caller, "chat.proposal.approve", request)));
        Assert.Equal(ProposalStatus.AwaitingApproval, field.Now(offered).Status);

        Assert.Equal("OK", ProposalField.Code(field.Ask(field.Planner, peer with { Grants = PeerGrants.Default }, "edge.proposals")));
        Assert.Equal(GateCodes.NotAuthorized, ProposalField.Code(field.Ask(field.Planner, new RpcCaller(RpcTier.Stranger, "s"), "edge.proposals")));
        Assert.Equal("OK", ProposalField.Code(field.Chat(field.Planner, peer, "approve", offered.TaskId)));
    }

    [Fact]
    public async Task The_first_digits_name_a_proposal_when_no_other_begins_so()
    {
        await using var field = new ProposalField();
        Proposal offered = field.Offer();
        field.Run(1);
        Assert.Equal(GateCodes.InvalidParams, ProposalField.Code(field.Decide(field.Field, ProposalField.Anna, "approve", offered.TaskId[..5])));
        Assert.Equal("NOT_FOUND", ProposalField.Code(field.Decide(field.Planner, ProposalField.Anna, "approve", "zzzzzz")));
        Assert.Equal(GateCodes.InvalidParams, ProposalField.Code(field.Ask(field.Field, ProposalField.Anna, "edge.approve", $$"""{"taskId":"{{offered.TaskId}}","decision":"maybe"}""")));
        // As `status` shows it.
        Assert.Equal("rejected", ProposalField.Status(field.Decide(field.Field, ProposalField.Anna, "reject", offered.TaskId[..8].ToUpperInvariant() + "...")));
        Assert.Equal("because", field.Now(offered).Result!.Error);

        JsonElement all = field.Ask(field.Field, ProposalField.Anna, "edge.proposals", """{"all":true}""").GetProperty("payload");
        JsonElement item = Assert.Single(all.Items("proposals"));
        Assert.Equal((false, true, true, "rejected"), (item.Flag("own"), item.Flag("connected"), item.Flag("leads"), item.Member("proposal").Text("status")));
        Assert.Empty(field.Ask(field.Field, ProposalField.Anna, "edge.proposals").GetProperty("payload").Items("proposals"));
    }

    private static JsonElement Frame(ProposalField field, string kind)
    {
        MeshFrame frame = Assert.Single(field.Field.Mesh.World.Log(50, kind, field.Planner.DeviceId.Value));
        return JsonDocument.Parse(frame.Utf8).RootElement;
    }
}
