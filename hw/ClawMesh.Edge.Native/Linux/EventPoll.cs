using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>epoll(7)</c>, level-triggered, reading only.</summary>
internal static unsafe partial class EventPoll
{
    // sys/epoll.h. Errors and hang-ups are reported without being asked for.
    private const int CloseOnExec = 0x8_0000;
    private const int ControlAdd = 1;
    private const int ControlDelete = 2;
    private const uint ReadableOrUrgent = 0x1 | 0x2;
    private const int MaxEvents = 16;

    // struct epoll_event is packed on x64 and on no other architecture (EPOLL_PACKED in eventpoll.h).
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventBytes = DataOffset + sizeof(ulong);

    /// <summary>An invalid handle with errno set when it fails.</summary>
    internal static SafeFileHandle Create() => CreatePoll(CloseOnExec);

    /// <summary>0, or the error number.</summary>
    /// <param name="key">Comes back from <see cref="Wait"/>.</param>
    internal static int Add(SafeFileHandle poll, SafeFileHandle file, int key)
    {
        byte* entry = stackalloc byte[16];
        *(uint*)entry = ReadableOrUrgent;
        BinaryPrimitives.WriteUInt64LittleEndian(new Span<byte>(entry + DataOffset, sizeof(ulong)), (uint)key);
        return Control(poll, ControlAdd, file, entry) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <inheritdoc cref="Add"/>
    internal static int Remove(SafeFileHandle poll, SafeFileHandle file)
    {
        byte* unused = stackalloc byte[16];
        return Control(poll, ControlDelete, file, unused) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Blocks until something is ready; at most 16 keys at once. The count, or −1 with errno set.</summary>
    internal static int Wait(SafeFileHandle poll, Span<int> keys)
    {
        byte* events = stackalloc byte[MaxEvents * 16];
        int count;
        do
        {
            count = WaitForEvents(poll, events, Math.Min(keys.Length, MaxEvents), -1);
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == Errno.Eintr);

        for (int i = 0; i < count; i++)
            keys[i] = (int)BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(events + (i * EventBytes) + DataOffset, sizeof(ulong)));
        return count;
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial SafeFileHandle CreatePoll(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle poll, int operation, SafeFileHandle file, byte* entry);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int WaitForEvents(SafeFileHandle poll, byte* events, int max, int timeoutMs);
}
