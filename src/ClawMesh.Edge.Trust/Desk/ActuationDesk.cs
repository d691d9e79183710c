using System.Collections.Concurrent;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Trust.Interlocks;
using ClawMesh.Edge.Trust.Safety;

namespace ClawMesh.Edge.Trust.Desk;

/// <summary>
/// Where commands become movement. Journey of one: judge → one durable transaction (replay entry and decision) → mint → redeem →
/// write → observe → second transaction (outcome) → answer. The only place that constructs a <see cref="Permit"/>.
/// Long on purpose: whoever checks that no step can be skipped or swapped must be able to read the journey in one piece.
/// </summary>
public sealed partial class ActuationDesk : IActuationRequests, IAsyncDisposable
{
    // Commands waiting for their turn to be judged. More than this is a storm, and a late command is a stale one.
    private const int MaxWaiting = 64;

    private readonly Dictionary<string, OutputSlot> _slots;
    private readonly CommandJudge _judge;
    private readonly VetoRow _veto;
    private readonly SafetySupervisor _safety;
    private readonly SafetyHeart _heart;
    private readonly SafetyGlance? _glance;
    private readonly SafetyLoop? _loop;
    private readonly LatchBook _latches;
    private readonly FenceBook _fences;
    private readonly Task _chronicle;
    private readonly CancellationTokenSource _giveUp = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    // Of the latest granted commands: both judgements, minting and arming; not the journal, not the driver.
    private readonly LatencyRing _gateTimes = new(1024);
    private readonly bool _inline;

    // Outcomes the journal could not take. One per command that was running when the disk went away; more than this cannot have been armed.
    private readonly ConcurrentQueue<(JournalEntry Entry, ReplayEntry? Replay)> _owed = new();
    private readonly IActuationJournal _journal;
    private readonly IReadingSource _readings;
    private readonly IEventSink _events;
    private readonly IActuationListener _listener;
    private readonly TimeProvider _time;
    private volatile bool _stopping;
    private int _waiting;
    private long _permits;
    private long _refused;

    /// <param name="outputs">Every output of the site with its policy; each is at its safe value already.</param>
    /// <param name="journalResetAt">Commands created before this moment are stale; null when the journal was never reset.</param>
    /// <param name="safetyThreads">Called first on the tick's and each lane's thread, to raise its priority; null runs safety inline, by <see cref="Tick"/>, for tests with a manual clock.</param>
    public ActuationDesk(
        NodeId self,
        IReadOnlyList<(IActuator Actuator, OutputPolicy Policy)> outputs,
        IActuationJournal journal,
        ISettingsStore settings,
        IReadingSource readings,
        IReadinessSource readiness,
        IClockStatus clock,
        IEventSink events,
        IActuationListener listener,
        TimeProvider time,
        DeskOptions options,
        Func<DateTimeOffset?> journalResetAt,
        Action? safetyThreads)
    {
        (_journal, _readings, _events, _listener, _time, _inline) = (journal, readings, events, listener, time, safetyThreads is null);
        List<OutputSlot> slots = [.. outputs.Select(o => new OutputSlot(o.Actuator, o.Policy, time))];
        _slots = slots.ToDictionary(s => s.Id.Value);
        var interlocks = new InterlockCheck(readings, time, options.OutputsAreReal);
        _fences = new FenceBook(_slots, settings, clock, time, journalResetAt);
        _judge = new CommandJudge(self, _slots, journal, clock, readiness, interlocks, _fences, time, options, journalResetAt);
        _veto = new VetoRow(options.Veto, options.VetoMode, events);
        _safety = new SafetySupervisor(slots, interlocks, time, (bus, busSlots, carryOut) =>
            safetyThreads is null ? new InlineLane(carryOut) : new ThreadLane(bus, busSlots, carryOut, safetyThreads));
        _latches = new LatchBook(slots, settings);
        _chronicle = new SafetyChronicle(_safety.Notes, journal, _latches, events, listener, time).RunAsync(_giveUp.Token);
        _heart = new SafetyHeart(options.Heartbeats, _safety.AnyLaneBlocked, options.WithholdBeatWhenBusBlocked, time);
        if (options.Tap is { } tap) _glance = new SafetyGlance(slots, tap, time);
        if (safetyThreads is not null) _loop = new SafetyLoop(Tick, options.SafetyTick, time, safetyThreads);
    }

    /// <summary>The wire gate alone, for the mesh's forward handler; it judges and cannot mint.</summary>
    public IWireGate WireGate => _judge.Wire;

    /// <summary>How long the gate itself took lately.</summary>
    public LatencyFigures GateLatency => _gateTimes.Snapshot();

    /// <summary>Commands refused since start.</summary>
    public long RefusedCount => Interlocked.Read(ref _refused);

    /// <summary>One safety tick. The desk's own thread calls it when it has one.</summary>
    internal void Tick()
    {
        _safety.Tick();
        _heart.AfterTick();
        _glance?.AfterTick();
    }

    public async Task<ActuationAnswer> RequestAsync(ActuationRequest request, CancellationToken cancellationToken)
    {
        long startedAtMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var d = new Deliberation(request) { SafeAsksAtArrival = SafeAsks(request.Forward.TargetRef) };

        // Going to the safe state waits for nobody's turn and nobody's disk, and is never one too many. An energising command
        // that came before it and is still on its way finds SafeAsks changed and is not armed.
        Refusal? refusal = null;
        if (_judge.LeadsToSafeState(d.Message))
        {
            refusal = _judge.Judge(d);
            if (refusal is null) return await GoSafeAsync(d, startedAtMs);
        }

        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return Refused(d, new Refusal(GateCodes.Busy, $"{MaxWaiting} commands are waiting already"), 0, startedAtMs);
        }

        Armed armed;
        try
        {
            // One command is judged, journaled and armed at a time: so a command id acts once, and two outputs of one
            // exclusive group cannot both find the other at rest.
            await _turn.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Interlocked.Decrement(ref _waiting);
            throw;
        }

        try
        {
            long judging = _time.GetTimestamp();
            refusal ??= _judge.Judge(d);
            d.GateTime = _time.GetElapsedTime(judging);
            if (d.Repeat is { } repeat) return repeat;
            // Last, and only of what was allowed: it can take away, and nothing that follows asks it for leave.
            refusal ??= _veto.Ask(d);

            (Armed? granted, ActuationAnswer? answer) = await DecideAsync(d, refusal, startedAtMs);
            if (granted is null) return answer!;
            armed = granted;
        }
        finally
        {
            _turn.Release();
            Interlocked.Decrement(ref _waiting);
        }

        // From here on nothing is cancelled: something moves, and the journal is owed what came of it.
        return await DriveAsync(d, armed, startedAtMs);
    }

    public async ValueTask DisposeAsync()
    {
        await Recorded;
        _loop?.Dispose();
        _safety.Dispose();
        await _giveUp.CancelAsync();
        await _chronicle;
        _giveUp.Dispose();
        _turn.Dispose();
    }

    /// <summary>Journals the decision; on a grant mints the permit and arms the lease. An answer means: it ends here.</summary>
    private async Task<(Armed? Armed, ActuationAnswer? Answer)> DecideAsync(Deliberation d, Refusal? refusal, long startedAtMs)
    {
        string? permitId = refusal is null ? $"pm-{_journal.BootNonce[..8]}-{Interlocked.Increment(ref _permits):0000}" : null;
        string evidenceDigest = JournalBodies.EvidenceDigest(d.Message.Trust);
        long sequence;
        try
        {
            ReplayEntry? replay = d.Remembered ? Remember(d, refusal, startedAtMs) : null;
            sequence = await _journal.AppendAsync(JournalBodies.Decision(d, refusal, permitId, evidenceDigest), replay, CancellationToken.None);
        }
        catch (EdgeException unavailable) when (unavailable.Code is GateCodes.JournalUnavailable or GateCodes.ReplayWindowFull)
        {
            refusal ??= new Refusal(unavailable.Code, unavailable.Why, unavailable.Fix);
            return (null, Refused(d, refusal, 0, startedAtMs));
        }

        if (refusal is not null) return (null, Refused(d, refusal, sequence, startedAtMs));

        PublishDecision(d, sequence, $"Granted {d.Command.OperationName} of '{d.Command.TargetRef}' to {d.Request.Caller.Name}, permit {permitId}, journal {sequence}.");

        // The disk may have taken its time: what was true before the flush is asked again before anything moves ([X-46]).
        Armed? armed = null;
        long judging = _time.GetTimestamp();
        refusal = _judge.JudgeEnergising(d) ?? Arm(d, permitId!, evidenceDigest, sequence, out armed);
        if (refusal is null)
        {
            _gateTimes.Add(d.GateTime + _time.GetElapsedTime(judging));
            return (armed, null);
        }

        return (null, await FinishAsync(d, RefusedAnswer(d, refusal, sequence, startedAtMs) with { PermitId = permitId }, lease: null));
    }

    /// <summary>Mints the permit and arms its lease, unless the output was latched, sent to its safe state or used up meanwhile.</summary>
    private Refusal? Arm(Deliberation d, string permitId, string evidenceDigest, long sequence, out Armed? armed)
    {
        OutputSlot slot = d.Slot!;
        armed = null;
        lock (slot.Sync)
        {
            if (_stopping) return new Refusal(GateCodes.NotReady, "the node is stopping");
            if (slot.Latch is not null || slot.SafePending || slot.SafeAsks != d.SafeAsksAtArrival)
                return new Refusal(GateCodes.SafetyTrip, "the output was sent to its safe state while the command was on its way");
            if ((_judge.WithinLimits(d) ?? _judge.Fenced(d)) is { } meanwhile) return meanwhile;

            var grant = new PermitGrant(
                new PermitId(permitId), slot.Id, d.Command.OperationName, OutputRange.Exactly(d.Value), d.Limits.Lease,
                d.Command.CommandId, evidenceDigest, _journal.BootNonce, sequence);
            var permit = new Permit(grant, _journal, _time);
            long now = _time.GetTimestamp();
            var lease = new Lease(d.Command.CommandId, grant.Id, d.Value, grant.Lease, now + (long)(grant.Lease.TotalSeconds * _time.TimestampFrequency));
            // The tick watches the lease from before the write on, so no write can outlive its lease unseen.
            slot.Book.Started(now);
            slot.Lease = lease;
            slot.Outstanding = permit;
            armed = new Armed(permit, lease);
            return null;
        }
    }

    private async Task<ActuationAnswer> DriveAsync(Deliberation d, Armed armed, long startedAtMs)
    {
        OutputSlot slot = d.Slot!;
        ActuationAnswer answer;
        try
        {
            answer = await ApplyAsync(d, armed, startedAtMs);

            // In doubt the output goes to its safe state, before any disk is asked; only a confirmed effect keeps its lease.
            if (answer.Outcome != ActuationOutcome.Done)
            {
                SafeCause cause = answer.Outcome == ActuationOutcome.EffectUnconfirmed ? SafeCause.Unconfirmed : SafeCause.Fault;
                await WaitBrieflyAsync(_safety.MakeSafeAsync(slot, cause));
            }
        }
        finally
        {
            // Not before the safe write: the next command must not be armed into it.
            lock (slot.Sync) slot.Outstanding = null;
        }

        if (answer.Outcome == ActuationOutcome.Fault) await _latches.SaveAsync(CancellationToken.None);
        return await FinishAsync(d, answer, armed.Lease);
    }

    private async Task<ActuationAnswer> ApplyAsync(Deliberation d, Armed armed, long startedAtMs)
    {
        OutputSlot slot = d.Slot!;
        try
        {
            // On a thread of its own and with a limit: a driver may hang inside its bus, and its caller must still be told.
            Task<DriveResult> drive = _inline
                ? slot.Actuator.ApplyAsync(armed.Permit, d.Value, armed.Lease.Ended)
                : Task.Run(() => slot.Actuator.ApplyAsync(armed.Permit, d.Value, armed.Lease.Ended));
            return Answer(d, armed, await drive.WaitAsync(DriveLimit(armed.Lease), _time), startedAtMs);
        }
        catch (OperationCanceledException) when (armed.Lease.Ended.IsCancellationRequested)
        {
            return Answer(d, armed, DriveResult.Unconfirmed("the lease ended before an effect was seen"), startedAtMs);
        }
        catch (TimeoutException)
        {
            // Should the write land after all, the safe write that waits behind it in the driver lands later still.
            Latch(slot, "bus_io", $"bus '{slot.Actuator.Bus}' did not carry out a write");
            return Answer(
                d, armed, ActuationOutcome.Fault, GateCodes.OutputFault,
                $"The bus of '{slot.Id}' did not carry out the write within {DriveLimit(armed.Lease).TotalSeconds:0} s. The output is latched and will be sent to its safe state as soon as the bus answers.", startedAtMs);
        }
        catch (EdgeException fault)
        {
            Latch(slot, "fault", $"{fault.What} {fault.Why}");
            string code = fault.Code == "output.readback_contradicts" ? GateCodes.FeedbackContradicts : GateCodes.OutputFault;
            return Answer(d, armed, ActuationOutcome.Fault, code, $"{fault.What} {fault.Why} {fault.Fix}", startedAtMs);
        }
        catch (Exception broken)
        {
            // A driver that breaks its contract may have moved something all the same; it must not leave a lease running without an outcome.
            Latch(slot, "fault", $"its driver failed: {broken.Message}");
            return Answer(d, armed, ActuationOutcome.Fault, GateCodes.OutputFault, $"The driver of '{slot.Id}' failed: {broken.Message}", startedAtMs);
        }
    }

    // No effect can be confirmed after the lease, and no site waits a minute for one.
    private static TimeSpan DriveLimit(Lease lease) =>
        (lease.Length < TimeSpan.FromMinutes(1) ? lease.Length : TimeSpan.FromMinutes(1)) + TimeSpan.FromSeconds(2);

    /// <summary>Carries out a command whose operation leads to the declared safe state. Needs no permit; the journal hears of it afterwards.</summary>
    private async Task<ActuationAnswer> GoSafeAsync(Deliberation d, long startedAtMs)
    {
        OutputSlot slot = d.Slot!;
        double? before = slot.Actuator.EffectSensor is { } sensor ? _readings.Latest(sensor)?.Value : null;
        SafeResult? result = await WaitBrieflyAsync(_safety.MakeSafeAsync(slot, SafeCause.Command));
        ActuationAnswer answer = result switch
        {
            null => SafeAnswer(ActuationOutcome.Fault, GateCodes.OutputFault, $"The bus of '{slot.Id}' has not carried out the safe write yet; it is retried until it is.", null),
            { Confirmed: false } unconfirmed => SafeAnswer(ActuationOutcome.Fault, GateCodes.OutputFault, $"'{slot.Id}' could not be confirmed at its safe value: {unconfirmed.Detail}", null),
            { } made => await SeeSafeAsync(slot, made.WasEnergised ? before : null) is { } observed
                ? SafeAnswer(ActuationOutcome.Done, GateCodes.Ok, $"'{slot.Id}' is {slot.Policy.Safe}.", observed)
                : SafeAnswer(ActuationOutcome.EffectUnconfirmed, GateCodes.NoConfirmation, $"'{slot.Id}' was driven to {slot.Policy.Safe}; nothing independent confirms it.", null),
        };
        return await FinishAsync(d, answer, lease: null);

        ActuationAnswer SafeAnswer(ActuationOutcome outcome, string code, string message, ObservedEffect? observed) => new(
            d.Command.CommandId, d.Command.TargetRef, d.Command.OperationName, outcome, code, message,
            Observed: observed, StartedAtMs: startedAtMs, FinishedAtMs: NowMs());
    }

    // The output is safe already; a sensor that fails now costs the confirmation, not the answer.
    private async Task<ObservedEffect?> SeeSafeAsync(OutputSlot slot, double? before)
    {
        try
        {
            return (await slot.Actuator.ConfirmSafeAsync(before, _giveUp.Token)).Observed;
        }
        catch (Exception unseen) when (unseen is EdgeException or OperationCanceledException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Second transaction: the outcome. Then the frame, then the answer.</summary>
    private async Task<ActuationAnswer> FinishAsync(Deliberation d, ActuationAnswer answer, Lease? lease)
    {
        try
        {
            // A repeated "make safe" has an entry of its own already; it keeps the first answer.
            bool known = d.IsSafeDirection && (_journal.FindCommand(answer.CommandId) is not null || !_judge.RemembersSafe(answer.TargetRef));
            long sequence = await _journal.AppendAsync(
                JournalBodies.Outcome(answer),
                d.Remembered && !known ? Entry(d, answer.JournalSequence, answer.Outcome, ActuationAnswerJson.ToText(answer)) : null,
                CancellationToken.None);
            if (answer.JournalSequence == 0) answer = answer with { JournalSequence = sequence };
        }
        catch (EdgeException unavailable) when (unavailable.Code == GateCodes.JournalUnavailable)
        {
            answer = answer with { Message = $"{answer.Message} The outcome could not be journaled: {unavailable.Why}" };
            if (lease is not null) answer = await GiveUpAsync(d.Slot!, answer);
            if (answer.JournalSequence != 0 && _owed.Count < MaxWaiting)
                _owed.Enqueue((JournalBodies.Outcome(answer), d.Remembered ? Entry(d, answer.JournalSequence, answer.Outcome, ActuationAnswerJson.ToText(answer)) : null));
        }
        catch (Exception) when (lease is not null)
        {
            await GiveUpAsync(d.Slot!, answer);
            throw;
        }
        finally
        {
            lease?.MarkOutcomeWritten();
        }

        PublishOutcome(answer);
        _listener.Finished(answer);
        return answer;
    }

    // What cannot be remembered must not go on: a lease whose outcome is on no disk ends here, and its caller is not told "done".
    private async Task<ActuationAnswer> GiveUpAsync(OutputSlot slot, ActuationAnswer answer)
    {
        await WaitBrieflyAsync(_safety.MakeSafeAsync(slot, SafeCause.Fault));
        return answer.Outcome != ActuationOutcome.Done
            ? answer
            : answer with
            {
                Outcome = ActuationOutcome.Fault, Code = GateCodes.JournalUnavailable, LeaseMs = null, LeaseCapped = false,
                Message = $"{answer.Message} The output was sent to its safe state.",
            };
    }

    private ActuationAnswer Answer(Deliberation d, Armed armed, DriveResult result, long startedAtMs) => result switch
    {
        { Refusal: { } refusal } => Answer(d, armed, ActuationOutcome.Refused, GateCodes.SafetyTrip, $"{refusal.Message}. Nothing was driven.", startedAtMs),
        // a trip while the effect is watched for is a fault, whatever was seen until then; the output is safe already.
        _ when armed.Lease.EndedBy is { } cause and (SafeCause.Interlock or SafeCause.Limit or SafeCause.Fault or SafeCause.BusBlocked or SafeCause.Operator) => Answer(
            d, armed, ActuationOutcome.Fault, GateCodes.SafetyTrip, $"'{d.Slot!.Id}' was driven {d.Value} and sent to its safe state meanwhile, by {cause.Word()}.", startedAtMs),
        { Observed: { } observed } => Answer(d, armed, ActuationOutcome.Done, GateCodes.Ok, $"'{d.Slot!.Id}' is {d.Value}; {observed.By} reads {observed.Value:0.###} {observed.Unit}.", startedAtMs) with { Observed = observed },
        _ => Answer(d, armed, ActuationOutcome.EffectUnconfirmed, GateCodes.NoConfirmation, $"'{d.Slot!.Id}' was driven {d.Value} and back to its safe state, because no effect was seen: {result.Detail}", startedAtMs),
    };

    private ActuationAnswer Answer(Deliberation d, Armed armed, ActuationOutcome outcome, string code, string message, long startedAtMs) => new(
        d.Command.CommandId, d.Command.TargetRef, d.Command.OperationName, outcome, code, d.Remark.Length == 0 ? message : $"{message} {d.Remark}",
        armed.Permit.Grant.Id.Value, armed.Permit.Grant.JournalSequence,
        outcome == ActuationOutcome.Done ? (long)armed.Lease.Length.TotalMilliseconds : null,
        outcome == ActuationOutcome.Done && d.Limits.Capped,
        Observed: null, startedAtMs, NowMs());

    private ReplayEntry Remember(Deliberation d, Refusal? refusal, long startedAtMs) => refusal is null
        ? Entry(d, 0, outcome: null, answer: "")
        : Entry(d, 0, ActuationOutcome.Refused, ActuationAnswerJson.ToText(RefusedAnswer(d, refusal, 0, startedAtMs)));

    private ReplayEntry Entry(Deliberation d, long sequence, ActuationOutcome? outcome, string answer)
    {
        // The command's own time: an operator's repeat is rebuilt from it, so that its digest is the same again. Never in the
        // future: a command dated to the year 9999 would hold its place in the window until then.
        DateTimeOffset created = CommandJudge.CreatedAt(d.Command);
        DateTimeOffset now = _time.GetUtcNow();
        return new ReplayEntry(
            d.Command.CommandId, d.Digest, d.Request.Caller.SenderKey, d.Command.TargetRef, sequence, outcome, answer,
            created > now + DeskOptions.FutureTolerance ? now : created);
    }

    private ActuationAnswer Refused(Deliberation d, Refusal refusal, long sequence, long startedAtMs)
    {
        ActuationAnswer answer = RefusedAnswer(d, refusal, sequence, startedAtMs);
        PublishOutcome(answer);
        _listener.Finished(answer);
        return answer;
    }

    private ActuationAnswer RefusedAnswer(Deliberation d, Refusal refusal, long sequence, long startedAtMs) => new(
        d.Message.Envelope?.CommandId ?? "", d.Message.TargetRef, d.Message.Envelope?.OperationName ?? "",
        ActuationOutcome.Refused, refusal.Code, refusal.Fix.Length == 0 ? refusal.Why : $"{refusal.Why}. {refusal.Fix}",
        JournalSequence: sequence, StartedAtMs: startedAtMs, FinishedAtMs: NowMs());

    private long SafeAsks(string targetRef)
    {
        if (!_slots.TryGetValue(targetRef, out OutputSlot? slot)) return 0;
        lock (slot.Sync) return slot.SafeAsks;
    }

    private long NowMs() => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private void Latch(OutputSlot slot, string cause, string why)
    {
        lock (slot.Sync)
        {
            slot.Latch ??= new Latch(cause, why, _time.GetUtcNow());
            slot.Outstanding?.Revoke();
        }

        _events.Publish(new EdgeEvent(0, default, EventTypes.Latch, EventSeverity.Error, slot.Id.Value, $"'{slot.Id}' is latched by {cause}: {why}", FailureClass.ActuationUnconfirmed));
    }

    // A blocked bus must not hold the caller; the tick keeps trying.
    private Task<SafeResult?> WaitBrieflyAsync(Task<SafeResult> safe) => WaitBrieflyAsync(safe, TimeSpan.FromSeconds(1));

    private async Task<SafeResult?> WaitBrieflyAsync(Task<SafeResult> safe, TimeSpan limit)
    {
        try
        {
            return await safe.WaitAsync(limit, _time);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private void PublishDecision(Deliberation d, long sequence, string message) =>
        _events.Publish(new EdgeEvent(0, default, EventTypes.ActuationDecision, EventSeverity.Info, d.Message.TargetRef, message, Data: JournalBodies.Place(sequence), Trace: d.Command.CommandId));

    private void PublishOutcome(ActuationAnswer answer)
    {
        if (answer.Outcome == ActuationOutcome.Refused) Interlocked.Increment(ref _refused);
        (EventSeverity severity, FailureClass? failure) = answer.Outcome switch
        {
            ActuationOutcome.Done => (EventSeverity.Info, (FailureClass?)null),
            ActuationOutcome.Refused => (EventSeverity.Warning, answer.Code switch
            {
                GateCodes.InterlockActive => FailureClass.Interlock,
                GateCodes.JournalUnavailable => FailureClass.Storage,
                GateCodes.LimitExceeded or GateCodes.LocalPolicyRefused => FailureClass.PolicyDenied,
                _ => FailureClass.TrustGate,
            }),
            _ => (EventSeverity.Error, FailureClass.ActuationUnconfirmed),
        };
        _events.Publish(new EdgeEvent(
            0, default, EventTypes.ActuationOutcome, severity, answer.TargetRef,
            $"{answer.Operation} of '{answer.TargetRef}': {answer.Outcome.Word()} ({answer.Code}). {answer.Message}", failure,
            JournalBodies.Place(answer.JournalSequence), answer.CommandId.Length > 0 ? answer.CommandId : null));
    }

    private sealed record Armed(Permit Permit, Lease Lease);
}
