using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Linux;

/// <summary>The head of <c>struct statx</c> of linux/stat.h, equal on all architectures: 256 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileStatus
{
    [FieldOffset(20)]
    public uint UserId;

    [FieldOffset(24)]
    public uint GroupId;

    /// <summary>Kind and permission bits: inode(7).</summary>
    [FieldOffset(28)]
    public ushort Mode;

    [FieldOffset(32)]
    public ulong Inode;

    [FieldOffset(40)]
    public ulong Size;

    /// <summary>Seconds of the last change of content or of rights.</summary>
    [FieldOffset(96)]
    public long ChangedSeconds;

    [FieldOffset(104)]
    public uint ChangedNanoseconds;
}

/// <summary>Questions about a path that open nothing: what this process may do with it, and whose it is.</summary>
internal static partial class FileQuery
{
    // unistd.h
    internal const int Exists = 0;
    internal const int MayEnter = 1;
    internal const int MayWrite = 2;
    internal const int MayRead = 4;

    // fcntl.h
    private const int CurrentDirectory = -100;
    private const int EffectiveIds = 0x200;
    private const int EmptyPath = 0x1000;

    // stat.h
    private const int KindMask = 0xf000;
    private const int Regular = 0x8000;

    // STATX_TYPE, _UID, _GID, _CTIME, _INO, _SIZE
    private const uint Mask = 0x1 | 0x8 | 0x10 | 0x80 | 0x100 | 0x200;

    /// <summary>0, or the errno of the refusal.</summary>
    internal static int Access(string path, int mode) =>
        FileAccessAt(CurrentDirectory, path, mode, EffectiveIds) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>False when the path cannot be looked at. Follows symbolic links.</summary>
    /// <exception cref="EntryPointNotFoundException">glibc before 2.28 has no <c>statx</c>.</exception>
    internal static bool TryStatus(string path, out FileStatus status)
    {
        status = default;
        return StatX(CurrentDirectory, path, 0, Mask, ref status) == 0;
    }

    /// <summary>Whether an open file, also one opened with O_PATH, is a plain file.</summary>
    internal static bool IsRegular(SafeFileHandle file)
    {
        FileStatus status = default;
        try
        {
            return StatOpen(file, "", EmptyPath, Mask, ref status) == 0 && (status.Mode & KindMask) == Regular;
        }
        catch (EntryPointNotFoundException)
        {
            // glibc before 2.28, which only JetPack 4 has: not told is not plain.
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "faccessat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FileAccessAt(int directory, string path, int mode, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int directory, string path, int flags, uint mask, ref FileStatus status);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatOpen(SafeFileHandle file, string path, int flags, uint mask, ref FileStatus status);
}
