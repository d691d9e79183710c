using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>
/// Writes whole files so that a reader, and a power cut, sees the old content or the new, never a part: a temporary file in
/// the same directory, created with its final mode, fsync, rename, fsync of the directory. Blocks for as long as the disk needs.
/// </summary>
public static class AtomicFile
{
    /// <summary>Writes or replaces the file. A symbolic link is replaced, not followed.</summary>
    /// <param name="mode">The umask may take bits away; nothing is changed afterwards.</param>
    /// <exception cref="EdgeException"><c>storage.write_failed</c>; a reader still sees the old content or already the new one, whole.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode) => Put(path, content, mode, replace: true);

    /// <summary>Writes the file unless it exists; then returns false and changes nothing.</summary>
    /// <exception cref="EdgeException"><c>storage.write_failed</c>.</exception>
    public static bool TryCreate(string path, ReadOnlySpan<byte> content, UnixFileMode mode) => Put(path, content, mode, replace: false);

    private static bool Put(string path, ReadOnlySpan<byte> content, UnixFileMode mode, bool replace)
    {
        string full = Path.GetFullPath(path);
        string directory = Path.GetDirectoryName(full)!;
        string temporary = Path.Combine(directory, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (var stream = new FileStream(temporary, UnixMode.NewFile(mode)))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            if (replace)
            {
                File.Move(temporary, full, overwrite: true);
            }
            else if (!TryName(temporary, full))
            {
                return false;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Discard(temporary);
            throw Failed(full, failure.Message, failure);
        }

        int error = DirectorySync.Sync(directory);
        if (error != 0) throw Failed(full, $"Its directory could not be synced, so power loss may undo the change. The kernel says: {LinuxFault.Text(error)}.", null);

        return true;
    }

    // File.Move without overwriting looks first and renames then, so two creators could both believe they won. A hard link cannot.
    private static bool TryName(string temporary, string name)
    {
        if (HardLink.TryCreate(temporary, name))
        {
            Discard(temporary);
            return true;
        }

        if (Marshal.GetLastPInvokeError() == Errno.Eexist)
        {
            Discard(temporary);
            return false;
        }

        // FAT and some network file systems have no hard links; looking first is the best they offer.
        File.Move(temporary, name, overwrite: false);
        return true;
    }

    private static void Discard(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The write has failed already and is reported; a left-over temporary file is the lesser news.
        }
    }

    private static EdgeException Failed(string path, string why, Exception? inner) => new(
        "storage.write_failed",
        what: $"Could not write '{path}'.",
        why,
        fix: "Check free space, whether the file system is mounted read-only, and who owns the directory; `clawmesh-edge diag storage` shows all three.",
        failureClass: FailureClass.Storage,
        inner);
}
