using System.Threading.Channels;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Trust.Interlocks;

namespace ClawMesh.Edge.Trust.Safety;

/// <summary>
/// Holds every output to its lease, its limits and its interlocks. <see cref="Tick"/> is called by a thread of its own, allocates
/// nothing while all is well, and waits for nothing: it decides and posts to the lane of the output's bus.
/// </summary>
internal sealed class SafetySupervisor : IDisposable
{
    /// <summary>A lane that has not carried out a safe write for this long is blocked (DESIGN section 5).</summary>
    public static readonly TimeSpan BlockedAfter = TimeSpan.FromMilliseconds(200);

    // Safety notes: one per output and incident. Full only when the journal has been gone for a very long time; then the oldest
    // note is dropped and counted, because the newest state is what an operator needs. Safe writes never wait for this queue.
    private const int MaxNotes = 1024;

    private readonly OutputSlot[] _slots;
    private readonly OutputSlot[][] _exclusiveGroups;
    private readonly Dictionary<string, ISafetyLane> _lanes = [];
    private readonly Dictionary<ActuatorId, OutputSlot> _byId;
    private readonly InterlockCheck _interlocks;
    private readonly TimeProvider _time;
    private readonly Channel<SafetyNote> _notes;
    private readonly LatencyRing _leaseEnds = new(1_024);
    private long _droppedNotes;

    public SafetySupervisor(IReadOnlyList<OutputSlot> slots, InterlockCheck interlocks, TimeProvider time, Func<string, IReadOnlyList<OutputSlot>, Action<OutputSlot>, ISafetyLane> lanes)
    {
        _slots = [.. slots];
        _byId = slots.ToDictionary(s => s.Id);
        _interlocks = interlocks;
        _time = time;
        _exclusiveGroups = [.. slots.Where(s => s.Policy.ExclusiveGroup is not null).GroupBy(s => s.Policy.ExclusiveGroup).Select(g => g.ToArray())];
        _notes = Channel.CreateBounded<SafetyNote>(
            new BoundedChannelOptions(MaxNotes) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            _ => Interlocked.Increment(ref _droppedNotes));
        foreach (IGrouping<string, OutputSlot> bus in slots.GroupBy(s => s.Actuator.Bus))
        {
            TimeSpan byDesign = TimeSpan.Zero;
            foreach (OutputSlot slot in bus) byDesign += slot.Actuator.SafeWriteTakes;
            foreach (OutputSlot slot in bus) slot.BlockedAfter = BlockedAfter + byDesign;
            _lanes.Add(bus.Key, lanes(bus.Key, [.. bus], CarryOut));
        }
    }

    public ChannelReader<SafetyNote> Notes => _notes.Reader;

    public long DroppedNotes => Interlocked.Read(ref _droppedNotes);

    public InterlockCheck Interlocks => _interlocks;

    /// <summary>From the end of a lease until its output was read back safe.</summary>
    public LatencyFigures LeaseEnds => _leaseEnds.Snapshot();

    /// <summary>One pass over all outputs. Called every 20 ms by default, from one thread.</summary>
    public void Tick()
    {
        long now = _time.GetTimestamp();
        foreach (OutputSlot slot in _slots)
        {
            if (Verdict(slot, now) is { } cause) PostSafe(slot, cause, now);
            else WatchLane(slot, now);
        }

        foreach (OutputSlot[] group in _exclusiveGroups)
        {
            if (CountEnergised(group) <= 1) continue;
            foreach (OutputSlot slot in group) PostSafe(slot, SafeCause.Interlock, now);
        }
    }

    /// <summary>A bus owes a safe write for longer than <see cref="BlockedAfter"/>.</summary>
    public bool AnyLaneBlocked()
    {
        foreach (OutputSlot slot in _slots)
        {
            lock (slot.Sync)
            {
                if (slot.SafePending && slot.BlockReported) return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Sends an output to its safe value through its lane. Never refused. The task ends when the write was carried out;
    /// a caller that must not wait for a blocked bus puts its own limit on it.
    /// </summary>
    public Task<SafeResult> MakeSafeAsync(OutputSlot slot, SafeCause cause)
    {
        Task<SafeResult> done;
        lock (slot.Sync)
        {
            slot.SafeAsks++;
            slot.SafeWaiter ??= new TaskCompletionSource<SafeResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            done = slot.SafeWaiter.Task;
        }

        PostSafe(slot, cause, _time.GetTimestamp());
        return done;
    }

    public void Dispose()
    {
        foreach (ISafetyLane lane in _lanes.Values) lane.Dispose();
        _notes.Writer.TryComplete();
    }

    private SafeCause? Verdict(OutputSlot slot, long now)
    {
        lock (slot.Sync)
        {
            if (slot.SafePending || slot.Lease is not { } lease) return null;
            if (now >= lease.EndTimestamp) return SafeCause.LeaseEnd;

            // The lease never exceeds maxOn when it is granted; this is the second pair of eyes.
            if (slot.Book.EnergisedSince is { } since && _time.GetElapsedTime(since, now) >= slot.Policy.MaxOn) return SafeCause.Limit;
        }

        return _interlocks.FirstBroken(slot.Policy) is null ? null : SafeCause.Interlock;
    }

    private void PostSafe(OutputSlot slot, SafeCause cause, long now)
    {
        lock (slot.Sync)
        {
            // Before the write: a permit that is not redeemed yet must not be redeemed after it.
            slot.Outstanding?.Revoke();
            if (!slot.SafePending)
            {
                slot.SafePending = true;
                slot.PendingCause = cause;
                slot.PendingSince = now;
                slot.BlockReported = false;
                slot.FailureReported = false;
            }
        }

        _lanes[slot.Actuator.Bus].Post(slot);
    }

    /// <summary>Reads an output's state back on its lane, after the safe writes that are owed there. Null when the bus gives none.</summary>
    public Task<OutputValue?> LookAsync(OutputSlot slot)
    {
        Task<OutputValue?> seen;
        lock (slot.Sync)
        {
            slot.LookWaiter ??= new TaskCompletionSource<OutputValue?>(TaskCreationOptions.RunContinuationsAsynchronously);
            seen = slot.LookWaiter.Task;
        }

        _lanes[slot.Actuator.Bus].Post(slot);
        return seen;
    }

    // Runs on the lane's thread, or inline in tests.
    private void CarryOut(OutputSlot slot)
    {
        MakeSafeIfOwed(slot);
        TaskCompletionSource<OutputValue?>? looking;
        lock (slot.Sync) (looking, slot.LookWaiter) = (slot.LookWaiter, null);
        if (looking is not null) looking.TrySetResult(ReadBack(slot.Actuator));
    }

    private void MakeSafeIfOwed(OutputSlot slot)
    {
        SafeCause cause;
        lock (slot.Sync)
        {
            // A second post of a write that was carried out meanwhile: a new lease may be running by now, and it is not ours to end.
            if (!slot.SafePending) return;
            cause = slot.PendingCause;
        }

        SafeResult result = MakeSafe(slot.Actuator, cause);

        long now = _time.GetTimestamp();
        Lease? ended;
        TimeSpan onFor = TimeSpan.Zero;
        TimeSpan late;
        TaskCompletionSource<SafeResult>? waiter;
        bool news;
        lock (slot.Sync)
        {
            ended = slot.Lease;
            // A tick that finds a safe output safe again has nothing to tell, nor has a stop, nor the tenth attempt on an output that does
            // not answer. What somebody asked for by name is told even when it changed nothing.
            bool askedFor = slot.SafeWaiter is not null && cause != SafeCause.Stop;
            news = askedFor || (result.Confirmed ? ended is not null || result.WasEnergised || slot.FailureReported : !slot.FailureReported);
            slot.FailureReported |= !result.Confirmed;
            late = ended is not null && cause == SafeCause.LeaseEnd ? _time.GetElapsedTime(ended.EndTimestamp, now) : TimeSpan.Zero;
            waiter = slot.SafeWaiter;
            slot.SafeWaiter = null;
            if (result.Confirmed)
            {
                if (slot.Book.EnergisedSince is { } since) onFor = _time.GetElapsedTime(since, now);
                slot.Book.Ended(now);
                slot.Lease = null;
                slot.SafePending = false;
            }
            else
            {
                // Not confirmed: stay pending. WatchLane posts it again, for as long as it takes. The time it is owed goes on: whoever asks
                // again and again must not keep the cut-off from being opened.
                slot.Latch ??= new Latch("fault", $"the safe value could not be confirmed: {result.Detail}", _time.GetUtcNow());
            }
        }

        if (late > TimeSpan.Zero && result.Confirmed) _leaseEnds.Add(late);
        // Not on this thread: what waits for the end of the lease must not run on a safety lane.
        if (ended is not null && result.Confirmed) ThreadPool.UnsafeQueueUserWorkItem(static e => e.Lease.MarkEnded(e.Cause), (Lease: ended, Cause: cause), preferLocal: false);

        waiter?.TrySetResult(result);
        if (news) _notes.Writer.TryWrite(new SafetyNote(slot, cause, result, ended, _time.GetUtcNow(), onFor, late));
    }

    private static OutputValue? ReadBack(IActuator actuator)
    {
        try
        {
            return actuator.ReadBack();
        }
        catch (Exception)
        {
            // As with a safe write: one broken driver must not end the lane of its neighbours.
            return null;
        }
    }

    private static SafeResult MakeSafe(IActuator actuator, SafeCause cause)
    {
        try
        {
            return actuator.MakeSafe(cause);
        }
        catch (Exception broken)
        {
            // A driver must not throw here. One that does is retried like one that cannot confirm, and the other outputs of its bus get their turn.
            return new SafeResult(WasEnergised: true, Confirmed: false, $"its driver failed: {broken.Message}");
        }
    }

    private void WatchLane(OutputSlot slot, long now)
    {
        OutputSlot? upstream = null;
        SafetyNote? note = null;
        lock (slot.Sync)
        {
            if (!slot.SafePending || _time.GetElapsedTime(slot.PendingSince, now) < slot.BlockedAfter) return;
            slot.PendingSince = now;
            if (!slot.BlockReported)
            {
                slot.BlockReported = true;
                slot.Latch ??= new Latch("bus_io", $"bus '{slot.Actuator.Bus}' did not carry out a safe write within {slot.BlockedAfter.TotalMilliseconds:0} ms", _time.GetUtcNow());
                note = new SafetyNote(slot, slot.PendingCause, default, slot.Lease, _time.GetUtcNow(), TimeSpan.Zero, TimeSpan.Zero, BusBlocked: true);
            }

            // As long as the write is owed: somebody may have energised the cut-off again.
            if (slot.Policy.Upstream is { } id) _byId.TryGetValue(id, out upstream);
        }

        _lanes[slot.Actuator.Bus].Post(slot);
        if (upstream is not null) PostSafe(upstream, SafeCause.BusBlocked, now);
        if (note is not null) _notes.Writer.TryWrite(note);
    }

    private static int CountEnergised(OutputSlot[] group)
    {
        int energised = 0;
        foreach (OutputSlot slot in group)
        {
            lock (slot.Sync)
            {
                if (slot.Lease is not null && !slot.SafePending) energised++;
            }
        }

        return energised;
    }
}
