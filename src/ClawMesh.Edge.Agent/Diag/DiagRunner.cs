using System.Globalization;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>Makes checks side by side, each within its deadline, so that what hangs costs its own answer and nothing else.</summary>
internal static class DiagRunner
{
    /// <summary>Results in the order of the groups and of their checks.</summary>
    public static async Task<IReadOnlyList<CheckResult>> RunAsync(IEnumerable<IDiagGroup> groups, DiagContext context, CancellationToken cancellationToken)
    {
        IReadOnlyList<CheckResult>[] results = await Task.WhenAll(groups.Select(async group =>
            await RunAsync(await group.ChecksAsync(context, cancellationToken), context.Time, cancellationToken)));
        return [.. results.SelectMany(r => r)];
    }

    public static async Task<IReadOnlyList<CheckResult>> RunAsync(IReadOnlyList<DiagCheck> checks, TimeProvider time, CancellationToken cancellationToken) =>
        await Task.WhenAll(checks.Select(check => RunAsync(check, time, cancellationToken)));

    private static async Task<CheckResult> RunAsync(DiagCheck check, TimeProvider time, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        CheckOutcome outcome = await AnswerAsync(check, time, cancellationToken);
        return new CheckResult(check.Group, check.Name, outcome, time.GetElapsedTime(started));
    }

    private static async Task<CheckOutcome> AnswerAsync(DiagCheck check, TimeProvider time, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            return await OwnThread.Run(() => check.Run(stop.Token)).WaitAsync(check.Deadline, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            await stop.CancelAsync();
            return check.OnDeadline?.Invoke() ?? NoAnswer(check);
        }
        catch (EdgeException fault)
        {
            return CheckOutcome.Fail(fault);
        }
        catch (UnauthorizedAccessException refused)
        {
            return CheckOutcome.Skip("this user may not look at it; run as root or as the node's user").Because(refused.Message);
        }
        catch (IOException failure)
        {
            return CheckOutcome.Fail(check.DeadlineClass, $"'{check.Name}' could not be checked", "Look at the kernel log with `dmesg`, then run diag again.").Because(failure.Message);
        }
    }

    private static CheckOutcome NoAnswer(DiagCheck check) => CheckOutcome.Fail(
        check.DeadlineClass,
        string.Create(CultureInfo.InvariantCulture, $"'{check.Name}' gave no answer within {check.Deadline.TotalSeconds:0.#} s"),
        "Something behind it hangs: `dmesg | tail` names a stuck driver, bus or disk; check wiring and supply, or restart the machine.");
}

/// <summary>Work that may block for good. A thread of its own keeps it away from the pool, and a background thread does not hold the process.</summary>
internal static class OwnThread
{
    public static Task<T> Run<T>(Func<Task<T>> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).Unwrap();

    public static Task<T> Run<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
}
