using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Linux;

/// <summary><c>setfsuid(2)</c> and <c>setfsgid(2)</c>: whose rights this thread has with files. They tell no error, only what was before.</summary>
internal static partial class FileSystemUser
{
    // setfsuid(2): an id that cannot be is refused, and the answer is the one in force.
    private const uint None = uint.MaxValue;

    /// <summary>Whether both took. The group first: without root's rights it could no longer be set.</summary>
    internal static bool Set(uint userId, uint groupId)
    {
        _ = SetGroup(groupId);
        _ = SetUser(userId);
        return (uint)SetGroup(None) == groupId && (uint)SetUser(None) == userId;
    }

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetUser(uint id);

    [LibraryImport("libc", EntryPoint = "setfsgid")]
    private static partial int SetGroup(uint id);
}
