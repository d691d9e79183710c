using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>fsync(2)</c> of a directory, which makes a rename inside it survive power loss.</summary>
internal static partial class DirectorySync
{
    // asm-generic/errno-base.h: a file system that cannot sync directories answers EINVAL and needs no sync.
    private const int Einval = 22;

    /// <summary>0, or the error number: closing the descriptor would overwrite the last error.</summary>
    internal static int Sync(string directory)
    {
        using SafeFileHandle handle = FileDescriptor.Open(directory, FileDescriptor.ReadOnly);
        if (!handle.IsInvalid && Fsync(handle) == 0) return 0;
        int error = Marshal.GetLastPInvokeError();
        return error == Einval ? 0 : error;
    }

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle file);
}
