using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh.Dialling;

/// <summary>Keeps a dialler for every static peer, and for those a source has found ([W-39] to [W-45]). Looked at by the mesh's tick.</summary>
internal sealed class DialBook
{
    private readonly MeshNode _mesh;
    private readonly IDialler _dialler;
    private readonly Lock _lock = new();
    private readonly IPeerSource? _source;
    private readonly Func<double> _chance;
    private readonly DialBudget _budget;

    // Diallers of discovered peers: as many as the source may find.
    private StaticDial[] _found = [];

    public DialBook(MeshNode mesh, IDialler dialler, IPeerSource? source, Func<double> chance)
    {
        (_mesh, _dialler, _source, _chance, _budget) = (mesh, dialler, source, chance, new DialBudget(mesh.Time));
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
        LookAtFound();
        foreach (StaticDial dial in Dials) Try(dial);
        foreach (StaticDial dial in _found) Try(dial);
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
        foreach (StaticDial dial in (StaticDial[])[.. Dials, .. _found])
        {
            if (dial.Peer.DeviceId != session.DeviceId) continue;
            lock (_lock)
            {
                // A discovered one is forgotten; it comes back when it is found again.
                if (dial.Discovered) _found = Array.FindAll(_found, d => d != dial);
                if (dial.State == DialState.Refused) continue;
                dial.State = DialState.StoodDown;
                dial.RivalSeenAt = _mesh.Time.GetTimestamp();
            }

            // A handshake still under way would displace the session that has just won ([W-40]).
            _mesh.StopDial(dial);
        }
    }

    /// <summary>A connection of ours ended, with a session or without.</summary>
    public void Ended(StaticDial dial, string why)
    {
        lock (_lock)
        {
            if (dial.State is DialState.Dialling or DialState.Connected) Lose(dial, why);
        }
    }

    private void Try(StaticDial dial)
    {
        lock (_lock)
        {
            if (!IsDue(dial)) return;
            dial.State = DialState.Dialling;
        }

        _ = DialAsync(dial);
    }

    // [W-39], in the order of the rule; a device that has a dialler already keeps that one ([W-44]).
    private void LookAtFound()
    {
        IReadOnlyList<DialCandidate> found = _source?.Found ?? [];
        if (Array.Exists(_found, d => d.Paused)) ForgetUnfound(found);
        if (found.Count == 0) return;
        string mesh = _mesh.SelfFacts.MeshId;
        foreach (DialCandidate candidate in found)
        {
            NodeId device = candidate.DeviceId;
            if (candidate.MeshId is { } announced && announced != mesh) _mesh.Membership?.Met(announced);
            StaticDial? before = Array.Find(_found, d => d.Peer.DeviceId == device);
            // One that failed a moment ago waits as any other does ([W-42]); the few dials of its hour would be gone within a second.
            if (Dials.Any(d => d.Peer.DeviceId == device) || (before is not null && (!before.Paused || _mesh.Time.GetTimestamp() < before.NextAt))) continue;
            if (DialRules.WhyNotDialDiscovered(
                _mesh.Self, candidate, _mesh.Trust.Entries.ContainsKey(device.Value), _mesh.SessionOf(device) is not null,
                _mesh.Suppression.IsSuppressed(device), _budget.HasLeft(device),
                DialRules.WhyNotItsMesh(candidate.MeshId, mesh, id => _mesh.Membership?.PolicyOf(id) ?? JoinPolicy.Auto)) is not null) continue;
            string host = candidate.Host!.Contains(':', StringComparison.Ordinal) ? $"[{candidate.Host}]" : candidate.Host;
            if (StaticPeer.Parse($"{device.Value}=ws://{host}:{candidate.Port}||mdns", out _) is not { } peer || !_budget.TryTake(device)) continue;
            lock (_lock) _found = [.. Array.FindAll(_found, d => d != before), new StaticDial(peer, _chance, before) { Discovered = true }];
        }
    }

    // What nobody tells of any more is not waited for.
    private void ForgetUnfound(IReadOnlyList<DialCandidate> found)
    {
        lock (_lock)
        {
            _found = Array.FindAll(_found, d =>
            {
                if (!d.Paused) return true;
                foreach (DialCandidate candidate in found)
                {
                    if (candidate.DeviceId == d.Peer.DeviceId) return true;
                }

                return false;
            });
        }
    }

    private void Lose(StaticDial dial, string why)
    {
        dial.Lost(why, _mesh.Time);
        // A lost session has marked it dead ([W-43]); what failed is dialled anew, at the address it then has, after its pause.
        dial.Paused = dial.Discovered;
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
            case DialState.Waiting or DialState.Untrusted when !dial.Paused:
                break;
            default:
                return false;
        }

        if (_mesh.IsTurnedAway(dial.Peer.DeviceId)) return false;
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
        catch (OperationCanceledException) when (_mesh.Stopping.IsCancellationRequested)
        {
            // The node stops, and with it its dialling.
            return;
        }
        catch (Exception bug) when (bug is not EdgeException)
        {
            // Whatever it was, the dialler must not be lost with it.
            lock (_lock)
            {
                if (dial.State == DialState.Dialling) Lose(dial, bug.Message);
            }

            _mesh.Events.Publish(new EdgeEvent(
                0, default, EventTypes.Error, EventSeverity.Error, dial.Peer.DeviceId.Abbreviated,
                $"Dialling {dial.Peer.UrlText} failed inside this node: {bug.GetType().Name}, {bug.Message}", FailureClass.Infra));
        }
        catch (EdgeException failed)
        {
            bool first;
            lock (_lock)
            {
                first = dial.LastFault != failed.Why;
                if (dial.State == DialState.Dialling) Lose(dial, failed.Why);
            }

            _mesh.Counters.Add(MeshCounter.Reconnects);
            // Said once for each new reason; a peer that is away for a week must not fill the log.
            if (first || failed.Code == TlsErrorCodes.PinMismatch)
            {
                _mesh.Events.Publish(new EdgeEvent(
                    0, default, EventTypes.PeerFault, failed.Code == TlsErrorCodes.PinMismatch ? EventSeverity.Error : EventSeverity.Warning, dial.Peer.DeviceId.Abbreviated,
                    $"[{failed.Code}] {failed.What} {failed.Why} {failed.Fix}", failed.FailureClass));
            }
        }
    }
}
