using System.Globalization;
using System.Text;
using ClawMesh.Edge.Native.Linux;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>
/// Reads files that another user may have put there. A pipe would hold the reader up for ever, and some devices act when they are opened
/// (<c>/dev/watchdog</c>), so the kernel is asked what the file is before it is opened.
/// </summary>
public static class RegularFile
{
    /// <summary>False for a pipe, a device, a directory, and what is not there.</summary>
    public static bool Is(string path)
    {
        using SafeFileHandle name = FileDescriptor.Open(path, FileDescriptor.PathOnly);
        return !name.IsInvalid && FileQuery.IsRegular(name);
    }

    /// <summary>The first bytes as text; null when there is no such file, or it is none.</summary>
    public static string? Head(string path, int maxBytes)
    {
        using SafeFileHandle file = Open(path);
        if (file.IsInvalid) return null;
        byte[] bytes = new byte[maxBytes];
        try
        {
            return Encoding.UTF8.GetString(bytes, 0, RandomAccess.Read(file, bytes, 0));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Without a lock; invalid when there is no such file, or it is none.</summary>
    internal static SafeFileHandle Open(string path)
    {
        using SafeFileHandle name = FileDescriptor.Open(path, FileDescriptor.PathOnly);
        if (name.IsInvalid || !FileQuery.IsRegular(name)) return new SafeFileHandle(-1, ownsHandle: false);

        // By its descriptor, so that it is the file that was looked at, whatever has the name by now.
        return FileDescriptor.Open(Named(name), FileDescriptor.ReadOnly | FileDescriptor.NonBlocking);
    }

    /// <summary>The path without any links on it; null when nothing is there.</summary>
    internal static string? RealPath(string path)
    {
        using SafeFileHandle name = FileDescriptor.Open(path, FileDescriptor.PathOnly);
        return name.IsInvalid ? null : new FileInfo(Named(name)).LinkTarget;
    }

    private static string Named(SafeFileHandle file) => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.DangerousGetHandle()}");
}
