using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Native.Linux;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>
/// One writer of the trust store, or of the list of meshes, at a time, the node or a command: an exclusive <c>flock</c> on a file beside it, which is replaced at
/// each write and so cannot hold a lock itself. The kernel releases it when its holder ends. Dispose releases it.
/// </summary>
internal sealed class TrustStoreLock : IDisposable
{
    /// <summary>About two seconds: a spinning thread sleeps for a millisecond per attempt before long. A writer needs two disk syncs.</summary>
    internal const int DefaultAttempts = 2000;

    private const uint OwnerReadWrite = 0b110_000_000;

    private readonly SafeFileHandle _file;

    private TrustStoreLock(SafeFileHandle file) => _file = file;

    /// <exception cref="EdgeException"><c>trust.busy</c>; <c>storage.write_failed</c>: the lock can be neither opened nor taken.</exception>
    public static TrustStoreLock Take(string path, string what, int attempts)
    {
        SafeFileHandle file = FileDescriptor.Open(path, FileDescriptor.ReadWrite | FileDescriptor.Create, OwnerReadWrite);
        if (file.IsInvalid) throw Failed(path, what);
        bool kept = false;
        try
        {
            var spin = default(SpinWait);
            for (int attempt = 0; attempt < attempts; attempt++)
            {
                kept = FileLock.TryExclusive(file);
                if (kept) return new TrustStoreLock(file);
                if (Marshal.GetLastPInvokeError() != Errno.Ewouldblock) throw Failed(path, what);
                spin.SpinOnce();
            }

            throw new EdgeException(
                "trust.busy", what, $"Another process has held '{path}' for {attempts} attempts.",
                "Try again. If it stays so, the disk hangs or a program is stuck: `fuser` names the holder of the file.", FailureClass.Storage);
        }
        finally
        {
            if (!kept) file.Dispose();
        }
    }

    public void Dispose() => _file.Dispose();

    private static EdgeException Failed(string path, string what) => LinuxFault.FromLastError(
        "storage.write_failed", $"{what} The lock '{path}' cannot be taken.",
        "Check free space, whether the file system is mounted read-only, and who owns the directory.", FailureClass.Storage);
}
