using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>eventfd(2)</c>: wakes a thread that waits in <see cref="EventPoll"/>.</summary>
internal static partial class EventCounter
{
    // sys/eventfd.h: EFD_CLOEXEC | EFD_NONBLOCK
    private const int Flags = 0x8_0000 | 0x800;

    /// <summary>An invalid handle with errno set when it fails.</summary>
    internal static SafeFileHandle Create() => CreateCounter(0, Flags);

    internal static void Raise(SafeFileHandle counter)
    {
        // It fails only when the counter is full, and then the waiter wakes anyway.
        ulong one = 1;
        _ = Write(counter, in one, sizeof(ulong));
    }

    internal static void Clear(SafeFileHandle counter)
    {
        ulong count = 0;
        _ = Read(counter, ref count, sizeof(ulong));
    }

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial SafeFileHandle CreateCounter(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle file, in ulong value, nuint count);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle file, ref ulong value, nuint count);
}
