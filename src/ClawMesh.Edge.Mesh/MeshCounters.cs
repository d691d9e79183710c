namespace ClawMesh.Edge.Mesh;

/// <summary>What the mesh counts; names on the wire are in <see cref="MeshCounters"/>.</summary>
public enum MeshCounter
{
    InboundMessages, OutboundMessages, FramesIngested, FramesBroadcast, RateLimited,
    InvalidJson, MissingType, InvalidType, TooLarge, DataTooLarge, InvalidFrame, GenerationMismatch,
    DuplicateFrames, OwnFramesBack, FramesRelayed, HopLimit, SyncFrames, SubscriberFrames,
    Unauthenticated, GrantDenied, HandshakeFailures, ExtInvalid, Displaced, Reconnects, LateResponses, PeerDownIgnored, ActuationForwards,
    FrameStripped, FrameInvalid, FrameConflict, HlcSkew, VerifyDropped, SequenceForks, OwnFramesDropped,
    TurnedAway, CommandsReplayed, CommandsStale, CommandSigInvalid, FencedOut,
}

/// <summary>Counters since start, by a fixed list, so that no peer can make a new one. Thread-safe.</summary>
public sealed class MeshCounters
{
    // [W-142]: the classic names for the same things, "edge." before our own; validation codes keep their words ([W-10]).
    private static readonly string[] Names =
    [
        "mesh.inbound.messages", "mesh.outbound.messages", "mesh.frames.ingested", "mesh.frames.broadcast", "mesh.inbound.rate_limited",
        "edge.inbound.invalid_json", "edge.inbound.missing_type", "edge.inbound.invalid_type", "edge.inbound.too_large",
        "edge.inbound.data_too_large", "edge.inbound.invalid_frame", "edge.frame.generation_mismatch",
        "edge.frame.duplicate", "edge.frame.own", "edge.frame.relayed", "edge.frame.hop_limit", "edge.sync.frames", "edge.subscriber.frames",
        "edge.inbound.unauthenticated", "edge.inbound.grant_denied", "edge.handshake.failures", "edge.ext.invalid", "edge.session.displaced", "edge.dial.failed",
        "edge.rpc.late_responses", "edge.peer_down.ignored", "edge.actuation.forwards",
        "edge.frame.stripped", "edge.frame.invalid", "edge.frame.conflict", "edge.hlc.skew", "edge.frame.unchecked", "edge.frame.seq_fork", "edge.frame.own_dropped",
        "edge.inbound.turned_away", "edge.command.replayed", "edge.command.stale", "edge.command.sig_invalid", "edge.command.fenced_out",
    ];

    private readonly long[] _values = new long[Names.Length];

    public long this[MeshCounter counter] => Interlocked.Read(ref _values[(int)counter]);

    /// <summary>Messages that were dropped as malformed: the classic <c>mesh.inbound.rejected</c>.</summary>
    public long Rejected => this[MeshCounter.InvalidJson] + this[MeshCounter.MissingType] + this[MeshCounter.InvalidType]
        + this[MeshCounter.TooLarge] + this[MeshCounter.DataTooLarge] + this[MeshCounter.InvalidFrame];

    public void Add(MeshCounter counter, long n = 1) => Interlocked.Add(ref _values[(int)counter], n);

    /// <summary>Calls <paramref name="each"/> with the name and value of every counter that was ever raised.</summary>
    public void ForEach(Action<string, long> each)
    {
        for (int i = 0; i < Names.Length; i++)
        {
            if (Interlocked.Read(ref _values[i]) is var value and not 0) each(Names[i], value);
        }
    }
}
