using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Trust.Gate;
using FsCheck;
using FsCheck.Fluent;

namespace ClawMesh.Edge.Tests.Trust.Desk;

/// <summary>
/// Several things wrong at once: the answer is the first failing row of [W-97], then [X-51], and nothing moves unless no row fails.
/// The oracle is the list of rows below, written from the documents and not from the code.
/// </summary>
[Trait("spec", "X-51")]
public class RefusalOrderTests
{
    private static readonly SensorId Level = new("sensor:level:tank-1");

    private enum Row
    {
        // [W-97]
        NoChannel, NoTo, NoOrigin, FromHere, BrokenEnvelope, TrustDiffers, NotDeclared, ModelOnly, TierBelowMinimum, NotVerified,

        // [X-51]
        NoGrant, BadSignature, UnknownTarget, IdUsedByOther, Stale, ClockUnset, FencedByOther, OperationNotAllowed, NoEvidence, TierBelowSite, Latched, DriverObjects, InterlockBroken,
        UsedUp, NoApproval, JournalGone, NotReady,
    }

    private static readonly (Row Row, string Code)[] Documented =
    [
        (Row.NoChannel, "INVALID_PARAMS"), (Row.NoTo, "INVALID_PARAMS"), (Row.NoOrigin, "INVALID_PARAMS"),
        (Row.FromHere, "LOOP_DETECTED"),
        (Row.BrokenEnvelope, "INVALID_COMMAND_ENVELOPE"),
        (Row.TrustDiffers, "TRUST_ENVELOPE_MISMATCH"),
        (Row.NotDeclared, "ACTUATION_DECLARATION_REQUIRED"),
        (Row.ModelOnly, "LLM_ONLY_ACTUATION_BLOCKED"),
        (Row.TierBelowMinimum, "INSUFFICIENT_TRUST_TIER"),
        (Row.NotVerified, "VERIFICATION_REQUIRED"),
        (Row.NoGrant, "NOT_AUTHORIZED"),
        (Row.BadSignature, "COMMAND_SIG_INVALID"),
        (Row.UnknownTarget, "TARGET_UNKNOWN"),
        (Row.IdUsedByOther, "COMMAND_REPLAYED"),
        (Row.Stale, "COMMAND_STALE"),
        (Row.ClockUnset, "CLOCK_UNTRUSTED"),
        (Row.FencedByOther, "FENCED_OUT"),
        (Row.OperationNotAllowed, "LOCAL_POLICY_REFUSED"), (Row.NoEvidence, "LOCAL_POLICY_REFUSED"), (Row.TierBelowSite, "LOCAL_POLICY_REFUSED"),
        (Row.Latched, "INTERLOCK_ACTIVE"), (Row.DriverObjects, "INTERLOCK_ACTIVE"), (Row.InterlockBroken, "INTERLOCK_ACTIVE"),
        (Row.UsedUp, "LIMIT_EXCEEDED"),
        (Row.NoApproval, "LOCAL_APPROVAL_REQUIRED"),
        (Row.JournalGone, "JOURNAL_UNAVAILABLE"),
        (Row.NotReady, "NOT_READY"),
    ];

    // What a row cannot ask of an operator on this node ([W-102], [X-47]).
    private static readonly Row[] OnlyOfPeers = [Row.NoGrant, Row.ClockUnset, Row.NoApproval];

    private static Gen<Row[]> SomeRows =>
        from size in Gen.Frequency((1, Gen.Constant(0)), (3, Gen.Constant(1)), (6, Gen.Choose(2, 5)))
        from rows in Gen.Elements(Documented.Select(d => d.Row).ToArray()).ArrayOf(size)
        select rows.Distinct().ToArray();

    [Fact]
    public void The_first_failing_row_answers_a_peer() => ForAll.Cases(SomeRows, 600, rows => Judge(rows, byPeer: true));

    [Fact]
    public void The_first_failing_row_answers_an_operator() => ForAll.Cases(SomeRows, 300, rows => Judge(rows, byPeer: false));

    [Fact]
    public void Each_row_alone_is_enough_to_refuse_a_peer() => Assert.All(Documented, d => Judge([d.Row], byPeer: true));

    [Fact]
    public void Each_row_is_answered_before_all_rows_after_it()
    {
        for (int i = 0; i < Documented.Length; i++) Judge([.. Documented[i..].Select(d => d.Row)], byPeer: true);
    }

    private static void Judge(Row[] rows, bool byPeer)
    {
        string expected = Documented.FirstOrDefault(d => rows.Contains(d.Row) && (byPeer || !OnlyOfPeers.Contains(d.Row))).Code ?? "OK";

        (ActuationAnswer answer, int energised) = AskAsync(rows, byPeer).GetAwaiter().GetResult();

        string told = $"[{string.Join(", ", rows)}] asked by {(byPeer ? "a peer" : "an operator")}";
        Assert.True(expected == answer.Code, $"{told}: the documents say {expected}, the desk says {answer.Code} ({answer.Message})");
        Assert.True((expected == "OK" ? 1 : 0) == energised, $"{told}: energised {energised} times");
        Assert.Equal(expected == "OK" ? ActuationOutcome.Done : ActuationOutcome.Refused, answer.Outcome);
    }

    private static async Task<(ActuationAnswer Answer, int Energised)> AskAsync(Row[] rows, bool byPeer)
    {
        bool Is(Row row) => rows.Contains(row);

        await using var desk = new PermitDesk(PermitDesk.OpenPolicy(PermitDesk.Valve) with
        {
            Operations = ["open", "close"],
            Requires = [new SensorPredicate(Level, Above: 20, Below: null, TimeSpan.FromMinutes(1))],
            RequiresApproval = true,
            RatePerMinute = Is(Row.UsedUp) ? 1 : 1000,
        });
        desk.Readings.Set(Level, 50);

        // The past: an id that was used, a start that counts, a latch.
        await desk.AskAsync(desk.Command("open", id: "used"));
        await desk.AskAsync(desk.Command("close"));
        if (Is(Row.Latched)) await desk.Desk.SafeStateAsync("operator:test");
        int before = desk.Actuator.Energising().Count();

        // The world as it is when the command comes.
        if (Is(Row.FencedByOther)) Assert.Null((await desk.Desk.FenceAsync(new FenceRequest(PermitDesk.Valve.Value, FenceRequest.Longest, Caller.Operator("operator:eve")), CancellationToken.None)).Refusal);
        if (Is(Row.ClockUnset)) desk.Clock.Class = ClockClass.Unsynchronised;
        if (Is(Row.DriverObjects)) desk.Actuator.ArmingObstacle = new Refusal(GateCodes.InterlockActive, "pin 29 is muxed elsewhere");
        if (Is(Row.InterlockBroken)) desk.Readings.Set(Level, 19);
        if (Is(Row.JournalGone)) desk.Journal.Health = new JournalHealth(JournalState.Unavailable, "the disk is full", "make room");
        if (Is(Row.NotReady)) desk.Readiness.Current = new Readiness(ReadinessLevel.NodeGreen, []);

        // The command.
        JsonObject message = WireGateTests.Good();
        JsonObject command = WireGateTests.Command(message);
        command["commandId"] = Is(Row.IdUsedByOther) ? "used" : "new";
        command["createdAtMs"] = (desk.Time.GetUtcNow() - (Is(Row.Stale) ? TimeSpan.FromSeconds(61) : TimeSpan.Zero)).ToUnixTimeMilliseconds();
        if (Is(Row.BadSignature)) command["edge"] = new JsonObject { ["sig"] = new string('A', 86) };
        if (Is(Row.UnknownTarget)) command["target"]!["ref"] = "actuator:valve:V9";
        if (Is(Row.OperationNotAllowed)) command["operation"]!["name"] = "start";
        WireGateTests.Both(message, trust =>
        {
            if (Is(Row.NotDeclared)) trust["action_type"] = "observation";
            if (Is(Row.ModelOnly)) trust["evidence_sources"] = new JsonArray("llm", "mixed");
            else if (Is(Row.NoEvidence)) trust["evidence_sources"] = new JsonArray();
            // Below what the envelope itself asks for, or only below what the site asks for.
            if (Is(Row.TierBelowMinimum) || Is(Row.TierBelowSite)) trust["evidence_trust_tier"] = "T1_unverified_observation";
            if (Is(Row.TierBelowSite) && !Is(Row.TierBelowMinimum)) trust["minimum_trust_tier"] = "T0_planning_inference";
            if (Is(Row.NotVerified)) trust["verification_satisfied"] = false;
        });
        if (Is(Row.TrustDiffers)) message["trust"]!["approved_by"] = new JsonArray("operator:eve");
        if (Is(Row.BrokenEnvelope)) command["version"] = 2;
        if (Is(Row.NoChannel)) message.Remove("channel");
        if (Is(Row.NoTo)) message.Remove("to");
        if (Is(Row.FromHere)) message["originGatewayId"] = PermitDesk.Self.Value;
        if (Is(Row.NoOrigin)) message.Remove("originGatewayId");

        Caller caller = byPeer
            ? Caller.Peer(PermitDesk.Peer, Is(Row.NoGrant) ? ["actuator:pump:*"] : ["actuator:valve:*"], mayApprove: !Is(Row.NoApproval))
            : Caller.Operator("operator:anna");
        ActuationAnswer answer = await desk.Desk.RequestAsync(new ActuationRequest(ForwardMessage.Parse(message.Element()), caller), CancellationToken.None);
        return (answer, desk.Actuator.Energising().Count() - before);
    }
}
