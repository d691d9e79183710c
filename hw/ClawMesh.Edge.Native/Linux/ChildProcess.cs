using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>posix_spawn(3)</c> with standard output in a pipe, and standard error if wanted, nothing on standard input, a process group of its own, and <c>waitpid(2)</c>.</summary>
internal static unsafe partial class ChildProcess
{
    // spawn.h: posix_spawn_file_actions_t has 80 bytes in glibc; there is room for any other C library. O_CLOEXEC is of asm-generic/fcntl.h.
    private const int ActionsBytes = 512;

    // Likewise posix_spawnattr_t, 336 bytes.
    private const int AttributesBytes = 1024;
    private const short OwnGroup = 2;
    private const int CloseOnExec = 0x8_0000;
    private const int WaitNoHang = 1;
    private const int SignalKill = 9;

    /// <summary>Starts a program. 0, or the error number: ENOENT when there is none.</summary>
    /// <param name="path">Without a search in PATH.</param>
    /// <param name="withErrors">Its standard error comes through the same pipe; otherwise it is this process's.</param>
    /// <param name="output">What it writes; reading ends when it and its children have ended.</param>
    internal static int Start(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, bool withErrors, out int processId, out SafeFileHandle output)
    {
        processId = 0;
        output = new SafeFileHandle();
        int* ends = stackalloc int[2];
        if (Pipe(ends, CloseOnExec) != 0) return Marshal.GetLastPInvokeError();
        output = new SafeFileHandle(ends[0], ownsHandle: true);
        using var write = new SafeFileHandle(ends[1], ownsHandle: true);

        byte* actions = stackalloc byte[ActionsBytes];
        int error = ActionsInit(actions);
        if (error != 0) return error;
        byte* attributes = stackalloc byte[AttributesBytes];
        error = AttributesInit(attributes);
        if (error != 0)
        {
            _ = ActionsDestroy(actions);
            return error;
        }

        nint[] argv = Texts([path, .. arguments]);
        nint[] envp = Texts(environment);
        try
        {
            error = ActionsOpen(actions, 0, "/dev/null", 0, 0);
            if (error == 0) error = ActionsDup(actions, ends[1], 1);
            if (error == 0 && withErrors) error = ActionsDup(actions, ends[1], 2);
            if (error == 0) error = AttributesGroup(attributes, 0);
            if (error == 0) error = AttributesFlags(attributes, OwnGroup);
            if (error != 0) return error;
            fixed (nint* a = argv, e = envp) return Spawn(out processId, path, actions, attributes, a, e);
        }
        finally
        {
            _ = AttributesDestroy(attributes);
            _ = ActionsDestroy(actions);
            Free(argv);
            Free(envp);
        }
    }

    /// <summary>Reads what is there, waiting for it at most <paramref name="timeoutMs"/>. The count; 0 at the end; −1 when nothing came in time.</summary>
    internal static int Read(SafeFileHandle output, Span<byte> buffer, int timeoutMs)
    {
        if (DeviceIo.Wait(output, DeviceIo.Readable, timeoutMs) <= 0) return -1;
        int count = DeviceIo.Read(output, buffer);
        // An error is the end as well: there is nothing more to come.
        return Math.Max(count, 0);
    }

    internal static void Pause(int milliseconds) => _ = Poll(null, 0, milliseconds);

    /// <summary>The exit code, or minus the signal that ended it; null while it lives.</summary>
    internal static int? TryReap(int processId)
    {
        int got = WaitPid(processId, out int status, WaitNoHang);
        if (got == 0) return null;
        // sys/wait.h: the low seven bits are the signal, the next byte the exit code.
        return got < 0 ? -1 : (status & 0x7f) == 0 ? (status >> 8) & 0xff : -(status & 0x7f);
    }

    /// <summary>Kills it and what it has started, unless that has left its process group.</summary>
    internal static void End(int processId) => _ = Kill(-processId, SignalKill);

    private static nint[] Texts(IReadOnlyList<string> texts)
    {
        var pointers = new nint[texts.Count + 1];
        for (int i = 0; i < texts.Count; i++) pointers[i] = Marshal.StringToCoTaskMemUTF8(texts[i]);
        return pointers;
    }

    private static void Free(nint[] texts)
    {
        foreach (nint text in texts) Marshal.FreeCoTaskMem(text);
    }

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int Pipe(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Spawn(out int processId, string path, byte* actions, void* attributes, nint* arguments, nint* environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int ActionsInit(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int ActionsDestroy(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ActionsOpen(byte* actions, int file, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int ActionsDup(byte* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int AttributesInit(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int AttributesDestroy(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int AttributesFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setpgroup")]
    private static partial int AttributesGroup(byte* attributes, int group);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(void* entries, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitPid(int processId, out int status, int options);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
