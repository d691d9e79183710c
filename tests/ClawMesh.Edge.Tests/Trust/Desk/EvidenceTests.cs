using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Trust.Gate;
using FsCheck;
using FsCheck.Fluent;

namespace ClawMesh.Edge.Tests.Trust.Desk;

/// <summary>Model-only evidence never moves an output, and no evidence is taken for more than it says.</summary>
[Trait("spec", "W-103")]
public class EvidenceTests
{
    private static readonly string[] NoPersonNoSensor = ["llm", "mixed", "LLM", "Llm", " llm", "llm ", "llm\u0000", "ｌｌｍ", "model", "gpt", "Sensor", "SENSOR", "sensors", "human ", "operator", "", "null"];
    private static readonly string[] Tiers = [TrustWords.T0, TrustWords.T1, TrustWords.T2, TrustWords.T3];
    private static readonly string[] Verifications = ["none", "device", "human", "device_or_human"];

    private static Gen<JsonNode?> ModelOnlySources => Gen.OneOf(
        Gen.Elements(NoPersonNoSensor).ListOf().Select(words => (JsonNode?)new JsonArray([.. words.Select(w => (JsonNode)w)])),
        Gen.Elements(NoPersonNoSensor).Select(word => (JsonNode?)JsonValue.Create(word)),
        // Not a list of words at all, though the word stands in it.
        Gen.Elements("\"sensor\"", "{\"sensor\":true}", "[[\"sensor\"]]", "[{\"source\":\"human\"}]", "[1]", "[true]", "[null]", "true", "3").Select(json => JsonNode.Parse(json)));

    [Fact]
    public void Evidence_of_models_only_never_moves_an_output_whatever_else_is_claimed_and_whoever_asks()
    {
        Gen<(JsonNode? Sources, bool Present, string Tier, string Minimum, string Verification, JsonNode? Satisfied, bool ByPeer, int SiteTier)> claims =
            from sources in ModelOnlySources
            from present in ForAll.OneIn(8).Select(absent => !absent)
            from tier in Gen.Elements(Tiers)
            from minimum in Gen.Elements(Tiers)
            from verification in Gen.Elements(Verifications)
            from satisfied in Gen.Elements("true", "false", "1", "null").Select(json => JsonNode.Parse(json))
            from byPeer in Gen.Elements(true, false)
            from siteTier in Gen.Choose(0, 3)
            select (sources, present, tier, minimum, verification, satisfied, byPeer, siteTier);

        ForAll.Cases(claims, 1500, c =>
        {
            (ActuationAnswer answer, ScriptedActuator valve) = Ask(
                trust =>
                {
                    if (c.Present) trust["evidence_sources"] = c.Sources?.DeepClone();
                    else trust.Remove("evidence_sources");
                    trust["evidence_trust_tier"] = c.Tier;
                    trust["minimum_trust_tier"] = c.Minimum;
                    trust["verification_required"] = c.Verification;
                    trust["verification_satisfied"] = c.Satisfied?.DeepClone();
                    trust["approved_by"] = new JsonArray("operator:anna", "operator:bert");
                },
                c.ByPeer, (EvidenceTier)c.SiteTier);

            Assert.Equal(ActuationOutcome.Refused, answer.Outcome);
            Assert.Empty(valve.Writes);
        });
    }

    [Fact]
    public void Whatever_the_trust_block_says_the_output_moves_only_if_every_condition_on_evidence_holds()
    {
        Gen<(string[] Sources, string Tier, string Minimum, string Verification, bool? Satisfied, bool ByPeer, int SiteTier)> claims =
            from sources in Gen.Elements("llm", "mixed", "sensor", "device", "human", "SENSOR", "none").ArrayOf()
            from tier in Gen.Elements(Tiers)
            from minimum in Gen.Elements(Tiers)
            from verification in Gen.Elements(Verifications)
            from satisfied in Gen.Elements<bool?>(true, true, true, false, null)
            from byPeer in Gen.Elements(true, false)
            from siteTier in Gen.Choose(0, 3)
            select (sources, tier, minimum, verification, satisfied, byPeer, siteTier);

        ForAll.Cases(claims, 1500, c =>
        {
            (ActuationAnswer answer, ScriptedActuator valve) = Ask(
                trust =>
                {
                    trust["evidence_sources"] = new JsonArray([.. c.Sources.Select(s => (JsonNode)s)]);
                    trust["evidence_trust_tier"] = c.Tier;
                    trust["minimum_trust_tier"] = c.Minimum;
                    trust["verification_required"] = c.Verification;
                    if (c.Satisfied is { } satisfied) trust["verification_satisfied"] = satisfied;
                    else trust.Remove("verification_satisfied");
                },
                c.ByPeer, (EvidenceTier)c.SiteTier);

            // Tiers stand in order in the list; "T0" is model reasoning and never enough.
            int tier = Array.IndexOf(Tiers, c.Tier);
            bool named = c.Sources.Intersect(["sensor", "device", "human"]).Any();
            bool enough = tier >= 1 && tier >= Array.IndexOf(Tiers, c.Minimum) && tier >= c.SiteTier;
            bool verified = c.Verification == "none" || c.Satisfied == true;
            Assert.True((named && enough && verified) == (answer.Outcome == ActuationOutcome.Done), answer.ToString());
            Assert.Equal(answer.Outcome == ActuationOutcome.Done ? 1 : 0, valve.Writes.Count);
        });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Without_named_evidence_the_site_refuses_where_the_wire_gate_lets_pass(bool present)
    {
        await using var desk = new PermitDesk();

        ActuationAnswer answer = await desk.AskAsync(desk.Command(trust: PermitDesk.GoodTrust with { EvidenceSources = present ? [] : null }));

        Assert.Equal(GateCodes.LocalPolicyRefused, answer.Code);
    }

    [Fact]
    public async Task A_site_cannot_lower_the_bar_to_model_reasoning()
    {
        // Used to pass: minimumTier T0 in the site file let T0 evidence "by a sensor" open the valve.
        await using var desk = new PermitDesk(PermitDesk.OpenPolicy(PermitDesk.Valve) with { MinimumTier = EvidenceTier.PlanningInference });

        ActuationAnswer answer = await desk.AskAsync(desk.Command(trust: PermitDesk.GoodTrust with { EvidenceTier = TrustWords.T0, MinimumTier = TrustWords.T0 }));

        Assert.Equal(GateCodes.LocalPolicyRefused, answer.Code);
        Assert.Empty(desk.Actuator.Writes);
    }

    [Fact]
    [Trait("spec", "W-101")]
    public async Task The_wire_can_raise_the_site_s_minimum_and_never_lower_it()
    {
        await using var desk = new PermitDesk();

        ActuationAnswer lowered = await desk.AskAsync(desk.Command(trust: PermitDesk.GoodTrust with { EvidenceTier = TrustWords.T1, MinimumTier = TrustWords.T0 }));
        ActuationAnswer raised = await desk.AskAsync(desk.Command(trust: PermitDesk.GoodTrust with { EvidenceTier = TrustWords.T2, MinimumTier = TrustWords.T3 }));

        Assert.Equal(GateCodes.LocalPolicyRefused, lowered.Code);
        Assert.Equal(GateCodes.InsufficientTrustTier, raised.Code);
    }

    [Theory]
    [InlineData("communication")]
    [InlineData("observation")]
    public async Task An_output_without_the_actuator_prefix_still_wants_its_actuation_declared(string actionType)
    {
        // Used to pass: the wire gate looks at the prefix only, and the desk did not look again.
        var relay = new ActuatorId("relay:7");
        await using var desk = new PermitDesk(PermitDesk.OpenPolicy(relay));

        ActuationAnswer answer = await desk.AskAsync(desk.Command(trust: PermitDesk.GoodTrust with { ActionType = actionType }));

        Assert.Equal(GateCodes.ActuationDeclarationRequired, answer.Code);
        Assert.Empty(desk.Actuator.Writes);
    }

    [Fact]
    public async Task Model_only_evidence_is_refused_while_the_output_is_open_already_and_does_not_prolong_its_lease()
    {
        await using var desk = new PermitDesk();
        await desk.AskAsync(desk.Command(seconds: 10));

        ActuationAnswer answer = await desk.AskAsync(desk.Command(seconds: 60, trust: PermitDesk.GoodTrust with { EvidenceSources = ["llm"] }));
        desk.Time.Advance(TimeSpan.FromSeconds(10));
        desk.Desk.Tick();

        Assert.Equal(GateCodes.LlmOnlyActuationBlocked, answer.Code);
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
    }

    private static (ActuationAnswer Answer, ScriptedActuator Valve) Ask(Action<JsonObject> claim, bool byPeer, EvidenceTier siteTier)
    {
        var desk = new PermitDesk(PermitDesk.OpenPolicy(PermitDesk.Valve) with { MinimumTier = siteTier });
        JsonObject message = WireGateTests.Good();
        WireGateTests.Command(message)["createdAtMs"] = desk.Time.GetUtcNow().ToUnixTimeMilliseconds();
        WireGateTests.Both(message, claim);

        Caller caller = byPeer ? Desks.MightyPeer : Caller.Operator("operator:anna");
        ActuationAnswer answer = desk.Desk.RequestAsync(new ActuationRequest(ForwardMessage.Parse(message.Element()), caller), CancellationToken.None).GetAwaiter().GetResult();
        desk.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return (answer, desk.Actuator);
    }
}
