using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh;

// How sessions begin and end.
public sealed partial class MeshNode
{
    /// <summary>A handshake is complete: one session per device, the newest wins ([W-41]).</summary>
    internal void Register(Conversation conversation, PeerFacts facts)
    {
        // Removed between its check and now.
        if (!StillTrusted(facts))
        {
            conversation.Close(1008, "no longer trusted");
            return;
        }

        if (IsTurnedAway(facts.DeviceId))
        {
            conversation.Close(1008, "turned away for 10 minutes");
            return;
        }

        // The handshake may be the first to have noticed that this node has joined another mesh.
        Origin.LookAtMesh();
        Remember(facts);
        var session = new Session(conversation, facts, NowMs, Time.GetTimestamp(), conversation.Dial?.Peer.Label);
        Session? old;
        long? lastSeen;
        lock (_lock)
        {
            old = SessionOf(facts.DeviceId);
            conversation.Session = session;
            _sessions = [.. Array.FindAll(_sessions, s => s != old), session];
            lastSeen = _lastSeenMs.TryGetValue(facts.DeviceId.Value, out long seen) ? seen : null;
        }

        bool tell = true;
        if (old is not null && old.Conversation != conversation)
        {
            Counters.Add(MeshCounter.Displaced);
            tell = MaySay(facts.DeviceId);
            if (tell) Publish(EventTypes.PeerDisconnect, EventSeverity.Info, facts.DeviceId, $"Disconnected: {facts.DeviceId.Abbreviated}… (superseded)");
            old.Conversation.Calls.Close();
            _verifier.Forget(old);
            _backlog?.Ended(old);
            old.Conversation.Close(1000, Superseded);
        }

        conversation.Link.Queue.SetPace(!session.Outbound ? null : facts.IsEdge ? Pace.Edge : Options.ClassicPace);
        if (session.Outbound) Suppression.Clear(facts.DeviceId);
        _dials.Registered(session);
        // Every loss and every rejoin is told; only a device that displaces itself again and again is not told each time.
        if (tell) Publish(EventTypes.PeerConnect, EventSeverity.Info, facts.DeviceId, $"Connected: {facts.DeviceId.Abbreviated}…");
        MembershipChanged();
        Proposals.Welcome(session);
        // The dialler asks for what it missed; the acceptor only where it will be answered ([W-60]).
        // Frames with numbers are compared; what has none here, or none there, is asked for by time.
        Sync?.Began(session);
        if (session.Outbound || facts.IsEdge) _ = _catchUp.AskAsync(session, lastSeen);
        _backlog?.Began(session);
    }

    /// <summary>Ends every connection of a dialler that stands down ([W-40]).</summary>
    internal void StopDial(StaticDial dial)
    {
        foreach (Conversation conversation in _conversations)
        {
            if (conversation.Dial == dial) conversation.Close(1000, Superseded);
        }
    }

    /// <summary>Takes a session out of the table; its connection is closing or closed.</summary>
    /// <param name="reason">The word of the event ([W-139]).</param>
    internal bool Unregister(Session session, string reason, string detail)
    {
        lock (_lock)
        {
            if (!_sessions.Contains(session)) return false;
            _sessions = Array.FindAll(_sessions, s => s != session);
            if (_lastSeenMs.Count >= MaxLastSeen) _lastSeenMs.Clear();
            _lastSeenMs[session.DeviceId.Value] = NowMs;
        }

        session.Conversation.Calls.Close();
        _verifier.Forget(session);
        _backlog?.Ended(session);
        Publish(EventTypes.PeerDisconnect, EventSeverity.Info, session.DeviceId, $"Disconnected: {session.DeviceId.Abbreviated}… ({reason}){(detail.Length == 0 ? "" : $": {detail}")}");
        // What was reported to this node is not reported on, and whom it threw out is not down ([W-157], [W-158]).
        if (session.Outbound && reason is not ("peer leaving" or "peer down" or "stopping" or "no longer trusted")) ReportDown(session);
        MembershipChanged();
        return true;
    }

    /// <summary>A connection is gone.</summary>
    internal void Ended(Conversation conversation, int status, string reason)
    {
        lock (_lock) _conversations = Array.FindAll(_conversations, c => c != conversation);
        Pairing?.LinkEnded(conversation);
        string why = conversation.ClosedBecause ?? (reason.Length > 0 ? reason : $"closed with {status}");
        if (conversation.Session is { } session)
            Unregister(session, _stop.IsCancellationRequested ? "stopping" : session.Outbound ? "outbound disconnected" : "socket closed", conversation.ClosedBecause ?? reason);
        if (conversation.Dial is { } dial) _dials.Ended(dial, why);
    }

    // [X-9]: the features last seen, and one warning when they are gone. Only names this version knows are written: a peer that shows
    // other lists all day must not wear out the disk.
    private void Remember(PeerFacts facts)
    {
        if (!Trust.Entries.TryGetValue(facts.DeviceId.Value, out TrustEntry? entry)) return;
        if (facts.Has(EdgeFeatures.SignedFrames)) Gossip.Standings.Signs(facts.DeviceId.Value);
        else if (Gossip.Standings.WentClassic(facts.DeviceId.Value) && MaySay(facts.DeviceId))
            Publish(EventTypes.PeerFault, EventSeverity.Warning, facts.DeviceId, $"[EDGE_DOWNGRADE] {facts.DeviceId.Abbreviated}… connected without the signatures it had: it runs classic software now, or somebody between has taken them away. Its frames count unsigned; relayed ones as unverified.");
        List<string> known = [.. facts.Features.Where(EdgeFeatures.Known.Contains)];
        if (known.SequenceEqual(entry.Features) || !_featureWrites.TryTake()) return;
        try
        {
            Trust.NoteFeatures(entry.DeviceId, known);
        }
        catch (EdgeException unwritten)
        {
            if (MaySay(facts.DeviceId)) Publish(EventTypes.PeerFault, EventSeverity.Warning, facts.DeviceId, $"What {facts.DeviceId.Abbreviated}… can do could not be noted: {unwritten.Why}");
        }
    }

    // What a peer can cause again and again is said of each device now and then; it is counted always.
    private bool MaySay(NodeId device) => _said.TryTake(device);

    // An edit of the store ends the sessions it no longer allows ([W-24]). Compared at every look: a handshake may have seen the edit first.
    private void TrustLookedAt()
    {
        string? problem = Trust.Problem;
        if (problem != _trustProblem && problem is not null)
            Events.Publish(new EdgeEvent(0, default, EventTypes.PeerFault, EventSeverity.Error, "trust store", $"[TRUST_STORE_UNREADABLE] {problem} No session is let in.", FailureClass.Auth));
        _trustProblem = problem;
        // An unreadable store lets nobody new in; it does not say that anybody was removed.
        if (problem is not null) return;
        foreach (Session session in _sessions)
        {
            if (StillTrusted(session.Facts)) continue;
            // Out of the table first: the end of the connection must not name another reason.
            Unregister(session, "no longer trusted", "removed from the trust store, or another key was pinned");
            session.Conversation.Close(1008, "no longer trusted");
        }
    }

    private bool StillTrusted(PeerFacts facts) =>
        Trust.Entries.TryGetValue(facts.DeviceId.Value, out TrustEntry? entry) && (entry.PublicKey is null || entry.PublicKey == facts.PublicKey);

    // Only the dialler reports, and not while this node suspects itself ([W-157], [X-36]).
    private void ReportDown(Session lost)
    {
        Suppression.MarkDead(lost.DeviceId);
        if (Health.Degraded) return;
        byte[] message = Envelope.Messages.Event("peer.down", w =>
        {
            w.WriteNumber("gen", 1);
            w.WriteString("deviceId", lost.DeviceId.Value);
            w.WriteNumber("reportedAtMs", NowMs);
        });
        foreach (Session session in _sessions) session.Conversation.SendEvent(MessageClass.Control, message);
    }
}
