using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>Whether a path can be seen at all. <see cref="Hidden"/> is not absent: a directory on the way may not be entered.</summary>
public enum PathSight
{
    Present,
    Absent,
    Hidden,
}

/// <summary>Whose a file is.</summary>
public readonly record struct FileOwner(uint UserId, uint GroupId);

/// <summary>Which file stands at a path, and in which state: another one after every write, rename or change of rights.</summary>
internal readonly record struct FileStamp(ulong Inode, ulong Size, long ChangedSeconds, uint ChangedNanoseconds);

/// <summary>What the effective user may do with a path, asked of the kernel without opening it. Never throws.</summary>
public static class PathAccess
{
    private const int NoSuchFile = 2;
    private const int NotADirectory = 20;

    public static PathSight Look(string path) => FileQuery.Access(path, FileQuery.Exists) switch
    {
        0 => PathSight.Present,
        NoSuchFile or NotADirectory => PathSight.Absent,
        _ => PathSight.Hidden,
    };

    public static bool MayRead(string path) => FileQuery.Access(path, FileQuery.MayRead) == 0;

    /// <summary>False also on a file system that is mounted read-only, for root too.</summary>
    public static bool MayWrite(string path) => FileQuery.Access(path, FileQuery.MayWrite) == 0;

    public static bool MayEnter(string directory) => FileQuery.Access(directory, FileQuery.MayEnter) == 0;

    /// <summary>Null when there is no such file, or it cannot be told.</summary>
    internal static FileStamp? StampOf(string path)
    {
        try
        {
            return FileQuery.TryStatus(path, out FileStatus s) ? new FileStamp(s.Inode, s.Size, s.ChangedSeconds, s.ChangedNanoseconds) : null;
        }
        catch (EntryPointNotFoundException)
        {
            // As below; who asks reads the file instead.
            return null;
        }
    }

    /// <summary>Gives a file to a user; of a symbolic link the link itself. Takes root.</summary>
    /// <returns>Null, or why not.</returns>
    public static string? Give(string path, FileOwner owner)
    {
        int error = FileOwnership.Set(path, owner.UserId, owner.GroupId);
        return error == 0 ? null : LinuxFault.Text(error);
    }

    /// <summary>Null when it cannot be told.</summary>
    public static FileOwner? OwnerOf(string path)
    {
        try
        {
            return FileQuery.TryStatus(path, out FileStatus status) ? new FileOwner(status.UserId, status.GroupId) : null;
        }
        catch (EntryPointNotFoundException)
        {
            // Only JetPack 4 has a C library that old; the owner is a courtesy.
            return null;
        }
    }
}
