using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Rpc;

namespace ClawMesh.Edge.Mesh.Proposals;

/// <summary>A proposal of a connected planner, as it came last.</summary>
/// <param name="Utf8">The event's payload ([W-117]).</param>
public sealed record HeardProposal(NodeId Planner, string TaskId, string Status, string Level, string Summary, string Executor, long ExpiresAtMs, byte[] Utf8)
{
    /// <summary>Nothing comes after it.</summary>
    public bool IsOver => Status is "completed" or "rejected" or "failed";

    /// <summary>Not over, and by its own word not expired.</summary>
    public bool IsOpen(long nowMs) => !IsOver && (ExpiresAtMs == 0 || ExpiresAtMs > nowMs);
}

/// <summary>What planners have told this node ([W-118]): the latest 64 of each of 16 planners. Thread-safe.</summary>
public sealed class HeardProposals
{
    public const int MaxPlanners = 16;
    public const int MaxPerPlanner = 64;

    /// <summary>Longer ones are shown to pages and not kept.</summary>
    public const int MaxBytes = 6 * 1024;

    private readonly Lock _lock = new();

    // Oldest first; a planner that is heard of again moves to the end.
    private readonly List<OfPlanner> _planners = [];

    /// <summary>Everything kept, planner by planner, oldest first.</summary>
    public IReadOnlyList<HeardProposal> All
    {
        get
        {
            var all = new List<HeardProposal>();
            lock (_lock)
            {
                foreach (OfPlanner planner in _planners) all.AddRange(planner.Proposals);
            }

            return all;
        }
    }

    public HeardProposal? Find(string taskId)
    {
        foreach (HeardProposal heard in All)
        {
            if (heard.TaskId == taskId) return heard;
        }

        return null;
    }

    internal void Keep(NodeId planner, string taskId, string status, JsonElement payload)
    {
        string raw = payload.GetRawText();
        if (raw.Length > MaxBytes) return;
        var heard = new HeardProposal(
            planner, taskId, status, RpcParams.TextOrNull(payload, "approvalLevel") ?? "", RpcParams.TextOrNull(payload, "summary") ?? "",
            RpcParams.TextOrNull(payload, "peerDeviceId") ?? "", RpcParams.Number(payload, "expiresAtMs", 0, 0, long.MaxValue / 2), System.Text.Encoding.UTF8.GetBytes(raw));
        lock (_lock)
        {
            List<HeardProposal> proposals = Of(planner).Proposals;
            int at = proposals.FindIndex(p => p.TaskId == taskId);
            // A late word about an earlier state changes nothing.
            if (at >= 0 && proposals[at].IsOver) return;
            if (at >= 0) proposals[at] = heard;
            else proposals.Add(heard);
            if (proposals.Count > MaxPerPlanner) proposals.RemoveAt(Math.Max(proposals.FindIndex(p => p.IsOver), 0));
        }
    }

    private OfPlanner Of(NodeId planner)
    {
        int at = _planners.FindIndex(p => p.Planner == planner);
        OfPlanner known = at >= 0 ? _planners[at] : new OfPlanner(planner);
        if (at >= 0) _planners.RemoveAt(at);
        else if (_planners.Count >= MaxPlanners) _planners.RemoveAt(0);
        _planners.Add(known);
        return known;
    }

    private sealed class OfPlanner(NodeId planner)
    {
        public NodeId Planner => planner;

        public List<HeardProposal> Proposals { get; } = [];
    }
}
