using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Mesh.Envelope;
using ClawMesh.Edge.Mesh.Origin;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Mesh.Sync;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh.Gossip;

/// <summary>How a frame came to this node.</summary>
internal enum FrameWay
{
    /// <summary>As an event, when it was made.</summary>
    Live,

    /// <summary>In an answer of <c>context.sync</c>.</summary>
    CaughtUp,

    /// <summary>In an answer of <c>edge.sync</c>.</summary>
    Pulled,
}

/// <summary>
/// The flood ([W-74]) in the order of: hears frames, has their signatures checked, drops what was seen, passes on what is new, keeps
/// it. Nothing is marked as seen before its signature is known, so a bad copy cannot suppress a good one. Frames of all receive loops and
/// of the verifier meet here; what they share is locked.
/// </summary>
internal sealed class GossipHub
{
    /// <summary>The last hop count that is passed on ([W-74] 4): a radius of four edges.</summary>
    private const int LastRelayedHop = 2;

    // A pulled frame older than this is history, which each node fetches for itself ([X-30]).
    private const long RelayPulledMs = 60_000;

    private readonly MeshNode _mesh;
    private readonly IFrameArchive? _archive;
    private readonly OwnFrames _own;
    private readonly SequenceBook _book;
    private readonly FrameVerifier _verifier;
    private readonly Lock _lock = new();
    private readonly SeenSet _seen;
    private readonly SeenSet _unsigned;
    private readonly Lock _readLock = new();
    private readonly WireScan _scan = new();
    private readonly FrameCheck _check = new();

    public GossipHub(MeshNode mesh, OwnFrames own, SequenceBook book, FrameVerifier verifier, FrameStandings standings, IFrameArchive? archive)
    {
        (_mesh, _own, _book, _verifier, Standings, _archive) = (mesh, own, book, verifier, standings, archive);
        _seen = new SeenSet(mesh.Options.SeenFrames);
        _unsigned = new SeenSet(mesh.Options.SeenFrames);
        Voice = new OwnVoice(mesh, own, archive, Said);
    }

    public FrameStandings Standings { get; }

    public OwnVoice Voice { get; }

    /// <summary>A frame came on a session; null with a fault when it failed its check.</summary>
    public void Heard(Session from, MeshFrame? frame, FrameFault fault)
    {
        if (frame is null) Refuse(from, fault);
        else Take(from, frame, FrameWay.Live, null);
    }

    /// <summary>Takes the text of a frame out of an answer.</summary>
    /// <param name="done">Called once: whether it was new.</param>
    public void Take(Session from, byte[] utf8, FrameWay way, Action<bool> done)
    {
        if (Read(utf8, out FrameFault fault) is { } frame)
        {
            Take(from, frame, way, done);
            return;
        }

        Refuse(from, fault);
        done(false);
    }

    /// <summary>A frame from its text; null when it breaks the table of [W-69].</summary>
    public MeshFrame? Read(byte[] utf8) => Read(utf8, out _);

    /// <summary>Whether this node signed a frame, whatever it remembers of it.</summary>
    public bool IsOwnWork(MeshFrame frame) => _verifier.CheckNow(frame, _mesh.SelfFacts.PublicKey);

    /// <summary>Puts what the archive kept into the picture, without telling anybody: a node that starts again knows what it knew.</summary>
    public void Restore(int limit)
    {
        if (_archive is null) return;
        foreach (ArchivedFrame kept in _archive.Newest(limit))
        {
            if (Read(kept.Utf8.ToArray()) is not { } frame) continue;
            frame.Standing = kept.Origin == _mesh.Self.Value ? FrameStanding.Own
                : kept.Epoch is not null ? FrameStanding.Verified
                : _mesh.Trust.Entries.ContainsKey(kept.Origin) ? FrameStanding.UnsignedClassic : FrameStanding.UnknownOrigin;
            if (frame.Standing != FrameStanding.Own) Believe(frame);
            frame.IsHistory = IsHistory(frame);
            lock (_lock)
            {
                _seen.Add(IdOf(frame));
                if (frame.Standing is FrameStanding.UnsignedClassic or FrameStanding.UnknownOrigin) _unsigned.Add(IdOf(frame));
            }

            _mesh.World.Ingest(frame);
        }
    }

    private void Take(Session from, MeshFrame frame, FrameWay way, Action<bool>? done)
    {
        // Own frames are never taken ([W-88]): a peer that made one up would have this node vouch for it ([X-71]).
        if (frame.SourceDeviceId == _mesh.Self.Value)
        {
            Drop(MeshCounter.OwnFramesBack, done);
            return;
        }

        if (!FrameStandings.MayHear(from, frame, _mesh.GrantsOf(from.DeviceId)))
        {
            Drop(MeshCounter.GrantDenied, done);
            return;
        }

        if (frame.StampIsBroken)
        {
            Invalid(from, done);
            return;
        }

        if (frame.Stamp is null)
        {
            TakeUnsigned(from, frame, way, done);
            return;
        }

        if (Standings.KeyOf(frame.SourceDeviceId) is not { } key)
        {
            frame.Standing = FrameStanding.UnknownOrigin;
            Settle(from, frame, way, done);
            return;
        }

        FrameSignature.Mark mark = FrameSignature.MarkOf(frame);
        if (_verifier.IsKnownGood(mark))
        {
            frame.Standing = FrameStanding.Verified;
            Settle(from, frame, way, done, isCopy: true);
            return;
        }

        var job = new VerifyJob(from, frame, mark, key, good =>
        {
            if (good is null)
            {
                done?.Invoke(false);
                return;
            }

            if (good == false)
            {
                Invalid(from, done);
                return;
            }

            frame.Standing = FrameStanding.Verified;
            Settle(from, frame, way, done);
        });
        if (!_verifier.TrySubmit(job)) Drop(MeshCounter.VerifyDropped, done);
        else if (_mesh.Options.Inline) _verifier.Pump();
    }

    private void TakeUnsigned(Session from, MeshFrame frame, FrameWay way, Action<bool>? done)
    {
        frame.Standing = _mesh.Options.AcceptUnsigned ? Standings.Unsigned(from, frame) : FrameStanding.Stripped;
        // What was obtained by digests came on no session of its origin.
        if (way == FrameWay.Pulled && frame.Standing == FrameStanding.Session) frame.Standing = FrameStanding.UnsignedClassic;
        if (frame.Standing == FrameStanding.Stripped) Drop(MeshCounter.FrameStripped, done);
        else Settle(from, frame, way, done);
    }

    // Everything about the frame is known: is it new, and what follows.
    /// <param name="isCopy">The very text of a frame that was verified before.</param>
    private void Settle(Session from, MeshFrame frame, FrameWay way, Action<bool>? done, bool isCopy = false)
    {
        Believe(frame);
        bool leavesGap = false, upgrade = false, known, idKnown;
        string id = IdOf(frame);
        lock (_lock)
        {
            idKnown = _seen.Contains(id);
            if (frame.Standing == FrameStanding.Verified)
            {
                FrameStamp stamp = frame.Stamp!;
                known = _book.Has(frame.SourceDeviceId, stamp.Epoch, stamp.Sequence);
                if (!known)
                {
                    upgrade = idKnown && _unsigned.Contains(id);
                    _book.See(frame.SourceDeviceId, stamp.Epoch, stamp.Sequence, out leavesGap);
                    // One id under two numbers: the number is noted, the frame is the one that is there.
                    known = idKnown && !upgrade;
                }
            }
            else
            {
                known = idKnown;
            }

            _seen.Add(id);
            if (!known && frame.Standing != FrameStanding.Verified) _unsigned.Add(id);
        }

        if (known)
        {
            if (frame.Standing == FrameStanding.Verified && !(idKnown && isCopy)) LookForFork(frame);
            Drop(MeshCounter.DuplicateFrames, done);
            return;
        }

        if (frame.Standing == FrameStanding.Verified) Verified(from, frame, leavesGap && way == FrameWay.Live);
        if (upgrade && _mesh.World.Find(frame.FrameId) is { } old && old.SourceDeviceId == frame.SourceDeviceId && !FrameSignature.HaveSameData(old.Utf8, frame.Utf8)) _mesh.Counters.Add(MeshCounter.FrameConflict);
        Pass(from, frame, way);
        if (way == FrameWay.Live && !upgrade) _mesh.Traces.Heard(frame);
        Keep(frame, upgrade, way == FrameWay.Pulled);
        if (way != FrameWay.Live) _mesh.Counters.Add(MeshCounter.SyncFrames);
        done?.Invoke(true);
    }

    private void Believe(MeshFrame frame)
    {
        EvidenceTier ceiling = Standings.Ceiling(frame);
        if (frame.EffectiveTier > ceiling) frame.EffectiveTier = ceiling;
    }

    private void Verified(Session from, MeshFrame frame, bool leavesGap)
    {
        Standings.SeenSigning(frame.SourceDeviceId);
        if (!_own.Clock.Accept(frame.Stamp!.Hlc, _mesh.NowMs)) _mesh.Counters.Add(MeshCounter.HlcSkew);
        frame.IsHistory = IsHistory(frame);
        if (leavesGap) _mesh.Sync?.GapNoticed(from);
        if (frame.Kind != FrameKinds.Event || SyncWords.VoidOf(frame) is not { } declared) return;
        foreach (SequenceRange range in declared.Ranges) _book.Declare(frame.SourceDeviceId, declared.Epoch, range);
    }

    // a life that is over, or a time that is not yet.
    private bool IsHistory(MeshFrame frame) => frame is { Standing: FrameStanding.Verified or FrameStanding.Own, Stamp: { } stamp }
        && (string.CompareOrdinal(stamp.Epoch, _book.NewestEpoch(frame.SourceDeviceId)) < 0
            || (HybridClock.TryRead(stamp.Hlc, out long ms, out _) && ms > _mesh.NowMs + WorldStore.FutureToleranceMs));

    // a number that is known under another frame id.
    private void LookForFork(MeshFrame frame)
    {
        FrameStamp stamp = frame.Stamp!;
        // What is known already needs no second proof, and each look goes to the disk.
        if (Standings.IsForked(frame.SourceDeviceId)) return;
        if (_archive?.Signed(frame.SourceDeviceId, stamp.Epoch, new SequenceRange(stamp.Sequence, stamp.Sequence), 1, int.MaxValue) is not [{ } kept]) return;
        if (FrameSignature.AreSame(kept.Utf8, frame.Utf8)) return;
        _mesh.Counters.Add(MeshCounter.SequenceForks);
        Standings.Fork(frame);
    }

    private void Pass(Session from, MeshFrame frame, FrameWay way)
    {
        // A frame that has come as far as it may is kept and not passed on.
        if (frame.Hops > LastRelayedHop) _mesh.Counters.Add(MeshCounter.HopLimit);
        else if (way != FrameWay.Pulled || frame.Timestamp >= _mesh.NowMs - RelayPulledMs) Relay(frame, from, synced: way != FrameWay.Live);
    }

    private void Keep(MeshFrame frame, bool upgrade, bool pulled)
    {
        _mesh.World.Ingest(frame);
        _mesh.Counters.Add(MeshCounter.FramesIngested);
        if (_archive is not null)
        {
            ArchivedFrame archived = ArchivedFrames.Of(frame, _mesh.NowMs, ArchivedFrames.ClassOf(frame));
            // What is pulled may be kept unsigned since before the ids that are remembered.
            if (upgrade || (pulled && frame.Standing == FrameStanding.Verified)) _archive.Replace(archived);
            else _archive.Append(archived);
        }

        if (_mesh.HasSubscribers) _mesh.TellSubscribers(Messages.Frame(frame.Utf8));
    }

    private void Said(MeshFrame frame)
    {
        lock (_lock) _seen.Add(IdOf(frame));
        if (frame.Stamp is { } stamp) _book.See(frame.SourceDeviceId, stamp.Epoch, stamp.Sequence, out _);
    }

    // A frame id is its origin's: nobody else can use it up. Twelve digits of the origin tell those apart that a node could trust.
    private static string IdOf(MeshFrame frame) => string.Concat(frame.SourceDeviceId.AsSpan(0, 12), frame.FrameId);

    private MeshFrame? Read(byte[] utf8, out FrameFault fault)
    {
        fault = FrameFault.Invalid;
        lock (_readLock) return _scan.Frame(utf8) ? _check.Check(utf8, _scan, out fault) : null;
    }

    private void Drop(MeshCounter counter, Action<bool>? done)
    {
        _mesh.Counters.Add(counter);
        done?.Invoke(false);
    }

    private void Invalid(Session from, Action<bool>? done)
    {
        Drop(MeshCounter.FrameInvalid, done);
        if (from.CountInvalid(_mesh.Time)) _mesh.TurnAway(from, "more than 20 invalid frames in a minute");
    }

    private void Refuse(Session from, FrameFault fault)
    {
        switch (fault)
        {
            case FrameFault.Generation:
                _mesh.Counters.Add(MeshCounter.GenerationMismatch);
                if (from.GenerationWarned) return;
                from.GenerationWarned = true;
                _mesh.Events.Publish(new EdgeEvent(
                    0, default, EventTypes.PeerFault, EventSeverity.Warning, from.DeviceId.Abbreviated,
                    $"[GENERATION_MISMATCH] {from} sends frames of another protocol generation; this node speaks generation 1 and drops them.", FailureClass.ProtocolHandshake));
                break;
            case FrameFault.DataTooLarge:
                _mesh.Counters.Add(MeshCounter.DataTooLarge);
                break;
            default:
                _mesh.Counters.Add(MeshCounter.InvalidFrame);
                break;
        }
    }

    private void Relay(MeshFrame frame, Session from, bool synced)
    {
        byte[]? message = null;
        // What fills a gap is history: its last value does not stand for the rest.
        string? key = synced ? null : frame.CoalescingKey;
        foreach (Session session in _mesh.Sessions)
        {
            // To classic nodes what was caught up with would come out of order ([W-79]).
            if (session == from || (synced && !session.Facts.IsEdge)) continue;
            message ??= frame.RelayMessage();
            session.Conversation.SendEvent(MessageClass.Bulk, message, key);
        }

        if (message is not null) _mesh.Counters.Add(MeshCounter.FramesRelayed);
    }
}
