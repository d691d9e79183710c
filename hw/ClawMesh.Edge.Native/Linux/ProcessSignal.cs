using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>kill(2)</c> with signal 0: asks whether a process exists and sends nothing.</summary>
internal static partial class ProcessSignal
{
    /// <summary>True also for a process of another user, which may not be signalled. A pid can be reused: this is a hint, never a lock.</summary>
    internal static bool Exists(int processId) =>
        processId > 0 && (Kill(processId, 0) == 0 || Marshal.GetLastPInvokeError() == Errno.Eperm);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
