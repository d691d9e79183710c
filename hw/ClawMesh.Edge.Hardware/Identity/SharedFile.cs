using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>Looks at small files that the node and commands in other processes replace whole.</summary>
internal static class SharedFile
{
    /// <summary>The content; null without a <paramref name="problem"/> when there is no such file.</summary>
    /// <param name="problem">Why the file, which is there, cannot be used; null otherwise.</param>
    public static byte[]? Read(string path, int maxBytes, out string? problem)
    {
        problem = null;
        try
        {
            // Without the lock that .NET would put on it: a reader is nobody's rival.
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            byte[] read = new byte[Math.Min(file.Length, maxBytes) + 1];
            int length = file.ReadAtLeast(read, read.Length, throwOnEndOfStream: false);
            if (length <= maxBytes) return read[..length];
            problem = $"it has more than {(maxBytes >= 1 << 20 ? $"{maxBytes >> 20} MiB" : $"{maxBytes >> 10} KiB")}";
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            problem = unreadable.Message.TrimEnd('.');
        }

        return null;
    }

    /// <summary>The mode a file has, or the one a new file gets.</summary>
    public static UnixFileMode ModeOf(string path)
    {
        try
        {
            return UnixMode.Of(path);
        }
        catch (IOException)
        {
            // There is none yet, or somebody took it away since it was read.
            return UnixMode.OwnerOnly;
        }
    }
}
