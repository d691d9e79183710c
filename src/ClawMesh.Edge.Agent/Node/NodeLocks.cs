using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>One node per state directory, also where that directory is read-only: then the lock lies beside the socket.</summary>
internal static class NodeLocks
{
    /// <exception cref="EdgeException"><c>node.already_running</c>, naming the process; or no place for the lock could be written.</exception>
    public static NodeLock Acquire(StateDirectory state)
    {
        // Also where it would not be looked for: a node that found the directory read-only has its lock elsewhere.
        if (HolderOf(state) is { } alive) throw Running(state, alive);
        EdgeException? last = null;
        foreach (string folder in state.LockDirectories())
        {
            try
            {
                if (folder != state.Path) UnixMode.CreateDirectory(folder, UnixMode.OwnerOnlyDirectory);
                return NodeLock.TryAcquire(folder, out int holder) ?? throw Running(state, holder);
            }
            catch (EdgeException failed) when (failed.Code == "storage.lock_failed")
            {
                last = failed;
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                last ??= new EdgeException("storage.lock_failed", "Could not take the node's lock.", failed.Message, "Make the state directory writable.", FailureClass.Storage, failed);
            }
        }

        throw last!;
    }

    private static EdgeException Running(StateDirectory state, int holder) => new(
        ErrorCodes.NodeRunning, "Could not start the node.", $"Process {holder} runs a node in '{state.Path}'.",
        "Stop it, or give this one a directory of its own with --state-dir.", FailureClass.Config);

    /// <summary>The process that runs a node in this directory, or null.</summary>
    public static int? HolderOf(StateDirectory state) => state.LockDirectories().Select(NodeLock.HolderOf).FirstOrDefault(pid => pid is not null);
}
