using System.Security.Cryptography;
using System.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Peers;

namespace ClawMesh.Edge.Mesh.Pairing;

/// <summary>
/// Pairing of this node with another ([X-52] to [X-62]): one window at a time, one attempt per window, for either role. A person opens it
/// and a person confirms; the desk itself agrees to nothing. Thread-safe.
/// </summary>
public sealed partial class PairingDesk
{
    /// <summary>[X-53]; no setting makes it longer.</summary>
    public static readonly TimeSpan LongestWindow = TimeSpan.FromSeconds(120);

    private readonly Lock _lock = new();
    private readonly PairingWorld _world;
    private readonly PairingDelay _delay;
    private PairingWindow? _window;
    private Task _initiating = Task.CompletedTask;

    public PairingDesk(PairingWorld world) => (_world, _delay) = (world, new PairingDelay(world.Time));

    /// <summary>Opens the window and waits for another device to begin.</summary>
    /// <param name="owner">The local connection of the person; only it may confirm.</param>
    /// <param name="offers">What the other device may do here at most.</param>
    /// <exception cref="EdgeException"><c>pair.window_open</c>, <c>pair.delayed</c>, <c>TRUST_STORE_UNREADABLE</c>.</exception>
    public void Accept(object owner, string by, PeerGrants offers, PeerGrants wants)
    {
        lock (_lock) Open(owner, by, PairingRole.Responder, offers, wants);
    }

    /// <summary>Opens the window and begins with another device at once.</summary>
    /// <param name="expected">The device that discovery named; another one is refused. Null when only an address is known.</param>
    /// <exception cref="EdgeException">As for <see cref="Accept"/>.</exception>
    public void Dial(object owner, string by, PeerGrants offers, PeerGrants wants, StaticPeer target, NodeId? expected)
    {
        PairingWindow window;
        lock (_lock) window = Open(owner, by, PairingRole.Initiator, offers, wants);
        Task initiating = InitiateAsync(window, target, expected);
        lock (_lock) _initiating = initiating;
    }

    /// <summary>What the person at this end sees now.</summary>
    public PairingStatus Status()
    {
        lock (_lock)
        {
            Expire();
            if (_window is not { } w) return new PairingStatus(PairingState.Closed, PairingRole.Responder, TimeSpan.Zero, null, null, null, null, false, null, null, null);
            bool shown = w.State is PairingState.Showing or PairingState.Waiting;
            return new PairingStatus(
                w.State, w.Role, w.IsLive ? _world.Window - _world.Time.GetElapsedTime(w.OpenedAt) : TimeSpan.Zero, shown && w.Role == PairingRole.Responder ? w.Code : null,
                w.Code is null ? null : w.Other, w.Gives, w.Gets, w.Gives is { } gives && PairingGrants.AreWide(gives), w.Joins, w.EndCode, w.EndWhy);
        }
    }

    /// <summary>The person at this end agreed, having seen the code or typed the other end's.</summary>
    /// <param name="typed">At the initiator the digits the other end shows; a wrong code ends the attempt.</param>
    /// <param name="wideToo">The second yes of [X-62].</param>
    /// <exception cref="EdgeException"><c>PAIRING_NOT_ACTIVE</c>, <c>INVALID_PARAMS</c>; the attempt goes on.</exception>
    public async Task ConfirmAsync(object owner, string? typed, bool wideToo)
    {
        PairingWindow w;
        lock (_lock)
        {
            w = Owned(owner);
            if (w.State != PairingState.Showing) throw Unfit($"The attempt is {Word(w.State)}; a code is confirmed while it is shown.");
            if (PairingGrants.AreWide(w.Gives!) && !wideToo) throw Unfit("The grants hold approvals or a pattern with *, which need a second yes.");
            if (w.Role == PairingRole.Initiator)
            {
                if (typed is null) throw Unfit("The digits that the other device shows are missing.");
                if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(typed), Encoding.UTF8.GetBytes(w.Code!)))
                {
                    End(w, PairingErrorCodes.SasMismatch, "the code typed is not the code of this end");
                    return;
                }
            }

            (w.Agreed, w.State) = (true, PairingState.Waiting);
            w.Person.TrySetResult(true);
        }

        await FinishAsync(w);
    }

    /// <summary>The person at this end says no, or that the codes differ.</summary>
    public void Cancel(object owner, bool codesDiffer)
    {
        lock (_lock)
        {
            if (_window is not { IsLive: true } w || w.Owner != owner) return;
            End(w, codesDiffer ? PairingErrorCodes.SasMismatch : PairingErrorCodes.Rejected, codesDiffer ? "the person at this end says that the codes differ" : "the person at this end said no");
        }
    }

    /// <summary>Looks at the window's time ([X-60]).</summary>
    public void Tick()
    {
        lock (_lock) Expire();
    }

    /// <summary>Ends what is under way; nothing is stored any more. Called when the node's stop was asked for already; throws nothing.</summary>
    public async Task StopAsync()
    {
        PairingWindow? w;
        Task initiating;
        lock (_lock) (w, initiating) = (_window, _initiating);
        try
        {
            lock (_lock)
            {
                if (w is not null) End(w, PairingErrorCodes.Rejected, "this node stops");
            }

            await initiating;
        }
        catch (Exception bug)
        {
            // The rest of the node's stop must not be skipped.
            Fault(w, bug);
        }
    }

    private PairingWindow Open(object owner, string by, PairingRole role, PeerGrants offers, PeerGrants wants)
    {
        const string What = "Pairing was not opened.";
        Expire();
        if (_window is { IsLive: true } other) throw new EdgeException("pair.window_open", What, $"{other.By} opened it already; one device is paired with at a time.", "Wait for the end of that attempt, 120 s at most.", FailureClass.Auth);
        TimeSpan delay = _delay.Remaining;
        if (delay > TimeSpan.Zero)
            throw new EdgeException("pair.delayed", What, $"The attempt before this one failed; the next may begin in {Math.Ceiling(delay.TotalSeconds):0} s.", "Find out why it failed, `clawmesh-edge events` says more, and try again then.", FailureClass.Auth);
        _world.Trust.Refresh();
        if (_world.Trust.Problem is { } problem) throw new EdgeException(TrustErrorCodes.StoreUnreadable, What, problem, "Restore the trust store first: nobody could be added to it.", FailureClass.Auth);
        _window = new PairingWindow(owner, by, role, offers, wants, _world.Time.GetTimestamp(), _world.Inline) { Nonce = _world.NewNonce() };
        if (role == PairingRole.Responder) Announce(true);
        Publish(EventSeverity.Info, null, $"{by} opened pairing for {_world.Window.TotalSeconds:0} s, to {(role == PairingRole.Responder ? "wait for another device" : "begin with another device")}.");
        return _window;
    }

    // [X-57] and the rule of meshes, for either role. Null, or the reason to refuse.
    private string? Examine(PairingWindow w, PairingHello other)
    {
        if (!WireKeys.Binds(other.DeviceId.Value, other.Key)) return "its key does not belong to its device id";
        if (other.Key.AsSpan().SequenceEqual(_world.Signer.PublicKey.Span)) return "it has the key of this very device";
        if (!_world.Ports.IsSoundKey(other.Key)) return "its key is of small order";
        _world.Trust.Refresh();
        if (_world.Trust.Problem is { } problem) return problem;
        if (_world.Trust.Entries.TryGetValue(other.DeviceId.Value, out TrustEntry? known) && known.PublicKey is { } pinned && pinned != other.PublicKey) return "another key is pinned for it";
        w.Joins = null;
        if (other.MeshId is not { } theirs) return null;
        string ours = _world.Self().MeshId;
        if (theirs == ours) return null;
        if (StatedMesh(w.Role, theirs) is not null) return $"it belongs to mesh {PairingHello.Plain(theirs)}, this node to {ours}";
        if (_world.Membership!.PolicyOf(theirs) == JoinPolicy.Never) return $"the policy for its mesh {PairingHello.Plain(theirs)} is never";
        w.Joins = theirs;
        return null;
    }

    // A fresh node has nothing to lose by joining and states no mesh; of two fresh ones the responder states its own.
    private string? StatedMesh(PairingRole role, string? theirs) =>
        _world.Membership is { IsOwnInvention: true } && (role == PairingRole.Initiator || theirs is not null) ? null : _world.Self().MeshId;

    // Called after either of the two conditions of [X-59] came true; the second call finds both.
    private async Task FinishAsync(PairingWindow w)
    {
        PairedDevice paired;
        lock (_lock)
        {
            if (w is not { State: PairingState.Waiting, Agreed: true, Signed: true }) return;
            w.State = PairingState.Storing;
            paired = new PairedDevice(w.Other!.DeviceId, w.Other.PublicKey, Name(w.Other), w.Gives!, w.Joins, w.By);
        }

        try
        {
            // First: a node that trusts somebody joins nothing any more.
            if (w.Joins is { } mesh) _world.Membership!.Join(mesh);
            await _world.Ports.Store(paired);
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            // A bug, too: a window that never ends would be the last one.
            lock (_lock)
            {
                w.State = PairingState.Waiting;
                End(w, PairingErrorCodes.Rejected, (failed is EdgeException fault ? $"{fault.What} {fault.Why}" : failed.Message).TrimEnd('.'));
            }

            return;
        }

        lock (_lock)
        {
            w.State = PairingState.Stored;
            _delay.Succeeded();
            Announce(false);
            Publish(EventSeverity.Info, w, $"{w.By}: paired with {Name(w.Other!)}, {w.Other!.DeviceId.Value}: {GrantText.Describe(paired.Grants)}.{(w.Joins is { } joined ? $" This node joined mesh {joined}." : "")}");
            w.Over.TrySetResult();
        }
    }

    private void Expire()
    {
        if (_window is { IsLive: true } w && _world.Time.GetElapsedTime(w.OpenedAt) >= _world.Window) End(w, PairingErrorCodes.Timeout, $"the window of {_world.Window.TotalSeconds:0} s ended");
    }

    private void End(PairingWindow w, string code, string why, bool byOther = false)
    {
        // What is being written is not taken back; a failure to write ends it.
        if (w.State is PairingState.Stored or PairingState.Failed or PairingState.Storing) return;
        w.State = PairingState.Failed;
        (w.EndCode, w.EndWhy, w.EndedByOther) = (code, why, byOther);
        if (w.Attempted) _delay.Failed();
        Announce(false);
        string more = code == PairingErrorCodes.SasMismatch ? " The codes of the two ends differ: somebody may sit between them. Nothing was stored." : "";
        Publish(w.Attempted ? EventSeverity.Warning : EventSeverity.Info, w, $"Pairing{(w.Other is { } o ? $" with {o.DeviceId.Abbreviated}…" : "")} ended: {code}, {why}.{more}");
        w.Person.TrySetResult(false);
        w.Over.TrySetResult();
    }

    // What nobody thought of ends the attempt like a refusal, and is told as what it is.
    private void Fault(PairingWindow? w, Exception bug)
    {
        string what = $"a fault inside this node, {bug.GetType().Name}: {bug.Message.TrimEnd('.')}";
        _world.Events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Error, "pairing", $"Pairing met {what}.", FailureClass.Infra));
        lock (_lock)
        {
            if (w is not null) End(w, PairingErrorCodes.Rejected, what);
        }
    }

    private PairingWindow Owned(object owner)
    {
        Expire();
        return _window is { IsLive: true } w && w.Owner == owner
            ? w
            : throw new EdgeException(PairingErrorCodes.NotActive, "Nothing was confirmed.", "This connection has no pairing under way.", "Only the program that opened the window confirms: `clawmesh-edge pair`.", FailureClass.Auth);
    }

    private static EdgeException Unfit(string why) => new(GateCodes.InvalidParams, "Nothing was confirmed.", why, "Use `clawmesh-edge pair`.", FailureClass.Auth);

    private void Announce(bool on)
    {
        if (_world.Directory is { } directory) directory.AnnouncePairing = on;
    }

    internal static string Name(PairingHello other) => PairingHello.Plain(other.DisplayName);

    /// <summary>The state as the local API writes it.</summary>
    public static string Word(PairingState state) => state switch
    {
        PairingState.Closed => "closed",
        PairingState.Open => "open",
        PairingState.Committed => "committed",
        PairingState.Showing => "showing",
        PairingState.Waiting => "waiting",
        PairingState.Storing => "storing",
        PairingState.Stored => "stored",
        _ => "failed",
    };

    private void Publish(EventSeverity severity, PairingWindow? w, string text) => _world.Events.Publish(new EdgeEvent(
        0, default, severity == EventSeverity.Info ? EventTypes.Operator : EventTypes.PeerFault, severity, w?.Other?.DeviceId.Abbreviated ?? "pairing", text, severity == EventSeverity.Info ? null : FailureClass.Auth));
}
