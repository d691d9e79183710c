using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Origin;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Sync;

namespace ClawMesh.Edge.Mesh;

// Frames with numbers: this node as an origin, what it knows of others, and how it catches up.
public sealed partial class MeshNode
{
    // What a node that starts again shows of what it knew; the rest is in the archive.
    private const int RestoredFrames = 2_000;

    /// <summary>This node's epoch, numbers and clock.</summary>
    public OwnFrames Own { get; }

    /// <summary>What is known of each origin's frames ([X-24]).</summary>
    public SequenceBook Book { get; }

    /// <summary>Origins whose numbers contradict each other; an operator clears them ([X-21]).</summary>
    public int ForkedOrigins => Gossip.Standings.Forked;

    /// <summary>Signed frames that wait for their check, and own ones that wait for a number.</summary>
    public (int Unchecked, int Held) WaitingFrames => (_verifier.Waiting, Gossip.Voice.Held);

    internal OriginDesk Origin { get; }

    internal SyncSchedule? Sync { get; }

    internal SyncServer? SyncServer { get; }

    /// <summary>An operator vouches for a device again whose numbers contradicted each other.</summary>
    public void ClearFork(Core.Identity.NodeId device) => Gossip.Standings.ClearFork(device.Value);

    internal double NextChance() => _ports.Chance();

    /// <summary>Ends a session that behaves as no honest peer does, and does not dial it for a while ([X-18]).</summary>
    internal void TurnAway(Session session, string why)
    {
        Suppression.MarkDead(session.DeviceId);
        _turnedAway.MarkDead(session.DeviceId);
        Events.Publish(new EdgeEvent(
            0, default, EventTypes.PeerFault, EventSeverity.Warning, session.DeviceId.Abbreviated, $"Closed the session with {session}: {why}. It is let in again in 10 minutes.", FailureClass.Auth));
        Unregister(session, "no longer trusted", why);
        session.Conversation.Close(1008, why);
    }

    /// <summary>Whether a device was turned away within the last ten minutes.</summary>
    internal bool IsTurnedAway(Core.Identity.NodeId device) => _turnedAway.IsSuppressed(device);

    private void TickFrames()
    {
        if (Options.Inline) _verifier.Pump();
        else if (_verifier.Waiting > 0) _verifier.Wake();
        Origin.Tick();
        Gossip.Voice.Tick();
        Sync?.Tick();
        _backlog?.Tick();
        if (_ports.Archive is { } archive) Book.Save(archive);
    }

    private async Task StopFramesAsync()
    {
        // A frame told after this finds no number and is not sent; the doors are closed.
        Gossip.Voice.Tick();
        if (_ports.Archive is { } archive) Book.Save(archive);
        await Own.StopAsync();
        await _verifying;
    }
}
