using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Planner.Book;

namespace ClawMesh.Edge.Tests.World.Planner;

/// <summary>The life of a proposal.</summary>
public sealed class ProposalBookTests
{
    private readonly BookBench _bench = new();

    [Fact]
    [Trait("spec", "W-119")]
    public void A_proposal_that_a_person_approves_is_carried_out_and_tells_each_step_once()
    {
        Proposal offered = _bench.Offer(Drafts.Water(_bench.Time))!;
        Assert.Equal((ProposalStatus.AwaitingApproval, ApprovalLevel.L2, "intelligence"), (offered.Status, offered.Level, offered.CreatedBy));
        Assert.Equal(TimeSpan.FromMinutes(30), offered.ExpiresAt - offered.CreatedAt);
        Assert.Empty(_bench.Executor.Asked);

        Proposal done = _bench.Book.Approve(offered.TaskId, BookBench.Anna)!;

        Assert.Equal((ProposalStatus.Completed, "operator:anna", true), (done.Status, done.ResolvedBy, done.Result!.Ok));
        Assert.Equal(["Created:awaiting_approval", "Approved:approved", "Executing:executing", "Resolved:completed"], _bench.Steps(offered.TaskId));
        Assert.Null(_bench.Book.Approve(offered.TaskId, BookBench.Anna));
        Assert.Single(_bench.Executor.Asked);
        Assert.Empty(_bench.Book.Pending);
    }

    [Fact]
    [Trait("spec", "W-119")]
    public void A_rejection_ends_it_and_keeps_the_reason()
    {
        Proposal offered = _bench.Offer(Drafts.Water(_bench.Time))!;

        Proposal rejected = _bench.Book.Reject(offered.TaskId, BookBench.Anna, "it rains\nsoon")!;

        Assert.Equal((ProposalStatus.Rejected, "operator:anna", "it rains soon"), (rejected.Status, rejected.ResolvedBy, rejected.Result!.Error));
        Assert.Null(_bench.Book.Approve(offered.TaskId, BookBench.Anna));
        Assert.Null(_bench.Book.Reject(offered.TaskId, BookBench.Anna, null));
        Assert.Empty(_bench.Executor.Asked);
    }

    [Fact]
    [Trait("spec", "W-119")]
    public void What_nobody_decides_within_half_an_hour_is_rejected_by_the_system()
    {
        Proposal offered = _bench.Offer(Drafts.Water(_bench.Time))!;
        // The wall clock decides nothing.
        _bench.Time.StepWallClock(TimeSpan.FromDays(1));
        _bench.Pass(1_799);
        Assert.Equal(ProposalStatus.AwaitingApproval, _bench.Book.Find(offered.TaskId)!.Status);

        _bench.Pass(1);

        Proposal expired = _bench.Book.Find(offered.TaskId)!;
        Assert.Equal((ProposalStatus.Rejected, "system:expired"), (expired.Status, expired.ResolvedBy));
        Assert.Null(_bench.Book.Approve(offered.TaskId, BookBench.Anna));
    }

    [Fact]
    public void What_is_being_carried_out_does_not_expire()
    {
        var running = new TaskCompletionSource<ProposalResult>();
        _bench.Executor.Answer = (_, _) => running.Task;
        Proposal offered = _bench.Offer(Drafts.Water(_bench.Time))!;
        Assert.Equal(ProposalStatus.Executing, _bench.Book.Approve(offered.TaskId, BookBench.Anna)!.Status);

        _bench.Pass(4_000);

        Assert.Equal(ProposalStatus.Executing, _bench.Book.Find(offered.TaskId)!.Status);
        running.SetResult(new ProposalResult(false, "the tank is empty", "cmd-1", "INTERLOCK_ACTIVE"));
        Assert.Equal((ProposalStatus.Failed, "INTERLOCK_ACTIVE"), (_bench.Book.Find(offered.TaskId)!.Status, _bench.Book.Find(offered.TaskId)!.Result!.Code));
    }

    [Fact]
    public void An_executor_that_breaks_leaves_a_failed_proposal()
    {
        _bench.Executor.Answer = (_, _) => throw new InvalidOperationException("a wire fell off");
        Proposal offered = _bench.Offer(Drafts.Water(_bench.Time))!;

        Proposal failed = _bench.Book.Approve(offered.TaskId, BookBench.Anna)!;

        Assert.Equal((ProposalStatus.Failed, "a wire fell off"), (failed.Status, failed.Result!.Error));
    }

    [Fact]
    [Trait("spec", "W-121")]
    public void The_same_operation_of_the_same_target_is_proposed_once_in_ten_minutes_whatever_became_of_it()
    {
        Proposal first = _bench.Offer(Drafts.Water(_bench.Time))!;
        Assert.Null(_bench.Offer(Drafts.Water(_bench.Time, minutes: 5)));
        Assert.NotNull(_bench.Offer(Drafts.Water(_bench.Time, operation: "close", minutes: 0)));
        Assert.NotNull(_bench.Offer(Drafts.Water(_bench.Time, target: "actuator:valve:V2")));
        _bench.Book.Reject(first.TaskId, BookBench.Anna, null);
        _bench.Pass(599);
        Assert.Null(_bench.Offer(Drafts.Water(_bench.Time)));

        _bench.Pass(1);

        Assert.NotNull(_bench.Offer(Drafts.Water(_bench.Time)));
    }

    [Fact]
    [Trait("spec", "W-121")]
    public void Ten_that_wait_make_the_planner_pause_and_say_why()
    {
        List<Proposal> waiting = [];
        for (int n = 0; n < 10; n++)
        {
            Assert.Null(_bench.Book.PausedBecause);
            waiting.Add(_bench.OfferNew(n)!);
        }

        Assert.Contains("10 proposals wait", _bench.Book.PausedBecause, StringComparison.Ordinal);
        Assert.Null(_bench.OfferNew(10));
        _bench.Book.Reject(waiting[3].TaskId, BookBench.Anna, null);
        Assert.Null(_bench.Book.PausedBecause);
        Assert.NotNull(_bench.OfferNew(11));
    }

    [Fact]
    public void A_level_that_only_tells_is_never_carried_out_does_not_pause_and_expires()
    {
        Proposal told = _bench.OfferNew(0, ApprovalLevel.L0)!;
        Assert.Equal(ProposalStatus.Proposed, told.Status);
        Assert.Null(_bench.Book.Approve(told.TaskId, BookBench.Anna));
        Assert.Null(_bench.Book.Confirm(told.TaskId, BookBench.Anna));
        Assert.Null(_bench.Book.Reject(told.TaskId, BookBench.Anna, null));
        for (int n = 1; n < 32; n++) Assert.NotNull(_bench.OfferNew(n, ApprovalLevel.L0));
        Assert.Null(_bench.OfferNew(32, ApprovalLevel.L0));
        Assert.Null(_bench.Book.PausedBecause);
        Assert.Empty(_bench.Book.Pending);

        _bench.Pass(1_800);

        Assert.Empty(_bench.Executor.Asked);
        Assert.Empty(_bench.Book.Open);
        Assert.Equal("system:expired", _bench.Book.Find(told.TaskId)!.ResolvedBy);
    }

    [Fact]
    public void The_strongest_level_needs_two_calls_and_expires_between_them()
    {
        Proposal offered = _bench.Offer(Drafts.Water(_bench.Time, ApprovalLevel.L3))!;
        Assert.Null(_bench.Book.Confirm(offered.TaskId, BookBench.Anna));
        Assert.Equal(ProposalStatus.Approved, _bench.Book.Approve(offered.TaskId, BookBench.Anna)!.Status);
        Assert.Empty(_bench.Executor.Asked);
        Assert.Null(_bench.Book.Approve(offered.TaskId, BookBench.Anna));

        Proposal done = _bench.Book.Confirm(offered.TaskId, Approver.Operator("operator:ben"))!;

        Assert.Equal((ProposalStatus.Completed, "operator:anna"), (done.Status, done.ResolvedBy));
        Assert.Equal("operator:ben", Assert.Single(_bench.Executor.Asked).Approval.ConfirmedBy!.Name);
        Assert.Null(_bench.Book.Confirm(offered.TaskId, BookBench.Anna));

        Proposal unconfirmed = _bench.Offer(Drafts.Water(_bench.Time, ApprovalLevel.L3, target: "actuator:valve:V2"))!;
        _bench.Book.Approve(unconfirmed.TaskId, BookBench.Anna);
        _bench.Pass(1_800);
        Assert.Equal("system:expired", _bench.Book.Find(unconfirmed.TaskId)!.ResolvedBy);
        Assert.Null(_bench.Book.Confirm(unconfirmed.TaskId, BookBench.Anna));
    }

    [Fact]
    [Trait("spec", "W-119")]
    public void An_automatic_one_is_carried_out_at_once_where_an_operator_wrote_so_and_a_sensor_has_just_spoken()
    {
        var bench = new BookBench([Drafts.Goal()]);

        Proposal done = bench.Offer(Drafts.Water(bench.Time, ApprovalLevel.L1))!;

        Assert.Equal((ProposalStatus.Completed, ApprovalLevel.L1, "policy:goals.json/V1"), (done.Status, done.Level, done.ResolvedBy));
        Assert.Equal(["Created:approved", "Executing:executing", "Resolved:completed"], bench.Steps(done.TaskId));
        Assert.True(Assert.Single(bench.Executor.Asked).Approval.Automatic);
    }

    [Theory]
    [InlineData("no goals")]
    [InlineData("goal asks a person")]
    [InlineData("too long")]
    [InlineData("old evidence")]
    [InlineData("no evidence")]
    public void An_automatic_one_without_its_ground_waits_for_a_person(string lacking)
    {
        var bench = new BookBench(lacking == "no goals" ? null : [Drafts.Goal(lacking == "goal asks a person" ? ApprovalLevel.L2 : ApprovalLevel.L1)]);
        ProposalDraft draft = Drafts.Water(bench.Time, ApprovalLevel.L1, minutes: lacking == "too long" ? 21 : 10, evidence: lacking == "no evidence" ? [] : null);
        if (lacking == "old evidence") bench.Time.Advance(TimeSpan.FromSeconds(91));

        Proposal offered = bench.Offer(draft)!;

        Assert.Equal((ProposalStatus.AwaitingApproval, ApprovalLevel.L2), (offered.Status, offered.Level));
        Assert.Empty(bench.Executor.Asked);
    }

    [Fact]
    public void Minutes_of_the_site_become_seconds_of_the_node()
    {
        Assert.Equal("""{"durationSec":600}""", _bench.Offer(Drafts.Water(_bench.Time))!.OperationParams!.Value.GetRawText());
        Assert.Null(_bench.Offer(Drafts.Water(_bench.Time, operation: "close", minutes: 0))!.OperationParams);
        var fast = new BookBench(rate: 1_000);
        Assert.Equal("""{"durationSec":0.6}""", fast.Offer(Drafts.Water(fast.Time))!.OperationParams!.Value.GetRawText());
        var faster = new BookBench(rate: 1e9);
        Assert.Equal("""{"durationSec":0.001}""", faster.Offer(Drafts.Water(faster.Time))!.OperationParams!.Value.GetRawText());
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-1)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(1e6)]
    public void A_duration_that_is_none_is_a_bug_of_the_planner(double minutes) =>
        Assert.Throws<ArgumentException>(() => _bench.Offer(Drafts.Water(_bench.Time, minutes: minutes)));

    [Fact]
    public void The_effect_is_compared_when_its_time_has_come_and_a_fresh_value_is_at_hand()
    {
        var bench = new BookBench(rate: 60);
        var expected = new Expectation("forecast-1", 21, 60, 20, 30, 28, 33);
        Proposal offered = bench.Offer(Drafts.Water(bench.Time, expectation: expected))!;
        bench.Book.Approve(offered.TaskId, BookBench.Anna);
        bench.Measured = 31.5;
        bench.Pass(59);
        Assert.Null(bench.Book.Find(offered.TaskId)!.Comparison);
        bench.Measured = null;
        bench.Pass(2);
        Assert.Null(bench.Book.Find(offered.TaskId)!.Comparison);

        bench.Measured = 31.5;
        bench.Pass(1);

        Comparison seen = bench.Book.Find(offered.TaskId)!.Comparison!;
        Assert.Equal((31.5, 30.0, 1.5, true), (seen.MeasuredPercent, seen.ExpectedPercent, seen.ErrorPercent, seen.Inside));
        Assert.Equal(ProposalStep.Compared, bench.Changes[^1].Step);
        bench.Measured = 10;
        bench.Pass(60);
        Assert.Equal(31.5, bench.Book.Find(offered.TaskId)!.Comparison!.MeasuredPercent);
    }

    [Fact]
    public void An_effect_that_cannot_be_measured_in_time_is_not_compared_and_says_so_once()
    {
        var bench = new BookBench(rate: 60);
        Proposal offered = bench.Offer(Drafts.Water(bench.Time, expectation: new Expectation("f", 21, 60, 20, 30, 28, 33)))!;
        bench.Book.Approve(offered.TaskId, BookBench.Anna);
        bench.Pass(119);
        Assert.DoesNotContain(bench.Changes, c => c.Step == ProposalStep.NotCompared);

        bench.Pass(1);
        bench.Measured = 30;
        bench.Pass(10);

        Assert.Single(bench.Changes, c => c.Step == ProposalStep.NotCompared);
        Assert.Null(bench.Book.Find(offered.TaskId)!.Comparison);
    }

    [Fact]
    public void What_failed_has_no_effect_to_compare()
    {
        var bench = new BookBench(rate: 60) { Measured = 30 };
        bench.Executor.Answer = (_, _) => Task.FromResult(new ProposalResult(false, "no", "cmd-1", "INTERLOCK_ACTIVE"));
        Proposal offered = bench.Offer(Drafts.Water(bench.Time, expectation: new Expectation("f", 21, 60, 20, 30, 28, 33)))!;
        bench.Book.Approve(offered.TaskId, BookBench.Anna);
        bench.Pass(200);
        Assert.Null(bench.Book.Find(offered.TaskId)!.Comparison);
        Assert.DoesNotContain(bench.Changes, c => c.Step is ProposalStep.Compared or ProposalStep.NotCompared);
    }

    [Fact]
    [Trait("spec", "W-82")]
    public void Memory_is_bounded_under_a_flood_of_offers()
    {
        for (int n = 0; n < 5_000; n++)
        {
            if (_bench.OfferNew(n) is { } offered) _bench.Book.Reject(offered.TaskId, BookBench.Anna, null);
            if (n % 100 == 0) _bench.Pass(60);
        }

        Assert.Equal(256, _bench.Book.All.Count);
    }

    [Fact]
    public async Task A_book_that_closes_stops_what_runs_and_takes_nothing_more()
    {
        _bench.Executor.Answer = async (_, ct) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _bench.Time, ct);
            throw new InvalidOperationException("unreached");
        };
        Proposal offered = _bench.Offer(Drafts.Water(_bench.Time))!;
        _bench.Book.Approve(offered.TaskId, BookBench.Anna);

        await _bench.Book.DisposeAsync();

        Assert.Contains("may have acted", _bench.Book.Find(offered.TaskId)!.Result!.Error, StringComparison.Ordinal);
        Assert.Null(_bench.OfferNew(7));
    }

    [Fact]
    public void Of_many_who_decide_at_once_one_decides_and_each_step_is_told_once_in_order()
    {
        for (int round = 0; round < 200; round++)
        {
            Proposal offered = _bench.OfferNew(round)!;
            int decided = 0;
            Parallel.For(0, 8, n =>
            {
                if ((n % 2 == 0 ? _bench.Book.Approve(offered.TaskId, BookBench.Anna) : _bench.Book.Reject(offered.TaskId, BookBench.Anna, null)) is not null) Interlocked.Increment(ref decided);
            });
            Assert.Equal(1, decided);
            bool carriedOut = _bench.Book.Find(offered.TaskId)!.Status == ProposalStatus.Completed;
            Assert.Equal(carriedOut ? 1 : 0, _bench.Executor.Asked.Count(a => a.Proposal.TaskId == offered.TaskId));
            Assert.Equal(
                carriedOut ? ["Created:awaiting_approval", "Approved:approved", "Executing:executing", "Resolved:completed"] : ["Created:awaiting_approval", "Resolved:rejected"],
                _bench.Steps(offered.TaskId));
            _bench.Pass(5);
        }
    }

    [Fact]
    public void The_frames_of_its_sensors_are_named_five_at_most()
    {
        SensorEvidence[] evidence = [.. Enumerable.Range(0, 8).Select(n => Drafts.Evidence(_bench.Time, $"frame-{n / 2 * 2}")), .. Enumerable.Range(0, 4).Select(n => Drafts.Evidence(_bench.Time, $"more-{n}"))];
        Assert.Equal(["frame-0", "frame-2", "frame-4", "frame-6", "more-0"], _bench.Offer(Drafts.Water(_bench.Time, evidence: evidence))!.TriggerFrameIds);
    }
}
