// The product runs on Linux only; the analyser asks what would happen on Windows.
#pragma warning disable CA1416

using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>Directories, files and links that a power cut leaves either as they were or as they are meant to be. Blocks for as long as the disk needs.</summary>
public static class DurableTree
{
    /// <summary>The directory with exactly this mode, whatever the umask says; parents as well where they are missing.</summary>
    /// <exception cref="EdgeException"><c>storage.write_failed</c>.</exception>
    public static void CreateDirectory(string path, UnixFileMode mode) => Try(path, () =>
    {
        Directory.CreateDirectory(path, mode);
        File.SetUnixFileMode(path, mode);
    });

    /// <summary>A new file with exactly this mode, written and synced by <paramref name="write"/>'s end.</summary>
    /// <exception cref="EdgeException"><c>storage.write_failed</c>, or what <paramref name="write"/> throws.</exception>
    public static void CreateFile(string path, UnixFileMode mode, Action<Stream> write) => Try(path, () =>
    {
        using var stream = new FileStream(path, UnixMode.NewFile(mode));
        write(stream);
        File.SetUnixFileMode(stream.SafeFileHandle, mode);
        stream.Flush(flushToDisk: true);
    });

    /// <summary>Sets the permission bits of what is there.</summary>
    /// <exception cref="EdgeException"><c>storage.write_failed</c>.</exception>
    public static void SetMode(string path, UnixFileMode mode) => Try(path, () => File.SetUnixFileMode(path, mode));

    /// <summary>Makes what happened to the names in a directory durable.</summary>
    /// <exception cref="EdgeException"><c>storage.write_failed</c>.</exception>
    public static void Sync(string directory)
    {
        int error = DirectorySync.Sync(directory);
        if (error != 0) throw Failed(directory, $"It could not be synced. The kernel says: {LinuxFault.Text(error)}.", null);
    }

    /// <summary>Gives a file, a directory or a link another name in the same directory, durably.</summary>
    /// <exception cref="EdgeException"><c>storage.write_failed</c>.</exception>
    public static void Rename(string from, string to)
    {
        if (!FileRename.Try(from, to)) throw Failed(to, $"The kernel says: {LinuxFault.Text(Marshal.GetLastPInvokeError())}.", null);
        Sync(Path.GetDirectoryName(to)!);
    }

    /// <summary>Makes a symbolic link name <paramref name="target"/>, in one step; a reader sees the old target or the new one.</summary>
    /// <exception cref="EdgeException"><c>storage.write_failed</c>.</exception>
    public static void Point(string link, string target)
    {
        string fresh = link + ".new";
        Try(link, () =>
        {
            File.Delete(fresh);
            File.CreateSymbolicLink(fresh, target);
        });
        Rename(fresh, link);
    }

    /// <summary>Removes a file, a link or a whole directory; what is not there needs nothing.</summary>
    /// <exception cref="EdgeException"><c>storage.write_failed</c>.</exception>
    public static void Remove(string path) => Try(path, () =>
    {
        if (new FileInfo(path).LinkTarget is null && Directory.Exists(path)) Directory.Delete(path, recursive: true);
        else File.Delete(path);
    });

    private static void Try(string path, Action act)
    {
        try
        {
            act();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Failed(path, failure.Message, failure);
        }
    }

    private static EdgeException Failed(string path, string why, Exception? inner) => new(
        "storage.write_failed",
        what: $"Could not write '{path}'.",
        why,
        fix: "Check free space, whether the file system is mounted read-only, and who owns the directory.",
        failureClass: FailureClass.Storage,
        inner);
}
