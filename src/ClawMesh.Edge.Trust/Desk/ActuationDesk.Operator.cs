using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Trust.Desk;

/// <summary>What an operator does besides commanding: everything safe, release, and the clean-up after an earlier life.</summary>
public sealed partial class ActuationDesk
{
    // The caller of safe-state gives up after a second; what a bus has not done by then the tick goes on asking for.
    private static readonly TimeSpan SafeStateWait = TimeSpan.FromMilliseconds(600);
    // An output left energised by a node that is gone is worse than a stop that takes its time; a bus that hangs must still not hold it for ever.
    private static readonly TimeSpan StopWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookWait = TimeSpan.FromMilliseconds(150);

    private bool _booksRestored;
    private Task _recording = Task.CompletedTask;

    /// <summary>Sends every output to its safe value and latches it. Never refused, and answered before any disk is asked: the journal hears of it afterwards.</summary>
    /// <returns>One result per output; not confirmed where its bus did not answer in time.</returns>
    public async Task<IReadOnlyList<OutputSafeResult>> SafeStateAsync(string by)
    {
        foreach (OutputSlot slot in _slots.Values) Latch(slot, "operator", $"safe-state by {by}");
        IReadOnlyList<OutputSafeResult> results = await AllSafeAsync(SafeCause.Operator, SafeStateWait);
        string energised = string.Join(", ", results.Where(r => r.Result.WasEnergised).Select(r => r.Output.Value));
        lock (_slots) _recording = RecordSafeStateAsync(_recording, by, $"all outputs latched; energised before: {(energised.Length == 0 ? "none" : energised)}");
        return results;
    }

    /// <summary>Ends when every safe-state so far is in the journal, or its loss was said.</summary>
    internal Task Recorded
    {
        get
        {
            lock (_slots) return _recording;
        }
    }

    // One after the other, so that their order in the journal is the order of the acts.
    private async Task RecordSafeStateAsync(Task before, string by, string detail)
    {
        await before;
        await RecordOperatorAsync("safe-state", null, by, detail, CancellationToken.None);
        await _latches.SaveAsync(CancellationToken.None);
    }

    /// <summary>Sends every output to its safe value without latching: the node stops. Nothing is armed from now on.</summary>
    public Task<IReadOnlyList<OutputSafeResult>> StopAsync()
    {
        _stopping = true;
        return AllSafeAsync(SafeCause.Stop, StopWait);
    }

    /// <summary>Clears latches, of one output or of all. A release without a journal is refused: it would leave no trace.</summary>
    /// <returns>The outputs released.</returns>
    /// <exception cref="EdgeException"><c>TARGET_UNKNOWN</c>, or <c>JOURNAL_UNAVAILABLE</c>.</exception>
    public async Task<IReadOnlyList<ActuatorId>> ReleaseAsync(string? target, string by, CancellationToken cancellationToken)
    {
        List<OutputSlot> chosen = [.. _slots.Values.Where(s => target is null || s.Id.Value == target)];
        if (target is not null && chosen.Count == 0)
        {
            throw new EdgeException(
                GateCodes.TargetUnknown, $"Could not release '{target}'.", "This node has no such output.",
                "clawmesh-edge status lists the outputs.", FailureClass.Config);
        }

        await _journal.AppendAsync(JournalBodies.Operator("release", target, by, ""), replay: null, cancellationToken);
        var released = new List<ActuatorId>();
        foreach (OutputSlot slot in chosen)
        {
            lock (slot.Sync)
            {
                if (slot.Latch is null) continue;
                slot.Latch = null;
            }

            released.Add(slot.Id);
            _events.Publish(new EdgeEvent(0, default, EventTypes.Operator, EventSeverity.Info, slot.Id.Value, $"'{slot.Id}' released by {by}."));
        }

        await _latches.SaveAsync(cancellationToken);
        return released;
    }

    /// <summary>
    /// Closes what an earlier life left open: granted commands without an outcome become <c>outcome_unknown</c> and are never
    /// retried; outputs found energised are recorded as made safe; latches, rests and duties carry on. Called after the outputs
    /// were made safe, and again when the journal comes back.
    /// </summary>
    /// <param name="atStart">What making each output safe at start found; empty on a later call.</param>
    /// <exception cref="EdgeException"><c>JOURNAL_UNAVAILABLE</c>: nothing is armed until a later call succeeds.</exception>
    public async Task RecoverAsync(IReadOnlyList<OutputSafeResult> atStart, CancellationToken cancellationToken)
    {
        // Latches first, then the disk: a journal that is away must not cost the node its memory of what is not to be trusted.
        _judge.RecoveryOwed = true;
        foreach ((ActuatorId id, SafeResult result) in atStart)
        {
            if (result.Confirmed) continue;
            Latch(_slots[id.Value], "fault", $"not confirmed at its safe value at start: {result.Detail}");
            // Not waited for: the tick asks again until it is confirmed.
            _ = _safety.MakeSafeAsync(_slots[id.Value], SafeCause.Start);
        }

        _latches.Load(_time.GetUtcNow());
        _fences.Load();
        foreach ((ActuatorId id, SafeResult result) in atStart)
        {
            if (!result.WasEnergised && result.Confirmed) continue;
            await _journal.AppendAsync(JournalBodies.StartSafe(id, _slots[id.Value].Policy.Safe, result), replay: null, cancellationToken);
        }

        // Known outcomes of this life first: what is known must not be journaled as unknown.
        while (_owed.TryPeek(out (JournalEntry Entry, ReplayEntry? Replay) owed))
        {
            await _journal.AppendAsync(owed.Entry, owed.Replay, cancellationToken);
            _owed.TryDequeue(out _);
        }

        foreach (OpenCommand open in _journal.OpenCommands())
        {
            var answer = new ActuationAnswer(
                open.CommandId, open.ActuatorRef, "", ActuationOutcome.OutcomeUnknown, GateCodes.RestartDuringCommand,
                "The node restarted before the outcome was known. The output is at its safe state; the command is not retried.",
                open.PermitId, open.Sequence, FinishedAtMs: NowMs());
            ReplayEntry? known = _journal.FindCommand(open.CommandId);
            await _journal.AppendAsync(
                JournalBodies.Outcome(answer),
                known is null ? null : known with { Outcome = answer.Outcome, Answer = ActuationAnswerJson.ToText(answer) },
                cancellationToken);
            PublishOutcome(answer);
            _listener.Finished(answer);
        }

        // Once per life: on a later call the journal also holds this life's activations, which the books know already.
        if (!_booksRestored)
        {
            ILookup<string, PastActivation> past = _journal.ActivationsWithin(Limits.LimitBook.Window).ToLookup(a => a.ActuatorRef);
            foreach (OutputSlot slot in _slots.Values)
            {
                lock (slot.Sync) slot.Book.Restore(past[slot.Id.Value]);
            }

            _booksRestored = true;
        }

        _judge.RecoveryOwed = false;
        await _latches.SaveAsync(cancellationToken);
    }

    /// <summary>Changes how strictly commands are taken, from the next one on. Limits, outputs and the tick are as they were at the start.</summary>
    public void Retune(TimeSpan freshness, IReadOnlyList<string> signedTargets, VetoMode veto)
    {
        _judge.Retune(freshness, signedTargets);
        _veto.Mode = veto;
    }

    /// <summary>Appends an operator's act that is not about an output, such as <c>clock set</c>.</summary>
    /// <exception cref="EdgeException"><c>JOURNAL_UNAVAILABLE</c>.</exception>
    public Task<long> JournalOperatorActAsync(string act, string by, string detail, CancellationToken cancellationToken) =>
        _journal.AppendAsync(JournalBodies.Operator(act, null, by, detail), replay: null, cancellationToken);

    /// <summary>Some output is latched because its driver or its bus failed. Asks no bus.</summary>
    public bool HasFault()
    {
        foreach (OutputSlot slot in _slots.Values)
        {
            lock (slot.Sync)
            {
                if (slot.Latch is { Cause: "fault" or "bus_io" }) return true;
            }
        }

        return false;
    }

    /// <summary>No output is energised or owes a safe write. Asks no bus.</summary>
    public bool IsAtRest()
    {
        foreach (OutputSlot slot in _slots.Values)
        {
            lock (slot.Sync)
            {
                if (slot.Lease is not null || slot.SafePending) return false;
            }
        }

        return true;
    }

    /// <summary>The outputs as they are now, for people. The state of one whose bus does not answer in a moment is unknown.</summary>
    /// <param name="movingOnly">Asks the bus of those outputs alone that may be energised or owe a safe write, and of none that is blocked; of the others no state is told.</param>
    public IReadOnlyList<OutputView> Outputs(bool movingOnly = false)
    {
        // On the lanes and for a moment only: a bus that hangs must not hold whoever asks, and nobody may be ahead of its safe writes.
        Task<OutputValue?>[] looks = [.. _slots.Values.Select(slot => movingOnly && !IsWorthALook(slot) ? NotAsked : _safety.LookAsync(slot))];
        Task.WaitAll(looks, LookWait);
        long now = _time.GetTimestamp();
        var views = new List<OutputView>(_slots.Count);
        int place = 0;
        foreach (OutputSlot slot in _slots.Values)
        {
            Task<OutputValue?> look = looks[place++];
            OutputValue? state = look.IsCompletedSuccessfully ? look.Result : null;
            lock (slot.Sync)
            {
                TimeSpan? left = slot.Lease is { } lease ? _time.GetElapsedTime(now, lease.EndTimestamp) : null;
                views.Add(new OutputView(
                    slot.Policy, state, slot.Lease?.CommandId, left < TimeSpan.Zero ? TimeSpan.Zero : left,
                    slot.Book.OnTimeInWindow(now), slot.Latch, slot.SafePending, slot.Fence is { } fence && fence.IsHeld(now) ? new FenceView(fence.Number, fence.HolderName, fence.UntilMs) : null));
            }
        }

        return views;
    }

    private static readonly Task<OutputValue?> NotAsked = Task.FromResult<OutputValue?>(null);

    private static bool IsWorthALook(OutputSlot slot)
    {
        lock (slot.Sync) return (slot.Lease is not null || slot.SafePending) && !(slot.SafePending && slot.BlockReported);
    }

    /// <summary>
    /// Whether an output may be in another state than its safe one: by what was allowed and is not known to be over, without asking its
    /// bus. Cheap, so that loops may ask.
    /// </summary>
    public bool MayBeEnergised(ActuatorId actuator)
    {
        foreach (OutputSlot slot in _slots.Values)
        {
            if (slot.Id != actuator) continue;
            lock (slot.Sync) return slot.Lease is not null || slot.SafePending;
        }

        return false;
    }

    /// <summary>Figures of the safety tick.</summary>
    public SafetyCounters Safety => new(_loop?.Ticks ?? 0, _loop?.LateTicks ?? 0, _safety.DroppedNotes, _loop?.SinceLastTick ?? TimeSpan.Zero, _loop?.Jitter ?? default, _safety.LeaseEnds);

    private async Task<IReadOnlyList<OutputSafeResult>> AllSafeAsync(SafeCause cause, TimeSpan limit)
    {
        // All posts first, then the waits: one slow bus must not delay the asking of another.
        OutputSlot[] slots = [.. _slots.Values];
        Task<SafeResult?>[] asked = [.. slots.Select(slot => WaitBrieflyAsync(_safety.MakeSafeAsync(slot, cause), limit + (slot.BlockedAfter - SafetySupervisor.BlockedAfter)))];
        var results = new List<OutputSafeResult>(slots.Length);
        for (int i = 0; i < slots.Length; i++)
        {
            results.Add(new OutputSafeResult(slots[i].Id, await asked[i] ?? new SafeResult(WasEnergised: true, Confirmed: false, $"its bus did not answer within {limit.TotalMilliseconds:0} ms")));
        }

        return results;
    }

    private async Task RecordOperatorAsync(string act, string? target, string by, string detail, CancellationToken cancellationToken)
    {
        try
        {
            await _journal.AppendAsync(JournalBodies.Operator(act, target, by, detail), replay: null, cancellationToken);
        }
        catch (EdgeException unavailable) when (unavailable.Code == GateCodes.JournalUnavailable)
        {
            _events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Error, act, $"'{act}' by {by} was carried out and could not be journaled: {unavailable.Why}", FailureClass.Storage));
        }
    }
}

/// <param name="State">Read back from the hardware; null when it cannot be read.</param>
/// <param name="LeaseLeft">Until the output goes safe by itself; null at the safe value.</param>
/// <param name="OnInLastHour">What counts against <c>dutyPerHour</c>.</param>
public sealed record OutputView(
    OutputPolicy Policy, OutputValue? State, string? CommandId, TimeSpan? LeaseLeft, TimeSpan OnInLastHour, Latch? Latch, bool SafePending, FenceView? Fence);

/// <summary>Who alone may command an output now.</summary>
public sealed record FenceView(long Number, string Holder, long UntilMs);

/// <param name="LateTicks">Ticks that began more than one interval late.</param>
/// <param name="DroppedNotes">Safe writes that could not be told to the journal because too many were waiting.</param>
/// <param name="Jitter">How far the latest ticks began from one interval after the one before.</param>
/// <param name="LeaseEnds">From the end of a lease until its output was read back safe, of the latest leases.</param>
public readonly record struct SafetyCounters(long Ticks, long LateTicks, long DroppedNotes, TimeSpan SinceLastTick, LatencyFigures Jitter, LatencyFigures LeaseEnds);
