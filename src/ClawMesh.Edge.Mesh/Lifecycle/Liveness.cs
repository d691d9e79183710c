using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Sessions;

namespace ClawMesh.Edge.Mesh.Lifecycle;

/// <summary>
/// Notices who is gone: silence on a session ([X-34], [X-35]) and what others report ([W-157] to [W-159]). The transport pings after
/// <c>edge.liveness.pingAfterMs</c> of silence, and twice that makes a peer suspect: a live one is never silent for so long.
/// </summary>
internal sealed class Liveness(MeshNode mesh)
{
    private const int IndirectProbes = 2;

    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ProbePause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FreshData = TimeSpan.FromSeconds(5);

    public LocalHealth Health { get; } = new(mesh.Time);

    public void Tick(TimeSpan late)
    {
        Health.Ticked(late);
        foreach (Session session in mesh.Sessions)
        {
            TimeSpan silence = mesh.Time.GetElapsedTime(session.Conversation.Link.LastReceived);
            if (session.State == SessionState.Up)
            {
                if (silence >= Health.Stretch(mesh.Options.SuspectAfter)) Suspect(session, silence);
            }
            else if (session.Conversation.Link.LastReceived > session.SuspectSince)
            {
                // Data alone clears it: a limit that our own health has stretched meanwhile proves nothing about the peer.
                Recovered(session);
            }
            else if ((silence >= Health.Stretch(mesh.Options.DownAfter) && !session.ReachedIndirectly) || silence >= Health.Stretch(mesh.Options.DownAnyway))
            {
                // Out of the table first: a close that is through at once would give the loss a vaguer reason.
                mesh.Unregister(session, "silent", $"nothing came for {silence.TotalSeconds:0.0} s");
                session.Conversation.Close(1001, "silent");
                continue;
            }

            if (session.Conversation.Link.Queue.IsStuck)
            {
                mesh.Unregister(session, "does not drain", "the peer took nothing for 30 s");
                session.Conversation.Close(1013, "does not drain");
            }
        }
    }

    /// <summary>Another node says that a device is gone: a hint, believed only after a probe of our own has failed ([W-159]).</summary>
    public void DownReported(JsonElement payload)
    {
        if (OtherGeneration(payload) || RpcParams.TextOrNull(payload, "deviceId") is not { } id || !NodeId.IsWellFormed(id) || id == mesh.Self.Value)
        {
            mesh.Counters.Add(MeshCounter.PeerDownIgnored);
            return;
        }

        var device = new NodeId(id);
        if (mesh.SessionOf(device) is not { } session)
        {
            // Nothing of ours to probe, and nothing to lose: only a trusted device could be dialled at all.
            if (mesh.Trust.Entries.ContainsKey(id)) mesh.Suppression.MarkDead(device);
            return;
        }

        if (mesh.Time.GetElapsedTime(session.Conversation.Link.LastReceived) < FreshData
            || (session.LastProbeTimestamp != 0 && mesh.Time.GetElapsedTime(session.LastProbeTimestamp) < ProbePause))
        {
            mesh.Counters.Add(MeshCounter.PeerDownIgnored);
            return;
        }

        session.LastProbeTimestamp = mesh.Time.GetTimestamp();
        _ = ProbeAsync(session);
    }

    /// <summary>A <c>gen</c> that is a number other than 1 makes a lifecycle event void ([W-156], [W-158]).</summary>
    public static bool OtherGeneration(JsonElement payload) =>
        payload.TryGetProperty("gen", out JsonElement gen) && gen.ValueKind == JsonValueKind.Number && !(gen.TryGetDouble(out double value) && value == 1);

    /// <summary>Answers an indirect probe: pings the target's session and says whether it answered ([X-33]).</summary>
    public async Task<bool> ReachesAsync(NodeId target)
    {
        if (mesh.SessionOf(target) is not { } session) return false;
        if (mesh.Time.GetElapsedTime(session.Conversation.Link.LastReceived) < mesh.Options.SuspectAfter / 2) return true;
        return session.Facts.Has(EdgeFeatures.MeshPing) && await PingAsync(session, null) is { Ok: true };
    }

    private async Task ProbeAsync(Session session)
    {
        CallResult answer = await session.Conversation.CallAsync("mesh.health", null, ProbeLimit);
        // A classic dialler answers no request ([W-149]); there the pong that came since the probe is the answer.
        bool ponged = !session.Outbound && !session.Facts.IsEdge && session.Conversation.Link.LastReceived > session.LastProbeTimestamp;
        if (answer.Ok || ponged || mesh.SessionOf(session.DeviceId) != session)
        {
            mesh.Counters.Add(MeshCounter.PeerDownIgnored);
            return;
        }

        mesh.Suppression.MarkDead(session.DeviceId);
        mesh.Unregister(session, "peer down", $"reported down, and {answer.Code} to our own probe");
        session.Conversation.Close(1001, "peer down");
    }

    private void Suspect(Session session, TimeSpan silence)
    {
        (session.State, session.SuspectSince) = (SessionState.Suspect, mesh.Time.GetTimestamp());
        session.ReachedIndirectly = false;
        Health.Suspected();
        mesh.Events.Publish(new EdgeEvent(
            0, default, EventTypes.PeerSuspect, EventSeverity.Warning, session.DeviceId.Abbreviated,
            $"{session} is silent for {silence.TotalSeconds:0.0} s; no command is routed through it until it is heard again.", Core.Errors.FailureClass.MeshPartition));
        mesh.MembershipChanged();
        int asked = 0;
        foreach (Session helper in mesh.Sessions)
        {
            if (helper == session || helper.State != SessionState.Up || !helper.Facts.Has(EdgeFeatures.MeshPing)) continue;
            _ = AskAsync(helper, session);
            if (++asked == IndirectProbes) break;
        }
    }

    private async Task AskAsync(Session helper, Session about)
    {
        CallResult answer = await PingAsync(helper, about.DeviceId);
        if (!answer.Ok || RpcParams.Member(answer.Payload, "reachable") is not { ValueKind: JsonValueKind.True }) return;
        about.ReachedIndirectly = true;
        Health.Refuted();
    }

    private Task<CallResult> PingAsync(Session session, NodeId? target) => session.Conversation.CallAsync(
        "mesh.ping",
        w =>
        {
            w.WriteNumber("t", mesh.NowMs);
            w.WriteNumber("n", 1);
            if (target is { } device) w.WriteString("target", device.Value);
        },
        ProbeLimit);

    private void Recovered(Session session)
    {
        session.State = SessionState.Up;
        mesh.Events.Publish(new EdgeEvent(0, default, EventTypes.PeerRecovered, EventSeverity.Info, session.DeviceId.Abbreviated, $"{session} is heard again."));
        mesh.MembershipChanged();
    }
}
