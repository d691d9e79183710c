using System.Globalization;
using System.Runtime.InteropServices;
using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>Raises the calling thread, which must be a dedicated one (the safety tick), never one of the pool.</summary>
/// <remarks>Not called ThreadPriority: that name is taken by System.Threading.</remarks>
public static class SafetyScheduling
{
    // Below the kernel's threaded interrupt handlers (50), which the buses need to make progress.
    private static readonly int[] FifoPriorities = [49, 10, 1];

    private static readonly int[] NiceValues = [-20, -10, -5];

    /// <summary>Takes SCHED_FIFO if permitted, otherwise the best nice value, otherwise nothing. Never throws.</summary>
    /// <returns>What was obtained, in words for the log and <c>diag</c>.</returns>
    public static string RaiseForSafety()
    {
        foreach (int priority in FifoPriorities)
        {
            if (ThreadScheduler.TrySetFifo(priority)) return Text($"SCHED_FIFO priority {priority}");
        }

        string refusal = LinuxFault.Text(Marshal.GetLastPInvokeError());
        foreach (int nice in NiceValues)
        {
            if (ThreadScheduler.TrySetNice(nice)) return Text($"nice {nice} (no SCHED_FIFO: {refusal})");
        }

        return $"normal priority (no SCHED_FIFO: {refusal}); give the unit LimitRTPRIO=49";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
