using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Linux.Serial;

/// <summary>One end of a pair of pseudo-terminals (pty(7)); the other end has a name and can be opened as any tty. Tests put a part there.</summary>
internal static partial class PseudoTerminal
{
    // TIOCSPTLCK, TIOCGPTN: asm-generic/ioctls.h
    private const nuint SetLock = 0x4004_5431;
    private const nuint GetNumber = 0x8004_5430;

    /// <summary>An invalid handle with errno set when it fails.</summary>
    internal static SafeFileHandle Open(out string otherEnd)
    {
        otherEnd = "";
        SafeFileHandle file = FileDescriptor.Open("/dev/ptmx", FileDescriptor.ReadWrite | DeviceIo.NoControllingTerminal);
        if (file.IsInvalid) return file;
        int argument = 0;
        if (Ioctl(file, SetLock, ref argument) == 0 && Ioctl(file, GetNumber, ref argument) == 0)
        {
            otherEnd = string.Create(CultureInfo.InvariantCulture, $"/dev/pts/{argument}");
            return file;
        }

        file.SetHandleAsInvalid();
        return file;
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeFileHandle file, nuint request, ref int argument);
}
