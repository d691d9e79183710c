using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust;
using ClawMesh.Edge.Trust.Desk;

namespace ClawMesh.Edge.Tests.Trust.Desk;

/// <summary>Safety against a command that is on its way.</summary>
public class RaceTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Safe_state_between_decision_and_redemption_drives_nothing_and_stays_latched()
    {
        var desk = new PermitDesk();
        desk.Actuator.BeforeRedeem = () => desk.Desk.SafeStateAsync("operator:anna").GetAwaiter().GetResult();

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal((ActuationOutcome.Refused, GateCodes.SafetyTrip), (answer.Outcome, answer.Code));
        Assert.Empty(desk.Actuator.Energising());
        Assert.NotNull(answer.PermitId);
        desk.Actuator.BeforeRedeem = null;
        Assert.Equal(GateCodes.InterlockActive, (await desk.AskAsync(desk.Command())).Code);

        Assert.Equal([PermitDesk.Valve], await desk.Desk.ReleaseAsync(null, "operator:anna", Ct));
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command())).Code);
        await desk.DisposeAsync();
    }

    [Theory]
    [InlineData(JournalRecordType.Decision)]
    public async Task Safe_state_while_the_decision_is_being_flushed_mints_nothing(JournalRecordType during)
    {
        await using var desk = new PermitDesk();
        bool permitSeen = false;
        desk.Actuator.BeforeRedeem = () => permitSeen = true;
        desk.Journal.Appending = entry =>
        {
            if (entry.Type != during) return;
            desk.Journal.Appending = null;
            desk.Desk.SafeStateAsync("operator:anna").GetAwaiter().GetResult();
        };

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal((ActuationOutcome.Refused, GateCodes.InterlockActive), (answer.Outcome, answer.Code));
        Assert.False(permitSeen);
        Assert.Equal(ActuationOutcome.Refused, desk.Journal.FindCommand(answer.CommandId)?.Outcome);
    }

    [Fact]
    public async Task A_close_that_comes_after_an_open_is_not_overtaken_by_it()
    {
        await using var desk = new PermitDesk();
        ActuationAnswer? closed = null;
        desk.Journal.Appending = entry =>
        {
            if (entry.Type != JournalRecordType.Decision) return;
            desk.Journal.Appending = null;
            closed = desk.AskAsync(desk.Command("close")).GetAwaiter().GetResult();
        };

        ActuationAnswer opened = await desk.AskAsync(desk.Command());

        Assert.Equal(ActuationOutcome.Done, closed?.Outcome);
        Assert.Equal((ActuationOutcome.Refused, GateCodes.SafetyTrip), (opened.Outcome, opened.Code));
        Assert.Empty(desk.Actuator.Energising());
    }

    [Fact]
    public async Task A_close_between_decision_and_redemption_wins()
    {
        await using var desk = new PermitDesk();
        desk.Actuator.BeforeRedeem = () =>
        {
            desk.Actuator.BeforeRedeem = null;
            desk.AskAsync(desk.Command("close")).GetAwaiter().GetResult();
        };

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal(GateCodes.SafetyTrip, answer.Code);
        Assert.Empty(desk.Actuator.Energising());
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command())).Code);
    }

    [Fact]
    public async Task An_interlock_that_breaks_between_decision_and_redemption_drives_nothing()
    {
        var level = new SensorId("sensor:level:tank-1");
        await using var desk = new PermitDesk(PermitDesk.OpenPolicy(PermitDesk.Valve) with { Requires = [new SensorPredicate(level, 20, null, TimeSpan.FromMinutes(1))] });
        desk.Readings.Set(level, 50);
        desk.Actuator.BeforeRedeem = () =>
        {
            desk.Readings.Set(level, 10);
            desk.Desk.Tick();
        };

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal(GateCodes.SafetyTrip, answer.Code);
        Assert.Empty(desk.Actuator.Energising());
    }

    [Fact]
    public async Task What_turns_false_while_the_decision_is_flushed_is_asked_again()
    {
        await using var desk = new PermitDesk();
        desk.Journal.Appending = entry =>
        {
            if (entry.Type == JournalRecordType.Decision) desk.Time.Advance(TimeSpan.FromSeconds(61));
        };

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal((ActuationOutcome.Refused, GateCodes.CommandStale), (answer.Outcome, answer.Code));
        Assert.Empty(desk.Actuator.Writes);
        Assert.Equal("decision:OK outcome:COMMAND_STALE", desk.Journal.Records.Words());
    }

    [Fact]
    public async Task A_permit_that_waited_too_long_for_its_driver_drives_nothing()
    {
        await using var desk = new PermitDesk();
        desk.Actuator.BeforeRedeem = () => desk.Time.Advance(Permit.Lifetime);

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal((ActuationOutcome.Refused, GateCodes.SafetyTrip), (answer.Outcome, answer.Code));
        Assert.Contains("permit.expired", answer.Message, StringComparison.Ordinal);
        Assert.Empty(desk.Actuator.Energising());
    }

    [Fact]
    public async Task A_second_command_finds_the_output_busy_until_the_first_has_its_outcome()
    {
        await using var desk = new PermitDesk();
        var seen = new TaskCompletionSource<DriveResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        desk.Actuator.Effect = _ => seen.Task;
        Task<ActuationAnswer> first = desk.AskAsync(desk.Command());

        Assert.Equal(GateCodes.Busy, (await desk.AskAsync(desk.Command())).Code);
        seen.SetResult(DriveResult.Unconfirmed("nothing was seen"));
        Assert.Equal(ActuationOutcome.EffectUnconfirmed, (await first).Outcome);

        desk.Actuator.Effect = null;
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command())).Code);
        Assert.Equal(OutputValue.Active, desk.Actuator.ReadBack());
    }

    [Fact]
    public async Task Release_clears_what_it_names_and_only_that()
    {
        var other = new ActuatorId("actuator:valve:V2");
        await using var desk = new PermitDesk(more: time => [(new ScriptedActuator(other, OutputValue.Inactive, time), PermitDesk.OpenPolicy(other))]);
        await desk.Desk.SafeStateAsync("operator:anna");

        Assert.Equal([other], await desk.Desk.ReleaseAsync(other.Value, "operator:anna", Ct));
        Assert.Equal(GateCodes.Ok, (await desk.AskAsync(desk.Command(target: other.Value))).Code);
        Assert.Equal(GateCodes.InterlockActive, (await desk.AskAsync(desk.Command())).Code);
        Assert.Equal([PermitDesk.Valve], await desk.Desk.ReleaseAsync(null, "operator:anna", Ct));
        Assert.Empty(await desk.Desk.ReleaseAsync(null, "operator:anna", Ct));
        EdgeException unknown = await Assert.ThrowsAsync<EdgeException>(() => desk.Desk.ReleaseAsync("actuator:valve:V9", "operator:anna", Ct));
        Assert.Equal(GateCodes.TargetUnknown, unknown.Code);
    }

    [Fact]
    public async Task A_release_without_a_journal_is_refused_and_releases_nothing()
    {
        await using var desk = new PermitDesk();
        await desk.Desk.SafeStateAsync("operator:anna");
        desk.Journal.Health = new JournalHealth(JournalState.Unavailable, "the disk is full", "make room");

        EdgeException refused = await Assert.ThrowsAsync<EdgeException>(() => desk.Desk.ReleaseAsync(null, "operator:anna", Ct));

        Assert.Equal(GateCodes.JournalUnavailable, refused.Code);
        Assert.NotNull(Assert.Single(desk.Desk.Outputs()).Latch);
    }

    [Fact]
    public async Task Latches_survive_into_the_next_life_and_a_release_does_too()
    {
        await using var desk = new PermitDesk();
        await desk.Desk.SafeStateAsync("operator:anna");

        await using ActuationDesk second = desk.SecondLife((desk.Actuator, desk.Policy));
        await second.RecoverAsync([], Ct);
        Assert.Equal(GateCodes.InterlockActive, (await second.AskAsync(desk.Command())).Code);
        Assert.Equal("operator", Assert.Single(second.Outputs()).Latch?.Cause);
        await second.ReleaseAsync(null, "operator:anna", Ct);

        await using ActuationDesk third = desk.SecondLife((desk.Actuator, desk.Policy));
        await third.RecoverAsync([], Ct);
        Assert.Equal(GateCodes.Ok, (await third.AskAsync(desk.Command())).Code);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"actuator:valve:V1":{"cause":"fault"}}""")]
    [InlineData("""{"actuator:valve:V9":{"cause":"fault","why":"x","atMs":9e99}}""")]
    public async Task Latches_that_cannot_be_read_latch_everything(string text)
    {
        // Used to stop the start of the node with a JSON exception.
        await using var desk = new PermitDesk();
        await desk.Journal.SetAsync("latches", text, Ct);

        await desk.Desk.RecoverAsync([], Ct);

        Assert.Equal(GateCodes.InterlockActive, (await desk.AskAsync(desk.Command())).Code);
    }

    [Fact]
    public async Task A_stopping_node_arms_nothing_any_more()
    {
        // Used to arm a command that came between the last safe write and the end of the tick's thread.
        await using var desk = new PermitDesk();
        await desk.AskAsync(desk.Command());

        await desk.Desk.StopAsync();
        ActuationAnswer late = await desk.AskAsync(desk.Command());

        Assert.Equal(GateCodes.NotReady, late.Code);
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
        Assert.Equal([SafeCause.Stop], desk.Actuator.SafeCauses);
        Assert.Null(Assert.Single(desk.Desk.Outputs()).Latch);
    }

    [Fact]
    public async Task Commands_ticks_and_safe_states_from_many_threads_leave_a_latched_output_safe()
    {
        for (int round = 0; round < 50; round++)
        {
            var desk = new PermitDesk();
            using var start = new Barrier(5);
            Thread[] all =
            [
                .. Enumerable.Range(0, 3).Select(_ => new Thread(() =>
                {
                    start.SignalAndWait();
                    for (int i = 0; i < 20; i++) desk.AskAsync(desk.Command()).GetAwaiter().GetResult();
                })),
                new Thread(() =>
                {
                    start.SignalAndWait();
                    for (int i = 0; i < 50; i++) desk.Desk.Tick();
                }),
            ];
            foreach (Thread thread in all) thread.Start();
            start.SignalAndWait();
            await desk.Desk.SafeStateAsync("operator:anna");
            foreach (Thread thread in all) thread.Join();

            Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
            Assert.Equal(OutputValue.Inactive, desk.Actuator.Writes[^1]);
            await desk.DisposeAsync();
        }
    }

    [Fact]
    [Trait("spec", "X-41")]
    public async Task A_trip_while_the_effect_is_watched_for_is_a_fault_and_used_to_be_called_unconfirmed()
    {
        await using var desk = new PermitDesk();
        desk.Actuator.Effect = async leaseEnded =>
        {
            _ = desk.Desk.SafeStateAsync("operator:anna");
            desk.Desk.Tick();
            await Task.Delay(Timeout.Infinite, leaseEnded);
            throw new InvalidOperationException("the lease outlived the trip");
        };

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal((ActuationOutcome.Fault, GateCodes.SafetyTrip), (answer.Outcome, answer.Code));
        Assert.Contains("operator", answer.Message, StringComparison.Ordinal);
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
    }
}
