using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh.Envelope;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh.Gossip;

/// <summary>
/// The flood ([W-74]): hears frames, drops what was seen, passes on what is new, keeps it. Frames of all receive loops meet here;
/// only the seen-set is shared and locked.
/// </summary>
internal sealed class GossipHub(MeshNode mesh)
{
    /// <summary>The last hop count that is passed on ([W-74] 4): a radius of four edges.</summary>
    private const int LastRelayedHop = 2;

    private readonly Lock _lock = new();
    private readonly SeenSet _seen = new(mesh.Options.SeenFrames);
    private readonly Lock _ownLock = new();
    private readonly WireScan _ownScan = new();
    private readonly FrameCheck _ownCheck = new();

    /// <summary>A frame came on a session; null with a fault when it failed its check.</summary>
    public void Heard(Session from, MeshFrame? frame, FrameFault fault)
    {
        if (frame is null)
        {
            Refuse(from, fault);
            return;
        }

        if (!Believe(from.DeviceId, frame) || !IsNew(frame)) return;

        // A frame that has come as far as it may is kept and not passed on.
        if (frame.Hops <= LastRelayedHop) Relay(frame, from);
        else mesh.Counters.Add(MeshCounter.HopLimit);
        mesh.Traces.Heard(frame);
        Keep(frame);
    }

    /// <summary>Checks, keeps and sends a frame of this node ([W-70], [W-75]).</summary>
    /// <exception cref="EdgeException"><c>mesh.frame_invalid</c>: the frame breaks the wire's own rules; it went nowhere.</exception>
    public MeshFrame Tell(ContextFrame own, MessageClass messageClass)
    {
        byte[] utf8 = JsonSerializer.SerializeToUtf8Bytes(own, WireJson.Default.ContextFrame);
        MeshFrame? frame;
        lock (_ownLock)
        {
            frame = _ownScan.Frame(utf8) ? _ownCheck.Check(utf8, _ownScan, out _) : null;
        }

        if (frame is null)
        {
            throw new EdgeException(
                "mesh.frame_invalid", $"A frame of kind '{own.Kind}' was not sent.", "It breaks a rule every node checks.",
                "This is a fault of the program; its frame is in no log and on no link. Please report it.", FailureClass.ProtocolHandshake);
        }

        lock (_lock) _seen.Add(frame.FrameId);
        mesh.World.Ingest(frame);
        byte[] message = Messages.Frame(frame.Utf8);
        // An alarm goes ahead of the waiting reading of its key and takes it along; it never gives way itself ([X-74]).
        string? key = frame.CoalescingKey;
        foreach (Session session in mesh.Sessions) session.Conversation.SendEvent(messageClass, message, key);
        mesh.Counters.Add(MeshCounter.FramesBroadcast);
        mesh.TellSubscribers(message);
        return frame;
    }

    /// <summary>Takes in a frame of a <c>context.sync</c> answer; true when it was new. It is passed on to other Edge nodes only: to classic ones it would come out of order ([W-79]).</summary>
    public bool Synced(Session from, ReadOnlySpan<byte> utf8)
    {
        MeshFrame? frame;
        FrameFault fault = FrameFault.Invalid;
        lock (_ownLock) frame = _ownScan.Frame(utf8) ? _ownCheck.Check(utf8, _ownScan, out fault) : null;
        if (frame is null)
        {
            Refuse(from, fault);
            return false;
        }

        // Own frames are dropped ([W-88]): a peer that made one up would have this node vouch for it ([X-71]). What this node said
        // itself is in its own store.
        if (frame.SourceDeviceId == mesh.Self.Value)
        {
            mesh.Counters.Add(MeshCounter.OwnFramesBack);
            return false;
        }

        if (!Believe(from.DeviceId, frame) || !IsNew(frame)) return false;
        mesh.Counters.Add(MeshCounter.SyncFrames);
        if (frame.Hops <= LastRelayedHop) Relay(frame, from, synced: true);
        Keep(frame);
        return true;
    }

    private void Keep(MeshFrame frame)
    {
        mesh.World.Ingest(frame);
        mesh.Counters.Add(MeshCounter.FramesIngested);
        if (mesh.HasSubscribers) mesh.TellSubscribers(Messages.Frame(frame.Utf8));
    }

    private void Refuse(Session from, FrameFault fault)
    {
        switch (fault)
        {
            case FrameFault.Generation:
                mesh.Counters.Add(MeshCounter.GenerationMismatch);
                if (from.GenerationWarned) return;
                from.GenerationWarned = true;
                mesh.Events.Publish(new EdgeEvent(
                    0, default, EventTypes.PeerFault, EventSeverity.Warning, from.DeviceId.Abbreviated,
                    $"[GENERATION_MISMATCH] {from} sends frames of another protocol generation; this node speaks generation 1 and drops them.", FailureClass.ProtocolHandshake));
                break;
            case FrameFault.DataTooLarge:
                mesh.Counters.Add(MeshCounter.DataTooLarge);
                break;
            default:
                mesh.Counters.Add(MeshCounter.InvalidFrame);
                break;
        }
    }

    // Grants ([X-11]) decide whether it is heard, and how much of its tier is believed ([X-18]).
    private bool Believe(NodeId from, MeshFrame frame)
    {
        PeerGrants grants = mesh.GrantsOf(from);
        bool direct = frame.Hops == 0 && frame.SourceDeviceId == from.Value;
        if (direct ? !grants.Gossip : !grants.Relay)
        {
            mesh.Counters.Add(MeshCounter.GrantDenied);
            return false;
        }

        EvidenceTier ceiling = direct ? grants.MaxTier : EvidenceTier.UnverifiedObservation;
        if (frame.EffectiveTier > ceiling) frame.EffectiveTier = ceiling;
        return true;
    }

    private bool IsNew(MeshFrame frame)
    {
        bool unseen;
        lock (_lock) unseen = _seen.Add(frame.FrameId);
        if (!unseen)
        {
            mesh.Counters.Add(MeshCounter.DuplicateFrames);
            return false;
        }

        if (frame.SourceDeviceId != mesh.Self.Value) return true;
        mesh.Counters.Add(MeshCounter.OwnFramesBack);
        return false;
    }

    private void Relay(MeshFrame frame, Session from, bool synced = false)
    {
        byte[]? message = null;
        // What fills a gap is history: its last value does not stand for the rest.
        string? key = synced ? null : frame.CoalescingKey;
        foreach (Session session in mesh.Sessions)
        {
            if (session == from || (synced && !session.Facts.IsEdge)) continue;
            message ??= frame.RelayMessage();
            session.Conversation.SendEvent(MessageClass.Bulk, message, key);
        }

        if (message is not null) mesh.Counters.Add(MeshCounter.FramesRelayed);
    }
}
