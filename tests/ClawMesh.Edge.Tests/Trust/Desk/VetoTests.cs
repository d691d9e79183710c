using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Trust.Desk;

/// <summary>What a forecast may do to a command, and whose.</summary>
public class VetoTests
{
    private const string Wet = "forecast f-1: zone-1 is expected at 41 % without this watering.";

    private static TrustBlock ByPolicy => PermitDesk.GoodTrust with { EvidenceSources = ["sensor"], ApprovedBy = ["policy:zone-1"] };

    public static TheoryData<string> NotAPerson => ["peer", "policy in approved_by", "policy as caller"];

    [Theory]
    [MemberData(nameof(NotAPerson))]
    public async Task A_cancelled_command_is_a_refusal_that_names_the_forecast_and_is_in_the_journal(string who)
    {
        await using var desk = new PermitDesk(veto: new ScriptedVeto(_ => Restriction.Cancel(Wet)));

        ActuationAnswer answer = await AskAsync(desk, who, seconds: 60);

        Assert.Equal((ActuationOutcome.Refused, GateCodes.LocalPolicyRefused), (answer.Outcome, answer.Code));
        Assert.StartsWith("vetoed by forecast f-1: ", answer.Message, StringComparison.Ordinal);
        Assert.Empty(desk.Actuator.Writes);
        JournalRecord record = Assert.Single(desk.Journal.Records);
        Assert.Equal((JournalRecordType.Decision, GateCodes.LocalPolicyRefused, null), (record.Type, record.Code, record.PermitId));
        Assert.Contains("vetoed by forecast f-1", Member(record, "why"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(NotAPerson))]
    public async Task A_shortened_command_ends_sooner_and_answer_and_journal_say_why(string who)
    {
        await using var desk = new PermitDesk(veto: new ScriptedVeto(_ => Restriction.AtMost(TimeSpan.FromSeconds(20), Wet)));

        ActuationAnswer answer = await AskAsync(desk, who, seconds: 60);

        Assert.Equal(ActuationOutcome.Done, answer.Outcome);
        Assert.Equal((20_000, true), (answer.LeaseMs, answer.LeaseCapped));
        Assert.Contains("shortened from 1m to 20s by forecast f-1: ", answer.Message, StringComparison.Ordinal);
        JournalRecord decision = desk.Journal.Records[0];
        Assert.Equal(20_000, Body(decision).GetProperty("leaseMs").GetInt64());
        Assert.Contains("by forecast f-1", Member(decision, "forecast"), StringComparison.Ordinal);

        desk.Time.Advance(TimeSpan.FromSeconds(19));
        desk.Desk.Tick();
        Assert.Equal(OutputValue.Active, desk.Actuator.ReadBack());
        desk.Time.Advance(TimeSpan.FromSeconds(1));
        desk.Desk.Tick();
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
    }

    [Theory]
    [InlineData("cancel")]
    [InlineData("shorten")]
    public async Task A_persons_own_command_is_carried_out_as_it_is_and_told_what_the_forecast_says(string what)
    {
        await using var desk = new PermitDesk(veto: new ScriptedVeto(_ => what == "cancel" ? Restriction.Cancel(Wet) : Restriction.AtMost(TimeSpan.FromSeconds(1), Wet)));

        ActuationAnswer answer = await AskAsync(desk, "person", seconds: 60);

        Assert.Equal((ActuationOutcome.Done, 60_000, false), (answer.Outcome, answer.LeaseMs, answer.LeaseCapped));
        Assert.Contains("by forecast f-1: ", answer.Message, StringComparison.Ordinal);
        Assert.Contains("A person asked", answer.Message, StringComparison.Ordinal);
        Assert.Contains("A person asked", Member(desk.Journal.Records[0], "forecast"), StringComparison.Ordinal);
        Assert.Single(desk.Events.Newest(50, e => e.Type == EventTypes.ActuationDecision && e.Severity == EventSeverity.Warning));
    }

    [Theory]
    [InlineData("person")]
    [InlineData("peer")]
    public async Task Where_forecasts_only_advise_there_is_an_event_and_nothing_else(string who)
    {
        await using var desk = new PermitDesk(veto: new ScriptedVeto(_ => Restriction.Cancel(Wet)), vetoMode: VetoMode.Advise);

        ActuationAnswer answer = await AskAsync(desk, who, seconds: 60);

        Assert.Equal((ActuationOutcome.Done, 60_000), (answer.Outcome, answer.LeaseMs));
        Assert.DoesNotContain("forecast", answer.Message, StringComparison.Ordinal);
        EdgeEvent told = Assert.Single(desk.Events.Newest(50, e => e.Severity == EventSeverity.Warning));
        Assert.Contains("would have been vetoed by forecast f-1", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_is_asked_where_it_is_off_nor_about_what_was_refused_anyway_nor_about_a_repeat()
    {
        var veto = new ScriptedVeto(_ => Restriction.None);
        await using var off = new PermitDesk(veto: veto, vetoMode: VetoMode.Off);
        await AskAsync(off, "peer", seconds: 5);
        await using var desk = new PermitDesk(veto: veto);
        await desk.AskAsync(desk.Command(trust: PermitDesk.GoodTrust with { EvidenceSources = ["llm"] }), Desks.MightyPeer);
        await desk.AskAsync(desk.Command(createdAtMs: 0), Desks.MightyPeer);
        Assert.Empty(veto.Asked);

        CommandEnvelope command = desk.Command(seconds: 5);
        await desk.AskAsync(command, Desks.MightyPeer);
        await desk.AskAsync(command, Desks.MightyPeer);

        AllowedCommand asked = Assert.Single(veto.Asked);
        Assert.Equal(new AllowedCommand(PermitDesk.Valve, OutputValue.Active, TimeSpan.FromSeconds(5)), asked);
    }

    [Fact]
    public async Task It_is_asked_with_what_the_limits_left_of_the_wish()
    {
        var veto = new ScriptedVeto(_ => Restriction.AtMost(TimeSpan.FromMinutes(30), Wet));
        await using var desk = new PermitDesk(veto: veto);

        ActuationAnswer answer = await AskAsync(desk, "peer", seconds: 3600);

        Assert.Equal(TimeSpan.FromMinutes(10), Assert.Single(veto.Asked).Lease);
        Assert.Equal(600_000, answer.LeaseMs);
        Assert.DoesNotContain("forecast", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_way_to_the_safe_state_is_never_asked_about()
    {
        var veto = new ScriptedVeto(_ => Restriction.Cancel(Wet));
        await using var desk = new PermitDesk(veto: veto);

        ActuationAnswer answer = await desk.AskAsync(desk.Command("close", trust: ByPolicy), Desks.MightyPeer);
        IReadOnlyList<OutputSafeResult> all = await desk.Desk.SafeStateAsync("operator:test");

        Assert.Equal(ActuationOutcome.Done, answer.Outcome);
        Assert.All(all, o => Assert.True(o.Result.Confirmed));
        Assert.Empty(veto.Asked);
    }

    [Fact]
    public async Task A_veto_that_fails_restricts_nothing_and_is_said()
    {
        await using var desk = new PermitDesk(veto: new ScriptedVeto(_ => throw new InvalidOperationException("the model is gone")));

        ActuationAnswer answer = await AskAsync(desk, "peer", seconds: 60);

        Assert.Equal((ActuationOutcome.Done, 60_000), (answer.Outcome, answer.LeaseMs));
        EdgeEvent told = Assert.Single(desk.Events.Newest(50, e => e.Severity == EventSeverity.Error));
        Assert.Equal(FailureClass.Model, told.FailureClass);
        Assert.Contains("the model is gone", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_shortened_stays_short_when_the_limits_are_found_anew_after_the_disk()
    {
        // The rows are asked again between the journal and the write; the lease must not come back to its old length there.
        await using var desk = new PermitDesk(veto: new ScriptedVeto(_ => Restriction.AtMost(TimeSpan.FromSeconds(20), Wet)));
        desk.Journal.Appending = _ => desk.Time.Advance(TimeSpan.FromMilliseconds(300));

        ActuationAnswer answer = await AskAsync(desk, "peer", seconds: 60);

        Assert.Equal(20_000, answer.LeaseMs);
    }

    [Fact]
    public async Task A_value_outside_of_the_range_is_refused()
    {
        await using var desk = new PermitDesk(
            PermitDesk.OpenPolicy(PermitDesk.Valve) with { Kind = OutputKind.Level },
            veto: new ScriptedVeto(_ => Restriction.Within(new OutputRange(OutputValue.Inactive, new OutputValue(0.5)), Wet)));

        ActuationAnswer more = await desk.AskAsync(desk.Command("set", parameters: PermitDesk.Params("""{"value":0.6}""")), Desks.MightyPeer);
        ActuationAnswer less = await desk.AskAsync(desk.Command("set", parameters: PermitDesk.Params("""{"value":0.4}""")), Desks.MightyPeer);

        Assert.Equal(GateCodes.LocalPolicyRefused, more.Code);
        Assert.Equal(ActuationOutcome.Done, less.Outcome);
        Assert.Equal([new OutputValue(0.4)], desk.Actuator.Writes);
    }

    [Fact]
    public async Task What_is_left_of_a_watering_must_be_more_than_a_click()
    {
        await using var desk = new PermitDesk(veto: new ScriptedVeto(_ => Restriction.AtMost(TimeSpan.FromMilliseconds(99), Wet)));

        Assert.Equal(GateCodes.LocalPolicyRefused, (await AskAsync(desk, "peer", seconds: 60)).Code);
        Assert.Empty(desk.Actuator.Writes);
    }

    private static Task<ActuationAnswer> AskAsync(PermitDesk desk, string who, double seconds) => who switch
    {
        "peer" => desk.AskAsync(desk.Command(seconds: seconds), Desks.MightyPeer),
        "policy in approved_by" => desk.AskAsync(desk.Command(seconds: seconds, trust: ByPolicy)),
        "policy as caller" => desk.AskAsync(desk.Command(seconds: seconds), Caller.Operator("policy:zone-1")),
        _ => desk.AskAsync(desk.Command(seconds: seconds)),
    };

    private static JsonElement Body(JournalRecord record) => PermitDesk.Params(record.Body);

    private static string Member(JournalRecord record, string name) => Body(record).GetProperty(name).GetString()!;
}
