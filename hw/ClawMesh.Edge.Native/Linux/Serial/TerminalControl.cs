using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Linux.Serial;

/// <summary>The ioctls of a tty (asm-generic/ioctls.h, ioctl_tty(2)). Each answers false with errno set.</summary>
internal static partial class TerminalControl
{
    private const nuint GetSettings = 0x5401;
    private const nuint SetSettings = 0x5402;
    private const nuint SendBreak = 0x5409;
    private const nuint Flush = 0x540B;
    private const nuint Exclusive = 0x540C;

    // TCIFLUSH
    private const nint InputQueue = 0;

    internal static bool TryGet(SafeFileHandle terminal, out TerminalSettings settings)
    {
        settings = default;
        return Ioctl(terminal, GetSettings, ref settings) == 0;
    }

    /// <summary>True also when the driver took only part of it: look with <see cref="TryGet"/>.</summary>
    internal static bool TrySet(SafeFileHandle terminal, ref TerminalSettings settings) => Ioctl(terminal, SetSettings, ref settings) == 0;

    /// <summary>Waits until everything written is on the wire, as tcdrain(3) does: a break of length 1 is none.</summary>
    internal static bool TryDrain(SafeFileHandle terminal)
    {
        int result;
        do
        {
            result = Ioctl(terminal, SendBreak, 1);
        }
        while (result != 0 && Marshal.GetLastPInvokeError() == Errno.Eintr);
        return result == 0;
    }

    internal static bool TryDiscardInput(SafeFileHandle terminal) => Ioctl(terminal, Flush, InputQueue) == 0;

    /// <summary>From now on nobody but root can open this terminal, until its last holder closes it.</summary>
    internal static bool TryClaim(SafeFileHandle terminal) => Ioctl(terminal, Exclusive, 0) == 0;

    // ioctl is variadic in C. Declaring it with fixed arguments is sound on linux-arm64 and linux-x64.
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeFileHandle file, nuint request, ref TerminalSettings settings);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeFileHandle file, nuint request, nint argument);
}
