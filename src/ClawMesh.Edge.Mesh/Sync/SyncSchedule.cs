using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Origin;
using ClawMesh.Edge.Mesh.Sessions;

namespace ClawMesh.Edge.Mesh.Sync;

/// <summary>When a session is compared next, and how it went. Under the schedule's lock.</summary>
internal sealed class SyncState
{
    public long NextAt { get; set; }

    public bool Running { get; set; }

    public bool HeadAsked { get; set; }

    public int Fruitless { get; set; }

    public long? ClassicAt { get; set; }
}

/// <summary>Decides when rounds run ([X-28]): after the handshake, every minute, 2 s after a gap was noticed; one per session and two in the node at a time.</summary>
internal sealed class SyncSchedule(MeshNode mesh, SequenceBook book, IFrameArchive archive, OriginDesk origin)
{
    private const int MaxRounds = 2;

    private static readonly TimeSpan AfterGap = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BackOff = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ClassicEvery = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly LossBook _losses = new(mesh, book);
    private int _running;

    /// <summary>A session has begun.</summary>
    public void Began(Session session)
    {
        if (!Speaks(session)) return;
        if (origin.WantsHead) origin.Asking();
        session.Sync.NextAt = mesh.Time.GetTimestamp();
        Start(session);
    }

    /// <summary>A frame came while an earlier one of its origin is missing.</summary>
    public void GapNoticed(Session session)
    {
        if (!Speaks(session)) return;
        lock (_lock)
        {
            long at = mesh.Time.GetTimestamp() + Ticks(AfterGap);
            if (at < session.Sync.NextAt) session.Sync.NextAt = at;
        }
    }

    public void Tick()
    {
        foreach (Session session in mesh.Sessions)
        {
            if (Speaks(session) && mesh.Time.GetTimestamp() >= session.Sync.NextAt) Start(session);
        }
    }

    private static bool Speaks(Session session) => session.Facts.Has(EdgeFeatures.EdgeSync);

    private void Start(Session session)
    {
        bool head, classic;
        lock (_lock)
        {
            SyncState state = session.Sync;
            if (state.Running || _running >= MaxRounds) return;
            state.Running = true;
            _running++;
            head = !state.HeadAsked;
            state.HeadAsked = true;
            classic = state.ClassicAt is not { } at || mesh.Time.GetElapsedTime(at) >= ClassicEvery;
            if (classic) state.ClassicAt = mesh.Time.GetTimestamp();
        }

        _ = RunAsync(session, head, classic);
    }

    private async Task RunAsync(Session session, bool head, bool classic)
    {
        SyncOutcome outcome = default;
        bool headHeard = !head;
        var round = new SyncRound(mesh, book, archive, session);
        try
        {
            outcome = await round.RunAsync(head, classic, stamp =>
            {
                headHeard = true;
                origin.Heard(stamp);
            });
        }
        catch (Exception bug)
        {
            mesh.Events.Publish(new EdgeEvent(
                0, default, EventTypes.Error, EventSeverity.Error, session.DeviceId.Abbreviated, $"Comparing with {session} failed inside this node: {bug.GetType().Name}, {bug.Message}", FailureClass.Infra));
        }

        if (!headHeard) origin.GaveUp();
        if (outcome.Whole) _losses.RoundEnded(session, round.Claimed);
        lock (_lock)
        {
            _running--;
            SyncState state = session.Sync;
            state.Running = false;
            // What the peer promises and does not deliver is no reason to ask every minute ([X-29]).
            state.Fruitless = (outcome.Whole && outcome.Lacked == 0) || outcome.Taken > 0 ? 0 : state.Fruitless + 1;
            TimeSpan pause = state.Fruitless >= 3 ? BackOff : mesh.Options.SyncInterval * (0.8 + (0.4 * mesh.NextChance()));
            state.NextAt = mesh.Time.GetTimestamp() + Ticks(pause);
        }

        if (outcome.Taken > 0)
            mesh.Events.Publish(new EdgeEvent(0, default, EventTypes.PeerSync, EventSeverity.Info, session.DeviceId.Abbreviated, $"Caught up with {session}: {outcome.Taken} frames."));
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * mesh.Time.TimestampFrequency);
}
