using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Hardware.Outputs;

/// <summary>Runs asynchronous driver code on the test's own thread, so that a manual clock decides everything.</summary>
internal static class Inline
{
    /// <summary>Starts without a synchronisation context: continuations then run inside <see cref="ManualTime.Advance"/>.</summary>
    public static Task<T> Start<T>(Func<Task<T>> work)
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return work();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    /// <summary>Moves the clock in small steps until the task ends, at most a minute.</summary>
    public static async Task<T> Finish<T>(Task<T> task, ManualTime time, Action? eachStep = null)
    {
        for (int step = 0; step < 6_000 && !task.IsCompleted; step++)
        {
            time.Advance(TimeSpan.FromMilliseconds(10));
            eachStep?.Invoke();
        }

        Assert.True(task.IsCompleted, "The work did not end within a minute of manual time.");
        return await task;
    }
}
