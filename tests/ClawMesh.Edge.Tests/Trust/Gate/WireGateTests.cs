using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust.Gate;

namespace ClawMesh.Edge.Tests.Trust.Gate;

[Trait("spec", "W-97")]
public class WireGateTests
{
    private readonly WireGate _gate = new(PermitDesk.Self, command => command.OperationName == "close");

    /// <summary>One defect per case, in a message that is otherwise good.</summary>
    public static TheoryData<string, string, Action<JsonObject>> Rows => new()
    {
        { "row 1: no channel", GateCodes.InvalidParams, m => m.Remove("channel") },
        { "row 1: no to", GateCodes.InvalidParams, m => m.Remove("to") },
        { "row 1: no originGatewayId", GateCodes.InvalidParams, m => m.Remove("originGatewayId") },
        { "row 1: empty to", GateCodes.InvalidParams, m => m["to"] = "" },
        { "row 1: channel is a number", GateCodes.InvalidParams, m => m["channel"] = 7 },
        { "row 2: from here", GateCodes.LoopDetected, m => m["originGatewayId"] = PermitDesk.Self.Value },
        { "row 3a: version 2", GateCodes.InvalidCommandEnvelope, m => Command(m)["version"] = 2 },
        { "row 3a: version as text", GateCodes.InvalidCommandEnvelope, m => Command(m)["version"] = "1" },
        { "row 3a: other kind", GateCodes.InvalidCommandEnvelope, m => Command(m)["kind"] = "clawmesh.commands" },
        { "row 3a: empty command id", GateCodes.InvalidCommandEnvelope, m => Command(m)["commandId"] = "" },
        { "row 3a: no createdAtMs", GateCodes.InvalidCommandEnvelope, m => Command(m).Remove("createdAtMs") },
        { "row 3a: createdAtMs beyond 2^53", GateCodes.InvalidCommandEnvelope, m => Command(m)["createdAtMs"] = 9.1e15 },
        { "row 3a: no target", GateCodes.InvalidCommandEnvelope, m => Command(m).Remove("target") },
        { "row 3a: target without kind", GateCodes.InvalidCommandEnvelope, m => Command(m)["target"]!.AsObject().Remove("kind") },
        { "row 3a: operation without name", GateCodes.InvalidCommandEnvelope, m => Command(m)["operation"]!.AsObject().Remove("name") },
        { "row 3a: no trust", GateCodes.InvalidCommandEnvelope, m => Command(m).Remove("trust") },
        { "row 3a: unknown action type", GateCodes.InvalidCommandEnvelope, m => Both(m, t => t["action_type"] = "actuate") },
        { "row 3a: unknown tier", GateCodes.InvalidCommandEnvelope, m => Both(m, t => t["evidence_trust_tier"] = "T9") },
        { "row 3a: command is a text", GateCodes.InvalidCommandEnvelope, m => m["command"] = "open" },
        { "row 3b: other tier at top level", GateCodes.TrustEnvelopeMismatch, m => m["trust"]!["evidence_trust_tier"] = "T2_operational_observation" },
        { "row 3b: another approver at top level", GateCodes.TrustEnvelopeMismatch, m => m["trust"]!["approved_by"] = new JsonArray("operator:eve") },
        { "row 4: observation", GateCodes.ActuationDeclarationRequired, m => Both(m, t => t["action_type"] = "observation") },
        { "row 4: communication", GateCodes.ActuationDeclarationRequired, m => Both(m, t => t["action_type"] = "communication") },
        { "row 4: actuator in to only, no trust", GateCodes.ActuationDeclarationRequired, m => Without(m, "command", "trust") },
        { "row 4: actuator in target only", GateCodes.ActuationDeclarationRequired, m => { m["to"] = "agent:field"; Both(m, t => t["action_type"] = "observation"); } },
        { "row 5: unknown tier", GateCodes.InvalidTrustPolicy, m => { Without(m, "command"); m["trust"]!["evidence_trust_tier"] = "T9"; } },
        { "row 5: unknown minimum", GateCodes.InvalidTrustPolicy, m => { Without(m, "command"); m["trust"]!["minimum_trust_tier"] = "t2_operational_observation"; } },
        { "row 5: unknown verification", GateCodes.InvalidTrustPolicy, m => { Without(m, "command"); m["trust"]!["verification_required"] = "robot"; } },
        { "row 5: tier is a number", GateCodes.InvalidTrustPolicy, m => { Without(m, "command"); m["trust"]!["evidence_trust_tier"] = 3; } },
        { "row 6a: no evidence tier", GateCodes.TrustMetadataRequired, m => { Without(m, "command"); m["trust"]!.AsObject().Remove("evidence_trust_tier"); } },
        { "row 6a: no minimum tier", GateCodes.TrustMetadataRequired, m => { Without(m, "command"); m["trust"]!.AsObject().Remove("minimum_trust_tier"); } },
        { "row 6a: no verification word", GateCodes.TrustMetadataRequired, m => { Without(m, "command"); m["trust"]!.AsObject().Remove("verification_required"); } },
        { "row 6b: llm", GateCodes.LlmOnlyActuationBlocked, m => Both(m, t => t["evidence_sources"] = new JsonArray("llm")) },
        { "row 6b: llm twice", GateCodes.LlmOnlyActuationBlocked, m => Both(m, t => t["evidence_sources"] = new JsonArray("llm", "llm")) },
        { "row 6b: mixed [W-103]", GateCodes.LlmOnlyActuationBlocked, m => Both(m, t => t["evidence_sources"] = new JsonArray("mixed")) },
        { "row 6b: mixed and llm [W-103]", GateCodes.LlmOnlyActuationBlocked, m => Both(m, t => t["evidence_sources"] = new JsonArray("mixed", "llm")) },
        { "row 6c: T1 below T2", GateCodes.InsufficientTrustTier, m => Both(m, t => t["evidence_trust_tier"] = "T1_unverified_observation") },
        { "row 6d: not satisfied", GateCodes.VerificationRequired, m => Both(m, t => t["verification_satisfied"] = false) },
        { "row 6d: satisfied by a text", GateCodes.VerificationRequired, m => Both(m, t => t["verification_satisfied"] = "true") },
        { "row 6d: satisfied by a number", GateCodes.VerificationRequired, m => Both(m, t => t["verification_satisfied"] = 1) },
        { "row 6d: nothing said", GateCodes.VerificationRequired, m => Both(m, t => t.Remove("verification_satisfied")) },
    };

    [Theory]
    [MemberData(nameof(Rows), DisableDiscoveryEnumeration = true)]
    public void Each_row_answers_its_own_code(string row, string code, Action<JsonObject> spoil)
    {
        JsonObject message = Good();
        spoil(message);

        Refusal? refusal = _gate.Judge(ForwardMessage.Parse(message.Element()));

        Assert.True(code == refusal?.Code, $"{row}: expected {code}, got {refusal}");
    }

    /// <summary>What a gate must let pass.</summary>
    public static TheoryData<string, Action<JsonObject>> Passing => new()
    {
        { "nothing is wrong", _ => { } },
        { "arrays in another order", m => m["trust"]!["evidence_sources"] = new JsonArray("human", "sensor") },
        { "unknown members of trust", m => m["trust"]!["color"] = "green" },
        { "no top-level trust", m => m.Remove("trust") },
        { "llm beside a sensor", m => Both(m, t => t["evidence_sources"] = new JsonArray("llm", "sensor")) },
        { "nothing to verify", m => Both(m, t => { t["verification_required"] = "none"; t.Remove("verification_satisfied"); }) },
        { "evidence equal to the minimum", m => Both(m, t => t["evidence_trust_tier"] = "T2_operational_observation") },
        { "a chat line without trust", m => { Without(m, "command", "trust"); m["to"] = "channel:clawmesh"; } },
        { "a prefix in other case is no actuator", m => { Without(m, "command", "trust"); m["to"] = "Actuator:valve:V1"; } },
        { "an observation by a model", m => { m["to"] = "sensor:a"; Command(m)["target"]!["ref"] = "sensor:a"; Both(m, t => { t["action_type"] = "observation"; t["evidence_sources"] = new JsonArray("llm"); }); } },
    };

    [Theory]
    [MemberData(nameof(Passing), DisableDiscoveryEnumeration = true)]
    public void A_good_message_passes(string why, Action<JsonObject> change)
    {
        JsonObject message = Good();
        change(message);

        Refusal? refusal = _gate.Judge(ForwardMessage.Parse(message.Element()));

        Assert.True(refusal is null, $"{why}: {refusal}");
    }

    [Fact]
    [Trait("spec", "W-106")]
    public void A_command_to_the_safe_state_is_not_asked_for_evidence_and_still_for_everything_before_it()
    {
        JsonObject close = Good();
        Command(close)["operation"]!["name"] = "close";
        Both(close, t =>
        {
            t["evidence_sources"] = new JsonArray("llm");
            t["evidence_trust_tier"] = "T0_planning_inference";
            t["verification_satisfied"] = false;
        });
        Assert.Null(_gate.Judge(ForwardMessage.Parse(close.Element())));

        Both(close, t => t["action_type"] = "observation");
        Assert.Equal(GateCodes.ActuationDeclarationRequired, _gate.Judge(ForwardMessage.Parse(close.Element()))?.Code);
    }

    [Theory]
    [InlineData("llm")]
    [InlineData("mixed")]
    [Trait("spec", "W-98")]
    public void A_model_only_command_used_to_leave_for_a_peer_when_it_would_make_an_output_of_ours_safe(string source)
    {
        JsonObject close = Good();
        Command(close)["operation"]!["name"] = "close";
        Both(close, t => t["evidence_sources"] = new JsonArray(source));
        ForwardMessage message = ForwardMessage.Parse(close.Element());

        // Here it is known to lead to the safe state; at the other end the same name may mean anything.
        Assert.True(_gate.LeadsToSafeState(message));
        Assert.Null(_gate.Judge(message));
        Assert.Equal(GateCodes.LlmOnlyActuationBlocked, _gate.JudgeForPeer(message)?.Code);

        Assert.Null(_gate.JudgeForPeer(ForwardMessage.Parse(Good().Element())));
    }

    [Fact]
    public void Sources_beyond_the_sixty_fourth_cannot_turn_model_evidence_into_something_else()
    {
        JsonObject message = Good();
        var sources = new JsonArray();
        for (int i = 0; i < TrustBlock.MaxListEntries; i++) sources.Add("llm");
        sources.Add("sensor");
        Both(message, t => t["evidence_sources"] = sources.DeepClone());

        Assert.Equal(GateCodes.LlmOnlyActuationBlocked, _gate.Judge(ForwardMessage.Parse(message.Element()))?.Code);
    }

    [Fact]
    public void A_refusal_of_a_very_long_word_is_short()
    {
        JsonObject message = Good();
        Without(message, "command");
        message["trust"]!["evidence_trust_tier"] = new string('T', 100_000);

        Assert.InRange(_gate.Judge(ForwardMessage.Parse(message.Element()))!.Message.Length, 1, 200);
    }

    /// <summary>A forward that passes every row.</summary>
    internal static JsonObject Good() => JsonNode.Parse($$$"""
        {"channel":"clawmesh","to":"actuator:valve:V1","originGatewayId":"{{{PermitDesk.Peer}}}","idempotencyKey":"k",
         "command":{"version":1,"kind":"clawmesh.command","commandId":"cmd-1","createdAtMs":1795240800000,
           "source":{"nodeId":"{{{PermitDesk.Peer}}}","role":"planner"},
           "target":{"kind":"capability","ref":"actuator:valve:V1"},
           "operation":{"name":"open","params":{"durationSec":30}},
           "trust":{{{GoodTrust}}} },
         "trust":{{{GoodTrust}}} }
        """)!.AsObject();

    internal static JsonObject Command(JsonObject message) => message["command"]!.AsObject();

    internal static void Both(JsonObject message, Action<JsonObject> change)
    {
        if (message["command"] is JsonObject command) change(command["trust"]!.AsObject());
        if (message["trust"] is JsonObject top) change(top);
    }

    internal static void Without(JsonObject message, params string[] members)
    {
        foreach (string member in members) message.Remove(member);
    }

    private const string GoodTrust = """
        {"action_type":"actuation","evidence_trust_tier":"T3_verified_action_evidence","minimum_trust_tier":"T2_operational_observation",
         "verification_required":"human","verification_satisfied":true,"evidence_sources":["sensor","human"],"approved_by":["operator:anna"]}
        """;
}
