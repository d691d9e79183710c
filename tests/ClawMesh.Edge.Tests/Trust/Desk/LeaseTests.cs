using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust;
using ClawMesh.Edge.Trust.Desk;

namespace ClawMesh.Edge.Tests.Trust.Desk;

public class LeaseTests
{
    [Fact]
    public async Task A_lease_ends_by_itself_at_the_first_tick_after_its_end()
    {
        await using var desk = new PermitDesk();
        await desk.AskAsync(desk.Command(seconds: 5));

        desk.Time.Advance(TimeSpan.FromSeconds(4.99));
        desk.Desk.Tick();
        Assert.Equal(OutputValue.Active, desk.Actuator.ReadBack());

        desk.Time.Advance(TimeSpan.FromSeconds(0.02));
        desk.Desk.Tick();
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
        Assert.Equal([SafeCause.LeaseEnd], desk.Actuator.SafeCauses);
    }

    [Theory]
    [InlineData(-86_400)]
    [InlineData(86_400)]
    public async Task A_step_of_the_wall_clock_neither_lengthens_nor_ends_a_lease(int seconds)
    {
        await using var desk = new PermitDesk();
        await desk.AskAsync(desk.Command(seconds: 5));

        desk.Time.StepWallClock(TimeSpan.FromSeconds(seconds));
        desk.Time.Advance(TimeSpan.FromSeconds(4.9));
        desk.Desk.Tick();
        Assert.Equal(OutputValue.Active, desk.Actuator.ReadBack());

        desk.Time.Advance(TimeSpan.FromSeconds(0.2));
        desk.Desk.Tick();
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
    }

    [Fact]
    public async Task The_journal_shows_decision_outcome_and_end_in_this_order()
    {
        var desk = new PermitDesk();
        ActuationAnswer answer = await desk.AskAsync(desk.Command(seconds: 5));
        desk.Time.Advance(TimeSpan.FromSeconds(5));
        desk.Desk.Tick();

        IReadOnlyList<JournalRecord> records = await desk.EndAndReadAsync();

        Assert.Equal("decision:OK outcome:OK lease_end:lease_end", records.Words());
        Assert.All(records, r => Assert.Equal((answer.CommandId, answer.PermitId), (r.CommandId, r.PermitId)));
        OutputStateChange change = Assert.Single(desk.Changes);
        Assert.Equal((SafeCause.LeaseEnd, 3, answer.CommandId), (change.Cause, change.JournalSequence, change.CommandId));
        Assert.Equal(5, change.OnFor.TotalSeconds, 3);
    }

    [Fact]
    public async Task The_decision_is_in_the_journal_before_the_output_moves()
    {
        await using var desk = new PermitDesk();
        int recordsAtWrite = -1;
        desk.Actuator.BeforeRedeem = () => recordsAtWrite = desk.Journal.Records.Count(r => r is { Type: JournalRecordType.Decision, Code: "OK" });

        await desk.AskAsync(desk.Command());

        Assert.Equal(1, recordsAtWrite);
    }

    [Fact]
    public async Task The_end_is_recorded_after_the_outcome_even_when_the_effect_takes_longer_than_the_lease()
    {
        var desk = new PermitDesk();
        desk.Actuator.Effect = async leaseEnded =>
        {
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using (leaseEnded.Register(ended.SetResult)) await ended.Task;
            return DriveResult.Unconfirmed("the lease was shorter than the pipe is long");
        };
        Task<ActuationAnswer> asked = desk.AskAsync(desk.Command(seconds: 1));

        desk.Time.Advance(TimeSpan.FromSeconds(1));
        desk.Desk.Tick();
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
        ActuationAnswer answer = await asked;

        Assert.Equal(ActuationOutcome.EffectUnconfirmed, answer.Outcome);
        Assert.StartsWith("decision:OK outcome:NO_CONFIRMATION lease_end:lease_end", (await desk.EndAndReadAsync()).WithoutSafe().Words(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_record_of_the_end_waits_for_an_outcome_that_is_late()
    {
        var desk = new PermitDesk();
        using var journaled = new ManualResetEvent(false);
        using var waits = new ManualResetEvent(false);
        desk.Journal.Appending = entry =>
        {
            if (entry.Type == JournalRecordType.LeaseEnd) journaled.Set();
        };
        var seen = new TaskCompletionSource<DriveResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        desk.Actuator.Effect = _ => seen.Task;
        var time = new WatchedTime(desk.Time, armed => waits.Set());
        var watched = new ActuationDesk(
            PermitDesk.Self, [(desk.Actuator, desk.Policy)], desk.Journal, desk.Journal, desk.Readings, desk.Readiness, desk.Clock, desk.Events, desk,
            time, new DeskOptions { MeshId = () => "mesh" }, () => null, safetyThreads: null);
        Task<ActuationAnswer> asked = watched.AskAsync(desk.Command(seconds: 1));
        desk.Time.Advance(TimeSpan.FromSeconds(1));
        watched.Tick();

        Assert.Equal(1, WaitHandle.WaitAny([journaled, waits], TimeSpan.FromSeconds(20)));

        seen.SetResult(DriveResult.Unconfirmed("seen too late"));
        await asked;
        await watched.DisposeAsync();
        Assert.StartsWith("decision:OK outcome:NO_CONFIRMATION lease_end:lease_end", desk.Journal.Records.WithoutSafe().Words(), StringComparison.Ordinal);
        await desk.DisposeAsync();
    }

    [Fact]
    public async Task A_driver_that_lets_the_end_of_the_lease_out_as_a_cancellation_is_understood()
    {
        var desk = new PermitDesk();
        desk.Actuator.Effect = async leaseEnded =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, desk.Time, leaseEnded);
            return DriveResult.Unconfirmed("");
        };
        Task<ActuationAnswer> asked = desk.AskAsync(desk.Command(seconds: 1));

        desk.Time.Advance(TimeSpan.FromSeconds(1));
        desk.Desk.Tick();

        Assert.Equal((ActuationOutcome.EffectUnconfirmed, GateCodes.NoConfirmation), ((await asked).Outcome, (await asked).Code));
        Assert.Null(Assert.Single(desk.Desk.Outputs()).Latch);
        await desk.DisposeAsync();
    }

    [Fact]
    public async Task A_late_tick_ends_the_lease_and_says_how_late()
    {
        var desk = new PermitDesk();
        await desk.AskAsync(desk.Command(seconds: 5));
        desk.Time.Advance(TimeSpan.FromSeconds(5.25));
        desk.Desk.Tick();

        JournalRecord end = (await desk.EndAndReadAsync())[^1];

        using JsonDocument body = JsonDocument.Parse(end.Body);
        Assert.Equal(JournalRecordType.LeaseEnd, end.Type);
        Assert.Equal(250, body.RootElement.GetProperty("lateMs").GetDouble(), 0);
        Assert.Equal(5250, body.RootElement.GetProperty("onForMs").GetDouble(), 0);
        Assert.True(body.RootElement.GetProperty("confirmed").GetBoolean());
    }

    [Fact]
    public async Task Opening_while_open_replaces_the_lease_and_the_first_end_does_not_close()
    {
        var desk = new PermitDesk();
        await desk.AskAsync(desk.Command(seconds: 5));
        desk.Time.Advance(TimeSpan.FromSeconds(4));
        await desk.AskAsync(desk.Command(seconds: 5));

        desk.Time.Advance(TimeSpan.FromSeconds(4));
        desk.Desk.Tick();
        Assert.Equal(OutputValue.Active, desk.Actuator.ReadBack());

        desk.Time.Advance(TimeSpan.FromSeconds(1.1));
        desk.Desk.Tick();
        Assert.Equal(OutputValue.Inactive, desk.Actuator.ReadBack());
        Assert.Equal("decision:OK outcome:OK decision:OK outcome:OK lease_end:lease_end", (await desk.EndAndReadAsync()).Words());
    }

    [Fact]
    public async Task Closing_ends_the_lease_and_a_later_tick_has_nothing_to_end()
    {
        var desk = new PermitDesk();
        await desk.AskAsync(desk.Command(seconds: 5));
        await desk.AskAsync(desk.Command("close"));

        desk.Time.Advance(TimeSpan.FromSeconds(10));
        desk.Desk.Tick();

        Assert.Equal([SafeCause.Command], desk.Actuator.SafeCauses);
        Assert.DoesNotContain(await desk.EndAndReadAsync(), r => r.Type == JournalRecordType.LeaseEnd);
    }

    [Fact]
    public async Task A_safe_write_that_is_not_confirmed_latches_and_is_asked_again_until_it_is()
    {
        var desk = new PermitDesk();
        await desk.AskAsync(desk.Command(seconds: 5));
        desk.Actuator.SafeConfirms = false;
        desk.Time.Advance(TimeSpan.FromSeconds(5));
        for (int tick = 0; tick < 100; tick++)
        {
            desk.Desk.Tick();
            desk.Time.Advance(TimeSpan.FromMilliseconds(20));
        }

        Assert.InRange(desk.Actuator.SafeCauses.Count, 8, 12);
        Assert.Equal("fault", Assert.Single(desk.Desk.Outputs()).Latch?.Cause);
        Assert.True(Assert.Single(desk.Desk.Outputs()).SafePending);
        Assert.Equal(GateCodes.InterlockActive, (await desk.AskAsync(desk.Command())).Code);

        desk.Actuator.SafeConfirms = true;
        desk.Time.Advance(TimeSpan.FromMilliseconds(201));
        desk.Desk.Tick();
        Assert.False(Assert.Single(desk.Desk.Outputs()).SafePending);
        int settled = desk.Actuator.SafeCauses.Count;
        desk.Time.Advance(TimeSpan.FromSeconds(1));
        desk.Desk.Tick();
        Assert.Equal(settled, desk.Actuator.SafeCauses.Count);

        // Used to be one record and one event for each attempt, five a second for as long as the output did not answer.
        IReadOnlyList<JournalRecord> records = await desk.EndAndReadAsync();
        Assert.Equal(2, records.Count(r => r.Type == JournalRecordType.LeaseEnd));
        Assert.InRange(desk.Events.Newest(EventLog.Capacity, e => e.Type == EventTypes.Latch).Count, 1, 2);
        Assert.Contains("actuator:valve:V1", desk.Journal.Get("latches"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lease_whose_end_was_not_confirmed_cannot_be_started_over_by_a_release()
    {
        await using var desk = new PermitDesk();
        await desk.AskAsync(desk.Command(seconds: 5));
        desk.Actuator.SafeConfirms = false;
        desk.Time.Advance(TimeSpan.FromSeconds(5));
        desk.Desk.Tick();
        await desk.Desk.ReleaseAsync(null, "operator:anna", TestContext.Current.CancellationToken);

        ActuationAnswer answer = await desk.AskAsync(desk.Command());

        Assert.Equal(GateCodes.Busy, answer.Code);
        Assert.Single(desk.Actuator.Energising());
    }

    [Fact]
    public async Task The_status_counts_the_lease_down()
    {
        await using var desk = new PermitDesk();
        Assert.Null(Assert.Single(desk.Desk.Outputs()).LeaseLeft);
        await desk.AskAsync(desk.Command(seconds: 5));
        desk.Time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(3, Assert.Single(desk.Desk.Outputs()).LeaseLeft!.Value.TotalSeconds, 3);
        desk.Time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(TimeSpan.Zero, Assert.Single(desk.Desk.Outputs()).LeaseLeft);
    }

    /// <summary>A manual clock that tells of each timer that is armed.</summary>
    private sealed class WatchedTime(ManualTime inner, Action<TimeSpan> armed) : TimeProvider
    {
        public override long TimestampFrequency => inner.TimestampFrequency;

        public override long GetTimestamp() => inner.GetTimestamp();

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            ITimer timer = inner.CreateTimer(callback, state, dueTime, period);
            armed(dueTime);
            return timer;
        }
    }
}
