using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>lchown(2)</c>: a symbolic link is changed itself, so nobody can lead it elsewhere.</summary>
internal static partial class FileOwnership
{
    /// <summary>0, or the error number.</summary>
    internal static int Set(string path, uint userId, uint groupId) => Change(path, userId, groupId) == 0 ? 0 : Marshal.GetLastPInvokeError();

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Change(string path, uint userId, uint groupId);
}
