using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Linux;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Hardware.Linux;

/// <param name="FreeBytes">Free for users other than root.</param>
/// <param name="Type">For example <c>ext4</c>, <c>overlay</c>, <c>tmpfs</c>; <c>unknown</c> when mountinfo does not tell.</param>
public readonly record struct FileSystemFacts(long FreeBytes, long TotalBytes, bool ReadOnly, string Type)
{
    /// <summary>The share of the file system that is free, 0 to 100.</summary>
    public double FreePercent => TotalBytes > 0 ? 100.0 * FreeBytes / TotalBytes : 0;

    /// <param name="path">An existing file or directory; symbolic links are followed.</param>
    /// <exception cref="EdgeException"><c>storage.stat_failed</c>: it does not exist or may not be looked at.</exception>
    public static FileSystemFacts Of(string path)
    {
        if (!FileSystemStatistics.TryRead(path, out FileSystemCounts counts))
        {
            throw LinuxFault.FromLastError(
                "storage.stat_failed",
                $"Could not look at the file system of '{path}'.",
                "Check that the path exists and that this user may enter its parent directories.",
                FailureClass.Storage);
        }

        return new FileSystemFacts(
            Bytes(counts.BlocksAvailable, counts.FragmentSize),
            Bytes(counts.Blocks, counts.FragmentSize),
            (counts.Flags & FileSystemStatistics.FlagReadOnly) != 0,
            TypeOf(path));
    }

    /// <summary>The type of the mount with this id in the text of <c>/proc/self/mountinfo</c> (proc(5)), or null.</summary>
    internal static string? TypeOfMount(string mountId, IEnumerable<string> mountinfo)
    {
        foreach (string line in mountinfo)
        {
            // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw : the fields before the dash vary in number.
            if (!line.StartsWith(mountId, StringComparison.Ordinal) || line.Length <= mountId.Length || line[mountId.Length] != ' ') continue;
            int dash = line.IndexOf(" - ", StringComparison.Ordinal);
            if (dash < 0) continue;
            string rest = line[(dash + 3)..];
            int end = rest.IndexOf(' ', StringComparison.Ordinal);
            return end < 0 ? rest : rest[..end];
        }

        return null;
    }

    // Which mount a path is on is the kernel's knowledge, not a matter of comparing prefixes: bind mounts and links would fool that.
    private static string TypeOf(string path)
    {
        using SafeFileHandle file = FileDescriptor.Open(path, FileDescriptor.PathOnly);
        if (file.IsInvalid) return "unknown";
        try
        {
            string fdinfo = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fdinfo/{file.DangerousGetHandle()}");
            foreach (string line in File.ReadLines(fdinfo))
            {
                if (line.StartsWith("mnt_id:", StringComparison.Ordinal))
                    return TypeOfMount(line["mnt_id:".Length..].Trim(), File.ReadLines("/proc/self/mountinfo")) ?? "unknown";
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // No /proc here. The type is a courtesy; the counts above are what matters.
        }

        return "unknown";
    }

    private static long Bytes(ulong blocks, ulong size) => (long)UInt128.Min((UInt128)blocks * size, (UInt128)long.MaxValue);
}
