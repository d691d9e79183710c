using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Planner.Book;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Planner;

/// <summary>What an approved proposal claims, and that a model alone never moves anything.</summary>
public sealed class ProposalCommandTests
{
    private readonly ManualTime _time = new();

    [Fact]
    [Trait("spec", "W-123")]
    public void A_persons_approval_makes_the_block_of_the_wire()
    {
        CommandEnvelope command = ProposalCommand.Of(Proposal(ApprovalLevel.L2), ProposalApproval.ByPerson(BookBench.Anna, [Drafts.Evidence(_time)]), "cmd-1", 1)!;

        Assert.Equal(
            """{"action_type":"actuation","evidence_trust_tier":"T3_verified_action_evidence","minimum_trust_tier":"T2_operational_observation","verification_required":"human","verification_satisfied":true,"evidence_sources":["sensor","human"],"approved_by":["operator:anna"]}""",
            command.Raw.GetProperty("trust").GetRawText());
        Assert.Equal(("open", Drafts.Valve, "planner", new string('a', 64)), (command.OperationName, command.TargetRef, command.SourceRole, command.SourceNodeId));
    }

    [Fact]
    [Trait("spec", "W-123")]
    [Trait("spec", "W-102")]
    public void A_standing_approval_claims_sensors_and_no_verification()
    {
        ProposalApproval approval = ProposalApproval.ByPolicy("goals.json/V1", [Drafts.Evidence(_time), Drafts.Evidence(_time, "frame-2", "device")], _time)!;

        CommandEnvelope command = ProposalCommand.Of(Proposal(ApprovalLevel.L1), approval, "cmd-1", 1)!;

        Assert.Equal(
            """{"action_type":"actuation","evidence_trust_tier":"T2_operational_observation","minimum_trust_tier":"T2_operational_observation","verification_required":"none","evidence_sources":["sensor","device"],"approved_by":["policy:goals.json/V1"]}""",
            command.Raw.GetProperty("trust").GetRawText());
    }

    [Fact]
    public void An_approval_of_a_lower_kind_than_the_level_asks_for_makes_no_command()
    {
        SensorEvidence[] evidence = [Drafts.Evidence(_time)];
        ProposalApproval policy = ProposalApproval.ByPolicy("p", evidence, _time)!, person = ProposalApproval.ByPerson(BookBench.Anna, evidence), both = ProposalApproval.ByPerson(BookBench.Anna, evidence, Approver.Peer("0123456789ab"));
        Assert.Equal("----", Made(ApprovalLevel.L0, policy) + Made(ApprovalLevel.L0, both) + Made(ApprovalLevel.L2, policy) + Made(ApprovalLevel.L3, person));
        Assert.Equal("yyyy", Made(ApprovalLevel.L1, policy) + Made(ApprovalLevel.L1, person) + Made(ApprovalLevel.L2, person) + Made(ApprovalLevel.L3, both));
        Assert.Equal(["operator:anna", "peer:0123456789ab"], ProposalCommand.Of(Proposal(ApprovalLevel.L3), both, "c", 1)!.Trust.ApprovedBy);

        string Made(ApprovalLevel level, ProposalApproval approval) => ProposalCommand.Of(Proposal(level), approval, "c", 1) is null ? "-" : "y";
    }

    [Fact]
    public void No_statement_is_evidence_unless_a_sensor_made_it_lately()
    {
        Assert.Null(ProposalApproval.ByPolicy("p", [], _time));
        SensorEvidence evidence = Drafts.Evidence(_time);
        _time.Advance(TimeSpan.FromSeconds(90));
        Assert.NotNull(ProposalApproval.ByPolicy("p", [evidence], _time));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(ProposalApproval.ByPolicy("p", [evidence], _time));
        Assert.Same(Assert.Single(ProposalApproval.ByPolicy("p", [evidence, Drafts.Evidence(_time, "frame-2")], _time)!.Evidence).Property.FrameId, "frame-2");
    }

    // Whatever a planner strings together out of whatever a twin may hold: no command rests on a model, and none on nothing.
    [Fact]
    [Trait("spec", "W-97")]
    [Trait("spec", "W-103")]
    public async Task No_command_of_any_proposal_rests_on_a_model_or_on_nothing_and_the_gate_would_refuse_one()
    {
        await using var desk = new PermitDesk();
        var random = new Random(20261121);
        string[] words = ["llm", "mixed", "sensor", "device", "human", "", "LLM", "forecast"];
        int made = 0, none = 0;
        for (int round = 0; round < 4_000; round++)
        {
            var evidence = new List<SensorEvidence>();
            for (int n = random.Next(4); n > 0; n--)
            {
                string[] sources = [.. Enumerable.Range(0, random.Next(4)).Select(_ => words[random.Next(words.Length)])];
                TwinProperty property = Drafts.Property(
                    _time, $"f-{n}", random.Next(5) == 0 ? double.NaN : 21, (EvidenceTier)random.Next(4), random.Next(2) == 0, (Freshness)random.Next(4), sources);
                if (SensorEvidence.From(property, outputsAreReal: random.Next(2) == 0) is { } piece) evidence.Add(piece);
            }

            ApprovalLevel level = (ApprovalLevel)random.Next(4);
            ProposalApproval? approval = random.Next(3) switch
            {
                0 => ProposalApproval.ByPolicy("p", evidence, _time),
                1 => ProposalApproval.ByPerson(BookBench.Anna, evidence),
                _ => ProposalApproval.ByPerson(Approver.Peer("0123456789ab"), evidence, BookBench.Anna),
            };
            if (approval is null || ProposalCommand.Of(Proposal(level), approval, $"c-{round}", 1) is not { } command)
            {
                none++;
                continue;
            }

            made++;
            IReadOnlyList<string> named = command.Trust.EvidenceSources!;
            Assert.NotEmpty(named);
            Assert.DoesNotContain(named, s => TrustWords.Source(s) is null or EvidenceSource.Llm or EvidenceSource.Mixed);
            Assert.Equal(approval.Automatic, !named.Contains("human"));
            Assert.Null(desk.Desk.WireGate.Judge(ForwardMessage.For(command, "planner")));

            // The same command, relabelled as what a forecast is.
            TrustBlock model = command.Trust with { EvidenceSources = random.Next(2) == 0 ? ["llm"] : ["llm", "mixed"], EvidenceTier = random.Next(2) == 0 ? TrustWords.T0 : command.Trust.EvidenceTier };
            CommandEnvelope relabelled = CommandEnvelope.Create(command.CommandId, 1, "s", "planner", command.TargetRef, command.OperationName, command.OperationParams, model, null);
            Assert.Equal(GateCodes.LlmOnlyActuationBlocked, desk.Desk.WireGate.Judge(ForwardMessage.For(relabelled, "planner"))!.Code);
        }

        Assert.True(made > 500 && none > 500, $"{made} made, {none} not");
    }

    [Fact]
    public async Task The_desk_opens_for_a_standing_approval_and_not_where_the_site_asks_for_a_person()
    {
        Assert.Equal(ActuationOutcome.Done, (await AskAsync(PermitDesk.OpenPolicy(PermitDesk.Valve))).Outcome);
        Assert.Equal(GateCodes.LocalApprovalRequired, (await AskAsync(PermitDesk.OpenPolicy(PermitDesk.Valve) with { RequiresApproval = true })).Code);
        Assert.Equal(GateCodes.LocalPolicyRefused, (await AskAsync(PermitDesk.OpenPolicy(PermitDesk.Valve) with { MinimumTier = EvidenceTier.VerifiedActionEvidence })).Code);

        static async Task<ActuationAnswer> AskAsync(OutputPolicy policy)
        {
            await using var desk = new PermitDesk(policy);
            ProposalApproval approval = ProposalApproval.ByPolicy("p", [Drafts.Evidence(desk.Time)], desk.Time)!;
            Proposal proposal = new BookBench().Offer(Drafts.Water(desk.Time))! with { Level = ApprovalLevel.L1 };
            CommandEnvelope command = ProposalCommand.Of(proposal, approval, "cmd-1", desk.Time.GetUtcNow().ToUnixTimeMilliseconds())!;
            // Even a peer whose approvals count brings none here.
            return await desk.AskAsync(command, Caller.Peer(new ClawMesh.Edge.Core.Identity.NodeId(proposal.PlannerDeviceId), [policy.Actuator.Value], mayApprove: true));
        }
    }

    private Proposal Proposal(ApprovalLevel level) => new BookBench().Offer(Drafts.Water(_time))! with { Level = level };
}
