using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>link(2)</c>: the one way to give a finished file its name only if nobody has that name, in a single step.</summary>
internal static partial class HardLink
{
    /// <summary>False with errno set: EEXIST when the name is taken; EPERM and others where the file system has no hard links.</summary>
    internal static bool TryCreate(string existing, string name) => Link(existing, name) == 0;

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);
}
