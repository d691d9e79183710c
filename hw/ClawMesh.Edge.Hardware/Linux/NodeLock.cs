using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Linux;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>
/// One node per state directory: an exclusive <c>flock</c> on <c>&lt;state&gt;/node.lock</c>. The kernel releases it when this process
/// ends, even by SIGKILL, so there are no stale locks; the pid inside is for people. Dispose releases it.
/// </summary>
public sealed class NodeLock : IDisposable
{
    public const string FileName = "node.lock";

    private const uint OwnerReadWrite = 0b110_000_000;

    // A prober (HolderOf) holds a shared lock for some microseconds; so often in a row it does not.
    private const int MaxRacesWithProbers = 1000;

    private readonly SafeFileHandle _file;

    private NodeLock(SafeFileHandle file) => _file = file;

    /// <summary>Takes the lock, or returns null and says in <paramref name="holderPid"/> who has it (0 when the file does not tell).</summary>
    /// <exception cref="EdgeException"><c>storage.lock_failed</c>: the lock file can be neither opened nor locked.</exception>
    public static NodeLock? TryAcquire(string stateDirectory, out int holderPid)
    {
        holderPid = 0;
        string path = Path.Combine(stateDirectory, FileName);
        SafeFileHandle file = FileDescriptor.Open(path, FileDescriptor.ReadWrite | FileDescriptor.Create, OwnerReadWrite);
        if (file.IsInvalid) throw Failed(path);

        bool kept = false;
        try
        {
            for (int race = 0; race < MaxRacesWithProbers; race++)
            {
                if (FileLock.TryExclusive(file))
                {
                    WritePid(file);
                    kept = true;
                    return new NodeLock(file);
                }

                if (Marshal.GetLastPInvokeError() != Errno.Ewouldblock) throw Failed(path);

                // If a shared lock is possible, nobody holds the exclusive one: we only met a prober.
                if (!FileLock.TryShared(file)) break;
                FileLock.Release(file);
                Thread.Yield();
            }

            holderPid = ReadPid(file);
            return null;
        }
        finally
        {
            if (!kept) file.Dispose();
        }
    }

    /// <summary>The pid of the node that lives on this state directory; 0 when one does but the file does not tell; null when none does.</summary>
    /// <remarks>Never creates the file. A file that may not be opened counts as no node; the caller has no business there anyway.</remarks>
    public static int? HolderOf(string stateDirectory)
    {
        using SafeFileHandle file = RegularFile.Open(Path.Combine(stateDirectory, FileName));
        if (file.IsInvalid || FileLock.TryShared(file)) return null;
        return ReadPid(file);
    }

    public void Dispose() => _file.Dispose();

    private static void WritePid(SafeFileHandle file)
    {
        byte[] text = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n"));
        try
        {
            RandomAccess.SetLength(file, 0);
            RandomAccess.Write(file, text, 0);
        }
        catch (IOException)
        {
            // A full disk must not keep a node from starting (DESIGN section 7). The lock holds; only its label is missing.
        }
    }

    private static int ReadPid(SafeFileHandle file)
    {
        Span<byte> text = stackalloc byte[32];
        int length = RandomAccess.Read(file, text, 0);
        return int.TryParse(text[..length].Trim("\n "u8), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : 0;
    }

    private static EdgeException Failed(string path) => LinuxFault.FromLastError(
        "storage.lock_failed",
        $"Could not take the node lock '{path}'.",
        "Check that the state directory exists, is writable for this user and lies on a local file system.",
        FailureClass.Storage);
}
