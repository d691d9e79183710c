using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>flock(2)</c>: held by an open file description, so the kernel releases it when its last holder dies, however it dies.</summary>
internal static partial class FileLock
{
    private const int LockShared = 1;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const int LockUnlock = 8;

    /// <summary>False with errno set; EWOULDBLOCK when somebody else holds it.</summary>
    internal static bool TryExclusive(SafeFileHandle file) => Flock(file, LockExclusive | LockNonBlocking) == 0;

    /// <inheritdoc cref="TryExclusive"/>
    internal static bool TryShared(SafeFileHandle file) => Flock(file, LockShared | LockNonBlocking) == 0;

    internal static void Release(SafeFileHandle file) => Flock(file, LockUnlock);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(SafeFileHandle file, int operation);
}
