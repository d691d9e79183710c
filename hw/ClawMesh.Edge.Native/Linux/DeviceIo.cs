using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>struct pollfd</c> of poll.h: 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollTarget
{
    public int FileDescriptor;
    public short Wanted;
    public short Seen;
}

/// <summary><c>read(2)</c>, <c>write(2)</c> and <c>poll(2)</c> of a file opened with O_NONBLOCK.</summary>
internal static partial class DeviceIo
{
    // asm-generic/fcntl.h
    internal const int NoControllingTerminal = 0x100;
    internal const int NonBlocking = 0x800;

    // asm-generic/poll.h
    internal const short Readable = 0x1;
    internal const short Writable = 0x4;
    internal const short Broken = 0x8 | 0x10 | 0x20;

    /// <summary>The bytes read, 0 at the end of the file, −1 with errno set.</summary>
    internal static int Read(SafeFileHandle file, Span<byte> bytes) => (int)Read(file, bytes, (nuint)bytes.Length);

    /// <summary>The bytes written, −1 with errno set.</summary>
    internal static int Write(SafeFileHandle file, ReadOnlySpan<byte> bytes) => (int)Write(file, bytes, (nuint)bytes.Length);

    /// <summary>What became true of <paramref name="wanted"/> and <see cref="Broken"/>, 0 when nothing did in time, −1 with errno set.</summary>
    internal static int Wait(SafeFileHandle file, short wanted, int milliseconds)
    {
        bool held = false;
        try
        {
            file.DangerousAddRef(ref held);
            var target = new PollTarget { FileDescriptor = (int)file.DangerousGetHandle(), Wanted = wanted };
            int ready = Poll(ref target, 1, milliseconds);
            return ready > 0 ? target.Seen : ready;
        }
        finally
        {
            if (held) file.DangerousRelease();
        }
    }

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle file, Span<byte> bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollTarget targets, nuint count, int milliseconds);
}
