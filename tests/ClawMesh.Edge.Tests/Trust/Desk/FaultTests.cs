using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Tests.Trust.Desk;

public class FaultTests
{
    private static readonly JournalHealth Full = new(JournalState.Unavailable, "the disk is full", "make room");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("gpio.line_busy", GateCodes.OutputFault)]
    [InlineData("output.readback_contradicts", GateCodes.FeedbackContradicts)]
    public async Task A_write_that_fails_leaves_the_output_safe_and_latched(string fault, string code)
    {
        var desk = new PermitDesk();
        desk.Actuator.WriteFault = new EdgeException(fault, "Could not drive the valve.", "The line is held by another.", "Free it.", FailureClass.BusIo);

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal((ActuationOutcome.Fault, code), (answer.Outcome, answer.Code));
        Assert.Null(answer.LeaseMs);
        Assert.Equal([SafeCause.Fault], desk.Actuator.SafeCauses);
        Assert.Equal("fault", Assert.Single(desk.Desk.Outputs()).Latch?.Cause);
        Assert.Contains("actuator:valve:V1", desk.Journal.Get("latches"), StringComparison.Ordinal);
        desk.Actuator.WriteFault = null;
        Assert.Equal(GateCodes.InterlockActive, (await desk.AskAsync(desk.Command())).Code);
        Assert.StartsWith($"decision:OK outcome:{code} ", (await desk.EndAndReadAsync()).Where(r => r.Type != JournalRecordType.Safe || r.Code != "fault").Words() + " ", StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_fault_the_output_is_safe_before_any_disk_is_asked()
    {
        // Used to save the latch first, while the output stood in an unknown state.
        await using var desk = new PermitDesk();
        desk.Actuator.WriteFault = new EdgeException("gpio.io", "Could not drive.", "EIO.", "Look.", FailureClass.BusIo);
        int safeWritesAtOutcome = -1;
        desk.Journal.Appending = entry =>
        {
            if (entry.Type == JournalRecordType.Outcome) safeWritesAtOutcome = desk.Actuator.SafeCauses.Count;
        };

        await desk.AskAsync(desk.Command());

        Assert.Equal(1, safeWritesAtOutcome);
    }

    [Fact]
    public async Task A_driver_that_breaks_its_contract_leaves_the_output_safe_latched_and_with_an_outcome()
    {
        // Used to leave the output energised until the end of its lease, with no outcome in the journal.
        await using var desk = new PermitDesk();
        desk.Actuator.Effect = _ => throw new InvalidOperationException("index out of range");

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal((ActuationOutcome.Fault, GateCodes.OutputFault), (answer.Outcome, answer.Code));
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
        Assert.NotNull(Assert.Single(desk.Desk.Outputs()).Latch);
        Assert.Equal(ActuationOutcome.Fault, desk.Journal.FindCommand(answer.CommandId)?.Outcome);
    }

    [Fact]
    public async Task An_effect_that_nobody_sees_sends_the_output_back_and_does_not_latch_it()
    {
        var desk = new PermitDesk();
        desk.Actuator.Effect = _ => Task.FromResult(DriveResult.Unconfirmed("the flow stayed at 0 l/min"));

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal((ActuationOutcome.EffectUnconfirmed, GateCodes.NoConfirmation), (answer.Outcome, answer.Code));
        Assert.Null(answer.LeaseMs);
        Assert.Equal([SafeCause.Unconfirmed], desk.Actuator.SafeCauses);
        Assert.Null(Assert.Single(desk.Desk.Outputs()).Latch);
        desk.Actuator.Effect = null;
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command())).Code);
        Assert.Contains(await desk.EndAndReadAsync(), r => r is { Type: JournalRecordType.Safe, Code: "unconfirmed" });
    }

    [Fact]
    public async Task Without_a_journal_nothing_is_armed_and_nothing_is_written()
    {
        await using var desk = new PermitDesk();
        desk.Journal.Health = Full;

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal((ActuationOutcome.Refused, GateCodes.JournalUnavailable, 0L), (answer.Outcome, answer.Code, answer.JournalSequence));
        Assert.Empty(desk.Actuator.Writes);
        Assert.Empty(desk.Journal.Records);
    }

    [Fact]
    public async Task A_journal_that_fails_at_the_decision_arms_nothing()
    {
        // Health still says ready; the disk finds out while flushing.
        await using var desk = new PermitDesk();
        desk.Journal.Appending = _ => desk.Journal.Health = Full;

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal((ActuationOutcome.Refused, GateCodes.JournalUnavailable), (answer.Outcome, answer.Code));
        Assert.Empty(desk.Actuator.Writes);
        Assert.Null(desk.Journal.FindCommand(answer.CommandId));
    }

    [Fact]
    public async Task A_decision_that_is_not_on_disk_drives_nothing()
    {
        await using var desk = new PermitDesk();
        desk.Journal.DurableThrough = 0;

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal((ActuationOutcome.Refused, GateCodes.SafetyTrip), (answer.Outcome, answer.Code));
        Assert.Contains("permit.not_journaled", answer.Message, StringComparison.Ordinal);
        Assert.Empty(desk.Actuator.Energising());
    }

    [Fact]
    public async Task An_outcome_that_cannot_be_journaled_ends_the_lease_and_is_not_called_done()
    {
        // Used to answer "done" with a lease, for an output that was already back at its safe value.
        await using var desk = new PermitDesk();
        desk.Journal.Appending = entry =>
        {
            if (entry.Type == JournalRecordType.Outcome) desk.Journal.Health = Full;
        };

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
        Assert.Equal([SafeCause.Fault], desk.Actuator.SafeCauses);
        Assert.Equal((ActuationOutcome.Fault, GateCodes.JournalUnavailable), (answer.Outcome, answer.Code));
        Assert.Null(answer.LeaseMs);
    }

    [Fact]
    public async Task An_outcome_that_fails_in_an_unknown_way_ends_the_lease_too()
    {
        await using var desk = new PermitDesk();
        desk.Journal.Appending = entry =>
        {
            if (entry.Type == JournalRecordType.Outcome) throw new IOException("nobody expected this");
        };

        await Assert.ThrowsAsync<IOException>(() => desk.AskAsync(desk.Command()));

        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
    }

    [Fact]
    public async Task What_safety_did_while_the_journal_was_away_is_written_when_it_is_back()
    {
        var desk = new PermitDesk();
        await desk.AskAsync(desk.Command(seconds: 5));
        desk.Journal.Health = Full;
        desk.Time.Advance(TimeSpan.FromSeconds(5));
        desk.Desk.Tick();
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
        desk.Journal.Health = JournalHealth.Ready;

        Assert.Equal("decision:OK outcome:OK lease_end:lease_end", (await desk.EndAndReadAsync()).Words());
    }

    [Fact]
    public async Task An_output_found_energised_at_start_is_journaled_and_one_that_stays_unconfirmed_is_latched_and_retried()
    {
        var desk = new PermitDesk();
        desk.Actuator.SafeConfirms = false;

        await desk.Desk.RecoverAsync([new OutputSafeResult(PermitDesk.Valve, new SafeResult(WasEnergised: true, Confirmed: false, "no read-back"))], Ct);
        Assert.Equal(GateCodes.InterlockActive, (await desk.AskAsync(desk.Command())).Code);
        int attempts = desk.Actuator.SafeCauses.Count;
        desk.Time.Advance(TimeSpan.FromMilliseconds(201));
        desk.Desk.Tick();

        // Used to be latched and never asked again.
        Assert.Equal(attempts + 1, desk.Actuator.SafeCauses.Count);
        Assert.Contains(await desk.EndAndReadAsync(), r => r is { Type: JournalRecordType.Safe, Code: "start" });
    }

    [Fact]
    public async Task Without_a_journal_at_start_the_latch_is_set_all_the_same_and_nothing_is_armed_until_recovery_succeeds()
    {
        // Used to lose the latch: the journal was asked first, and the later call no longer knew of the output.
        await using var desk = new PermitDesk();
        desk.Journal.Health = Full;
        desk.Journal.Open.Add(new OpenCommand(1, "old", PermitDesk.Valve.Value, "pm-1"));
        await Assert.ThrowsAsync<EdgeException>(() => desk.Desk.RecoverAsync([new OutputSafeResult(PermitDesk.Valve, new SafeResult(false, false, "no read-back"))], Ct));

        desk.Journal.Health = JournalHealth.Ready;
        await desk.Desk.ReleaseAsync(null, "operator:anna", Ct);
        Assert.Equal(GateCodes.JournalUnavailable, (await desk.AskAsync(desk.Command())).Code);

        await desk.Desk.RecoverAsync([], Ct);
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command())).Code);
    }

    [Fact]
    public async Task A_safe_write_whose_driver_throws_is_answered_as_not_confirmed_and_asked_again()
    {
        // Used to end the lane's thread, and the process with it.
        var broken = new ThrowingOutput();
        await using var desk = new PermitDesk(more: _ => [(broken, PermitDesk.OpenPolicy(broken.Id))]);

        ActuationAnswer answer = await desk.AskAsync(desk.Command("close", target: broken.Id.Value));
        desk.Time.Advance(TimeSpan.FromMilliseconds(201));
        desk.Desk.Tick();

        Assert.Equal((ActuationOutcome.Fault, GateCodes.OutputFault), (answer.Outcome, answer.Code));
        Assert.Equal(2, broken.Attempts);
        Assert.Equal("fault", desk.Desk.Outputs()[1].Latch?.Cause);
    }

    [Fact]
    public async Task Every_answer_is_told_once_and_counted_if_refused()
    {
        await using var desk = new PermitDesk();
        await desk.AskAsync(desk.Command());
        await desk.AskAsync(desk.Command("close"));
        await desk.AskAsync(desk.Command(trust: PermitDesk.GoodTrust with { EvidenceSources = ["llm"] }));
        await desk.AskAsync(desk.Command(target: "actuator:valve:V9"));

        Assert.Equal(["OK", "OK", "LLM_ONLY_ACTUATION_BLOCKED", "TARGET_UNKNOWN"], desk.FinishedAnswers.Select(a => a.Code));
        Assert.Equal(2, desk.Desk.RefusedCount);
        Assert.Equal(2, desk.Events.Newest(EventLog.Capacity, e => e is { Type: EventTypes.ActuationOutcome, Severity: EventSeverity.Warning }).Count);
    }

    private sealed class ThrowingOutput : IActuator
    {
        public int Attempts { get; private set; }

        public ActuatorId Id { get; } = new("actuator:valve:broken");

        public OutputValue SafeValue => OutputValue.Inactive;

        public string Bus => "broken";

        public ClawMesh.Edge.Core.Readings.SensorId? EffectSensor => null;

        public OutputValue? ReadBack() => null;

        public SafeResult MakeSafe(SafeCause cause)
        {
            Attempts++;
            throw new InvalidOperationException("a bug in a driver");
        }

        public Task<DriveResult> ApplyAsync(Permit permit, OutputValue value, CancellationToken leaseEnded) => throw new NotSupportedException();

        public Task<DriveResult> ConfirmSafeAsync(double? valueBefore, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
