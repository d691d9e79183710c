using System.Text.Json;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Proposals;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Planner.Book;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>Proposals in the read methods: the members of [W-134] and [W-135], and <c>edge.proposals</c> with everything this node knows of them.</summary>
internal sealed class ProposalViews(MeshNode mesh, TimeProvider time)
{
    private const int MaxShown = 200;

    // An answer stays under the 1 MiB every node accepts ([W-9]).
    private const int MaxBytes = 900_000;

    private ProposalDesk? Desk => mesh.Proposals.Planner as ProposalDesk;

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary><c>plannerMode</c> and <c>plannerRuntime</c>, on a node with a planner only.</summary>
    public void Runtime(Utf8JsonWriter w)
    {
        if (Desk is not { } desk) return;
        string mode = mesh.Activity.ShouldHandleAutonomous ? "active" : "observing";
        w.WriteString("plannerMode", mode);
        desk.Runtime.Write(w, mode, desk.PausedBecause);
    }

    /// <summary><c>pendingProposals</c> of [W-134]: this node's own; none without a planner.</summary>
    public void Pending(Utf8JsonWriter w)
    {
        w.WriteStartArray("pendingProposals");
        foreach (Proposal p in Desk?.Book.Pending ?? [])
        {
            w.WriteStartObject();
            w.WriteString("taskId", p.TaskId[..8] + "...");
            w.WriteString("summary", p.Summary);
            w.WriteString("approvalLevel", p.Level.Word());
            w.WriteString("status", p.Status.Word());
            w.WriteString("plannerDeviceId", p.PlannerDeviceId);
            w.WriteString("plannerRole", p.PlannerRole);
            w.WriteString("plannerOwner", $"{p.PlannerRole}:{p.PlannerDeviceId[..12]}…");
            w.WriteEndObject();
        }

        w.WriteEndArray();
    }

    /// <summary>What waits at the planners this node hears, in short; for <c>status</c> on a node without a planner.</summary>
    public void Heard(Utf8JsonWriter w)
    {
        w.WriteStartArray("heardProposals");
        int shown = 0;
        foreach (HeardProposal heard in mesh.Proposals.Heard.All)
        {
            if (!heard.IsOpen(NowMs) || ++shown > 20) continue;
            w.WriteStartObject();
            w.WriteString("taskId", heard.TaskId);
            w.WriteString("summary", heard.Summary);
            w.WriteString("approvalLevel", heard.Level);
            w.WriteString("status", heard.Status);
            w.WriteString("plannerDeviceId", heard.Planner.Value);
            w.WriteEndObject();
        }

        w.WriteEndArray();
    }

    /// <summary>The payload of <c>edge.proposals</c>: newest first, each with its owner.</summary>
    /// <param name="all">With those that are over.</param>
    public void Write(Utf8JsonWriter w, bool all)
    {
        w.WriteStartObject();
        w.WriteBoolean("planner", Desk is not null);
        if (Desk?.PausedBecause is { } paused) w.WriteString("paused", paused);
        mesh.Leader.Write(w, "leader");
        w.WriteStartArray("proposals");
        int shown = 0, leftOut = 0;
        long room = MaxBytes;
        IReadOnlyList<Proposal> own = Desk is not { } desk ? [] : all ? desk.Book.All : desk.Book.Open;
        for (int i = own.Count - 1; i >= 0; i--)
        {
            Proposal p = own[i];
            // A proposal of ours is bounded by the lengths of its texts; escaped, they are six times as long at most.
            if (shown >= MaxShown || (room -= 8 * 1024) < 0) leftOut++;
            else Item(w, p.PlannerDeviceId, isOwn: true, () => ProposalDesk.Write(w, p));
            shown++;
        }

        IReadOnlyList<HeardProposal> heard = mesh.Proposals.Heard.All;
        for (int i = heard.Count - 1; i >= 0; i--)
        {
            HeardProposal h = heard[i];
            if (!all && !h.IsOpen(NowMs)) continue;
            if (shown >= MaxShown || (room -= h.Utf8.Length + 256) < 0) leftOut++;
            else Item(w, h.Planner.Value, isOwn: false, () => w.WriteRawValue(h.Utf8, skipInputValidation: true));
            shown++;
        }

        w.WriteEndArray();
        if (leftOut > 0) w.WriteNumber("leftOut", leftOut);
        w.WriteEndObject();
    }

    private void Item(Utf8JsonWriter w, string planner, bool isOwn, Action proposal)
    {
        var owner = new Core.Identity.NodeId(planner);
        w.WriteStartObject();
        w.WriteString("planner", planner);
        w.WriteBoolean("own", isOwn);
        if (!isOwn) w.WriteBoolean("connected", mesh.SessionOf(owner) is not null);
        // Who leads now does not take over what another has asked for: it stays with its owner until it is decided or expires.
        w.WriteBoolean("leads", mesh.Leader.DeviceId == owner);
        w.WritePropertyName("proposal");
        proposal();
        w.WriteEndObject();
    }
}
