using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh.Dialling;

/// <summary>Keeps a dialler for every static peer ([W-39] to [W-45]). Looked at by the mesh's tick.</summary>
internal sealed class DialBook
{
    private readonly MeshNode _mesh;
    private readonly IDialler _dialler;
    private readonly Lock _lock = new();

    public DialBook(MeshNode mesh, IDialler dialler, Func<double> chance)
    {
        (_mesh, _dialler) = (mesh, dialler);
        var dials = new List<StaticDial>();
        foreach (StaticPeer peer in mesh.Options.StaticPeers)
        {
            // The first entry for a device wins ([W-44]).
            if (dials.Exists(d => d.Peer.DeviceId == peer.DeviceId)) continue;
            var dial = new StaticDial(peer, chance);
            if (!peer.MayDial || peer.DeviceId == mesh.Self) dial.State = DialState.Refused;
            dials.Add(dial);
        }

        Dials = dials;
    }

    public IReadOnlyList<StaticDial> Dials { get; }

    /// <summary>Starts the attempts that are due.</summary>
    public void Tick()
    {
        foreach (StaticDial dial in Dials)
        {
            lock (_lock)
            {
                if (!IsDue(dial)) continue;
                dial.State = DialState.Dialling;
            }

            _ = DialAsync(dial);
        }
    }

    /// <summary>A session began; a dialler of ours may have to stand down.</summary>
    public void Registered(Session session)
    {
        if (session.Conversation.Dial is { } own)
        {
            lock (_lock) own.Succeeded();
            return;
        }

        if (!DialRules.MustStandDown(_mesh.Self, session.DeviceId, inboundRegistered: true)) return;
        foreach (StaticDial dial in Dials)
        {
            if (dial.Peer.DeviceId != session.DeviceId) continue;
            lock (_lock)
            {
                if (dial.State == DialState.Refused) continue;
                dial.State = DialState.StoodDown;
                dial.RivalSeenAt = _mesh.Time.GetTimestamp();
            }
        }
    }

    /// <summary>A connection of ours ended, with a session or without.</summary>
    public void Ended(StaticDial dial, string why)
    {
        lock (_lock)
        {
            if (dial.State is DialState.Dialling or DialState.Connected) dial.Lost(why, _mesh.Time);
        }
    }

    private bool IsDue(StaticDial dial)
    {
        switch (dial.State)
        {
            case DialState.StoodDown:
                if (_mesh.SessionOf(dial.Peer.DeviceId) is not null)
                {
                    dial.RivalSeenAt = _mesh.Time.GetTimestamp();
                    return false;
                }

                if (_mesh.Time.GetElapsedTime(dial.RivalSeenAt) < _mesh.Options.StandDown) return false;
                dial.Resume();
                break;
            case DialState.Waiting or DialState.Untrusted:
                break;
            default:
                return false;
        }

        if (!_mesh.Trust.Entries.ContainsKey(dial.Peer.DeviceId.Value))
        {
            if (dial.State != DialState.Untrusted) dial.LastFault = "the device is not in the trust store";
            dial.State = DialState.Untrusted;
            return false;
        }

        if (dial.State == DialState.Untrusted) dial.Resume();
        return _mesh.Time.GetTimestamp() >= dial.NextAt;
    }

    private async Task DialAsync(StaticDial dial)
    {
        try
        {
            await _dialler.DialAsync(dial.Peer, link => _mesh.Open(link, dial), _mesh.Stopping);
        }
        catch (OperationCanceledException)
        {
            // The node stops, and with it its dialling.
            return;
        }
        catch (EdgeException failed)
        {
            bool first;
            lock (_lock)
            {
                first = dial.LastFault != failed.Why;
                dial.Lost(failed.Why, _mesh.Time);
            }

            _mesh.Counters.Add(MeshCounter.Reconnects);
            // Said once for each new reason; a peer that is away for a week must not fill the log.
            if (first || failed.Code == TlsErrorCodes.PinMismatch)
            {
                _mesh.Events.Publish(new EdgeEvent(
                    0, default, EventTypes.PeerFault, failed.Code == TlsErrorCodes.PinMismatch ? EventSeverity.Error : EventSeverity.Warning, dial.Peer.DeviceId.Abbreviated,
                    $"{failed.What} {failed.Why} {failed.Fix}", failed.FailureClass));
            }
        }
    }
}
