using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Agent.Diag;

public sealed class DiagRunnerTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_check_that_hangs_is_cut_off_at_its_deadline_and_named_while_the_others_answer()
    {
        using var never = new ManualResetEventSlim();
        DiagCheck[] checks =
        [
            new("io", "sensor:soil:zone-9", () => Block(never)) { Deadline = TimeSpan.FromSeconds(2), DeadlineClass = FailureClass.BusIo },
            // A deadline of its own: its thread may come late, and the clock of the test does not wait for it.
            new("io", "gpio", () => CheckOutcome.Pass("fine")) { Deadline = TimeSpan.FromMinutes(1) },
        ];

        Task<IReadOnlyList<CheckResult>> run = DiagRunner.RunAsync(checks, _time, TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromSeconds(2));
        IReadOnlyList<CheckResult> results = await run;

        Assert.Equal((CheckStatus.Fail, FailureClass.BusIo), (results[0].Outcome.Status, results[0].Outcome.FailureClass));
        Assert.Equal("'sensor:soil:zone-9' gave no answer within 2 s", results[0].Outcome.Summary);
        Assert.NotEqual("", results[0].Outcome.Fix);
        Assert.Equal("io.sensor:soil:zone-9", results[0].Id);
        Assert.InRange(results[0].Duration.TotalSeconds, 1.999, 2.001);
        Assert.Equal(CheckStatus.Pass, results[1].Outcome.Status);
        never.Set();
    }

    [Fact]
    public async Task The_token_of_a_check_is_cancelled_at_its_deadline()
    {
        var begun = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        var check = new DiagCheck("io", "slow", async ct =>
        {
            begun.SetResult();
            ct.Register(cancelled.SetResult);
            await cancelled.Task;
            return CheckOutcome.Pass("too late");
        });

        Task<IReadOnlyList<CheckResult>> run = DiagRunner.RunAsync([check], _time, TestContext.Current.CancellationToken);
        await begun.Task;
        _time.Advance(DiagCheck.DefaultDeadline);

        Assert.Equal(CheckStatus.Fail, Assert.Single(await run).Outcome.Status);
        await cancelled.Task;
    }

    [Fact]
    public async Task A_check_may_say_itself_what_its_deadline_means()
    {
        using var never = new ManualResetEventSlim();
        var check = new DiagCheck("storage", "journal", () => Block(never))
        {
            OnDeadline = () => CheckOutcome.Warn(FailureClass.Storage, "too large for a look", "Use --deep."),
        };

        Task<IReadOnlyList<CheckResult>> run = DiagRunner.RunAsync([check], _time, TestContext.Current.CancellationToken);
        _time.Advance(DiagCheck.DefaultDeadline);

        Assert.Equal("Use --deep.", Assert.Single(await run).Outcome.Fix);
        never.Set();
    }

    [Fact]
    public async Task A_fault_is_a_fail_with_the_words_of_the_fault()
    {
        CheckOutcome outcome = await OneAsync(() => throw new EdgeException("bus.stuck", "Could not read.", "SDA is low.", "Power-cycle the sensor.", FailureClass.BusIo));

        Assert.Equal((CheckStatus.Fail, "Could not read.", "Power-cycle the sensor.", FailureClass.BusIo), (outcome.Status, outcome.Summary, outcome.Fix, outcome.FailureClass));
        Assert.Equal(["SDA is low."], outcome.Details);
    }

    [Fact]
    public async Task What_this_user_may_not_look_at_is_skipped_with_that_reason()
    {
        CheckOutcome outcome = await OneAsync(() => throw new UnauthorizedAccessException("Access to the path '/x' is denied."));

        Assert.Equal(CheckStatus.Skip, outcome.Status);
        Assert.Contains("may not look", outcome.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_file_is_a_fail_with_a_fix()
    {
        CheckOutcome outcome = await OneAsync(() => throw new IOException("Input/output error"));

        Assert.Equal(CheckStatus.Fail, outcome.Status);
        Assert.Contains("dmesg", outcome.Fix, StringComparison.Ordinal);
        Assert.Equal(["Input/output error"], outcome.Details);
    }

    [Fact]
    public async Task Results_keep_the_order_of_the_checks()
    {
        DiagCheck[] checks = [.. Enumerable.Range(0, 40).Select(n => new DiagCheck("io", $"c{n}", () => CheckOutcome.Pass("fine")))];

        IReadOnlyList<CheckResult> results = await DiagRunner.RunAsync(checks, _time, TestContext.Current.CancellationToken);

        Assert.Equal(checks.Select(c => c.Name), results.Select(r => r.Name));
    }

    private async Task<CheckOutcome> OneAsync(Func<CheckOutcome> run) =>
        Assert.Single(await DiagRunner.RunAsync([new DiagCheck("g", "one", run)], _time, TestContext.Current.CancellationToken)).Outcome;

    private static CheckOutcome Block(ManualResetEventSlim never)
    {
        never.Wait();
        return CheckOutcome.Pass("never");
    }
}
