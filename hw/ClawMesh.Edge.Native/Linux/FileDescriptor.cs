using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Linux;

/// <summary>
/// <c>open(2)</c> without what the base library adds: .NET takes a shared <c>flock</c> on every file it opens, which would fight
/// with a lock of ours, and it does not open directories.
/// </summary>
internal static partial class FileDescriptor
{
    // asm-generic/fcntl.h; these six are equal on x64 and arm64 (O_DIRECTORY and O_NOFOLLOW are not, so they are not used).
    internal const int ReadOnly = 0;
    internal const int ReadWrite = 2;
    internal const int Create = 0x40;
    internal const int NonBlocking = 0x800;
    internal const int CloseOnExec = 0x8_0000;

    /// <summary>O_PATH: a name for the file that can be asked about but not read.</summary>
    internal const int PathOnly = 0x20_0000;

    /// <summary>An invalid handle with errno set when it fails.</summary>
    internal static SafeFileHandle Open(string path, int flags, uint mode = 0)
    {
        SafeFileHandle file;
        do
        {
            file = OpenFile(path, flags | CloseOnExec, mode);
        }
        while (file.IsInvalid && Marshal.GetLastPInvokeError() == Errno.Eintr);
        return file;
    }

    // open is variadic in C. Declaring it with fixed arguments is sound on linux-arm64 and linux-x64.
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenFile(string path, int flags, uint mode);
}
