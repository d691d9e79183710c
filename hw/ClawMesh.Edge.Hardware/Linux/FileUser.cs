using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>
/// Gives this thread the rights of the user whose directory root works in, until it is disposed of: a link that the user lays there leads
/// root nowhere but where the user may go himself. For code without <c>await</c> only: the rights are the thread's.
/// </summary>
public sealed class FileUser : IDisposable
{
    private FileUser()
    {
    }

    /// <summary>Null where nothing needs to change: nobody's directory, root's own, or this is not root.</summary>
    /// <param name="directory">Itself below directories that only root may write.</param>
    /// <exception cref="EdgeException"><c>storage.write_failed</c>.</exception>
    public static FileUser? OfDirectory(string directory)
    {
        if (EffectiveUser.Id() != 0 || PathAccess.OwnerOf(directory) is not { UserId: not 0 } owner) return null;
        if (FileSystemUser.Set(owner.UserId, owner.GroupId)) return new FileUser();
        _ = FileSystemUser.Set(0, 0);
        throw new EdgeException(
            "storage.write_failed", $"Did not touch '{directory}'.", $"It belongs to user {owner.UserId}, and the kernel does not let this process act as that one (setfsuid).",
            "Run the command as root, outside a container that takes rights away from it.", FailureClass.Storage);
    }

    public void Dispose()
    {
        // Half of root's rights would be found out much later, at something else.
        if (!FileSystemUser.Set(0, 0)) Environment.FailFast("The rights of root on files did not come back.");
    }
}
