using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>sched_setscheduler(2)</c> and <c>setpriority(2)</c> on the calling thread. Linux schedules threads, so id 0 is this thread.</summary>
internal static partial class ThreadScheduler
{
    // linux/sched.h. Reset on fork keeps real-time priority from leaking into child processes.
    private const int SchedFifo = 1;
    private const int SchedResetOnFork = 0x4000_0000;

    // sys/resource.h
    private const int PrioProcess = 0;

    /// <param name="priority">1 to 99.</param>
    /// <returns>False with errno set; EPERM without CAP_SYS_NICE or a sufficient RLIMIT_RTPRIO.</returns>
    internal static bool TrySetFifo(int priority) => SetScheduler(0, SchedFifo | SchedResetOnFork, in priority) == 0;

    /// <param name="nice">−20 (first) to 19 (last).</param>
    /// <returns>False with errno set; EACCES without CAP_SYS_NICE or a sufficient RLIMIT_NICE.</returns>
    internal static bool TrySetNice(int nice) => SetPriority(PrioProcess, 0, nice) == 0;

    // struct sched_param holds one int, the priority.
    [LibraryImport("libc", EntryPoint = "sched_setscheduler", SetLastError = true)]
    private static partial int SetScheduler(int threadId, int policy, in int priority);

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, uint who, int nice);
}
