using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Linux.Gpio;

/// <summary>The ioctls of linux/gpio.h uAPI v2 (kernel 5.10 and later), and reading events. All return 0 or the error number.</summary>
internal static unsafe partial class GpioDevice
{
    // _IOR and _IOWR of 0xB4 with the sizes of the structs; the same on x64 and arm64.
    internal const uint GetChipInfo = 0x8044_B401;
    internal const uint GetLineInfo = 0xC100_B405;
    internal const uint GetLine = 0xC250_B407;
    internal const uint GetLineValues = 0xC010_B40E;
    internal const uint SetLineValues = 0xC010_B40F;

    // fcntl.h
    private const int GetFlags = 3;
    private const int SetFlags = 4;
    private const int NonBlocking = 0x800;

    internal static int ReadChip(SafeFileHandle chip, out GpioChipInfo info)
    {
        info = default;
        fixed (GpioChipInfo* argument = &info) return Control(chip, GetChipInfo, argument);
    }

    /// <param name="info">Names the line by its offset; the rest is filled in.</param>
    internal static int ReadLine(SafeFileHandle chip, ref GpioLineInfo info)
    {
        fixed (GpioLineInfo* argument = &info) return Control(chip, GetLineInfo, argument);
    }

    /// <summary>Takes the lines; outputs get their values in the same step. Reading events from the handle never blocks.</summary>
    internal static int Request(SafeFileHandle chip, ref GpioLineRequest request, out SafeFileHandle? lines)
    {
        lines = null;
        int error;
        fixed (GpioLineRequest* argument = &request) error = Control(chip, GetLine, argument);
        if (error != 0) return error;
        lines = new SafeFileHandle(request.FileDescriptor, ownsHandle: true);
        int flags = FileControl(lines, GetFlags, 0);
        if (flags >= 0 && FileControl(lines, SetFlags, flags | NonBlocking) >= 0) return 0;
        error = Marshal.GetLastPInvokeError();
        lines.Dispose();
        lines = null;
        return error;
    }

    internal static int ReadValues(SafeFileHandle lines, ref GpioLineValues values)
    {
        fixed (GpioLineValues* argument = &values) return Control(lines, GetLineValues, argument);
    }

    internal static int WriteValues(SafeFileHandle lines, ref GpioLineValues values)
    {
        fixed (GpioLineValues* argument = &values) return Control(lines, SetLineValues, argument);
    }

    /// <summary>Takes waiting events; EWOULDBLOCK when there are none.</summary>
    internal static int ReadEvents(SafeFileHandle lines, Span<GpioLineEvent> events, out int count)
    {
        nint read;
        fixed (GpioLineEvent* buffer = events)
        {
            do
            {
                read = Read(lines, buffer, (nuint)(events.Length * sizeof(GpioLineEvent)));
            }
            while (read < 0 && Marshal.GetLastPInvokeError() == Errno.Eintr);
        }

        count = read < 0 ? 0 : (int)read / sizeof(GpioLineEvent);
        return read < 0 ? Marshal.GetLastPInvokeError() : 0;
    }

    private static int Control(SafeFileHandle file, uint request, void* argument)
    {
        while (IoControl(file, request, argument) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Errno.Eintr) return error;
        }

        return 0;
    }

    // ioctl and fcntl are variadic in C. Declaring them with fixed arguments is sound on linux-arm64 and linux-x64.
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle file, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(SafeFileHandle file, int command, int argument);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle file, void* buffer, nuint count);
}
