using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>rename(2)</c>, which also takes symbolic links to directories; the base library looks through those first.</summary>
internal static partial class FileRename
{
    /// <summary>False with errno set.</summary>
    internal static bool Try(string from, string to) => Rename(from, to) == 0;

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string from, string to);
}
