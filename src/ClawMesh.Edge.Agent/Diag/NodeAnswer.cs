using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Diag;

internal enum NodePresence
{
    /// <summary>No node lives on the state directory.</summary>
    None,

    /// <summary>It runs and told its status.</summary>
    Answers,

    /// <summary>It runs and does not answer.</summary>
    Silent,

    /// <summary>This user may not look.</summary>
    Unknown,
}

/// <summary>The node of the state directory, if one runs.</summary>
/// <param name="Edge">The member <c>edge</c> of its status when it answers.</param>
/// <param name="ProcessId">0 when not known.</param>
internal sealed record NodeAnswer(NodePresence Presence, JsonElement Edge, int ProcessId, string Why)
{
    public static readonly NodeAnswer Late = new(NodePresence.Silent, default, 0, "The local socket did not answer in time.");

    /// <summary>Why nothing can be asked of it; for a skip.</summary>
    public string Reason => Presence switch
    {
        NodePresence.None => "no node runs here",
        NodePresence.Unknown => "whether a node runs here cannot be seen by this user",
        _ => "the node runs and does not answer",
    };

    public static async Task<NodeAnswer> AskAsync(StateDirectory state, TimeSpan limit)
    {
        try
        {
            using LocalClient? client = LocalClient.TryConnect(state);
            if (client is null) return WithoutSocket(state);
            JsonElement status = await client.CallAsync("mesh.status", null, limit, CancellationToken.None);
            JsonElement edge = status.Member("edge");
            return new NodeAnswer(NodePresence.Answers, edge, (int)(edge.Number("pid") ?? 0), "");
        }
        catch (EdgeException refused) when (refused.Code == ErrorCodes.NodeNotPermitted)
        {
            return new NodeAnswer(NodePresence.Unknown, default, 0, refused.Why);
        }
        catch (EdgeException broken)
        {
            return new NodeAnswer(NodePresence.Silent, default, NodeLocks.HolderOf(state) ?? 0, broken.Why);
        }
    }

    private static NodeAnswer WithoutSocket(StateDirectory state)
    {
        if (NodeLocks.HolderOf(state) is { } pid) return new NodeAnswer(NodePresence.Silent, default, pid, "It holds the node lock, and no local socket is open.");

        // A lock that may not be opened looks like no lock; then it is not known.
        string lockFile = Path.Combine(state.Path, NodeLock.FileName);
        bool seen = PathAccess.Look(lockFile) switch { PathSight.Absent => true, PathSight.Hidden => false, _ => PathAccess.MayRead(lockFile) };
        return new NodeAnswer(seen ? NodePresence.None : NodePresence.Unknown, default, 0, "");
    }
}
