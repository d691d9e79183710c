using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>struct statvfs</c> of bits/statvfs.h on a 64-bit Linux: 112 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 112)]
internal struct FileSystemCounts
{
    public ulong BlockSize;

    /// <summary>The unit of all block counts, in bytes.</summary>
    public ulong FragmentSize;
    public ulong Blocks;
    public ulong BlocksFree;

    /// <summary>Free for users other than root.</summary>
    public ulong BlocksAvailable;
    public ulong Files;
    public ulong FilesFree;
    public ulong FilesAvailable;
    public ulong FileSystemId;
    public ulong Flags;
    public ulong MaxNameLength;
}

/// <summary><c>statvfs(3)</c>. May wait for a network file system; the state directory is expected to be local.</summary>
internal static partial class FileSystemStatistics
{
    /// <summary>ST_RDONLY.</summary>
    internal const ulong FlagReadOnly = 1;

    /// <summary>False with errno set.</summary>
    internal static bool TryRead(string path, out FileSystemCounts counts)
    {
        counts = default;
        int result;
        do
        {
            result = StatVfs(path, ref counts);
        }
        while (result != 0 && Marshal.GetLastPInvokeError() == Errno.Eintr);
        return result == 0;
    }

    [LibraryImport("libc", EntryPoint = "statvfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatVfs(string path, ref FileSystemCounts counts);
}
