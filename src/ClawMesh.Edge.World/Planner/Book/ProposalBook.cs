using System.Text.Json;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Planner.Book;

/// <summary>
/// The proposals of this planner, from the offer to what came of it ([W-119]): the one owner of their state. Thread-safe; nothing here
/// waits. They are not kept over a restart: they would have expired, and nobody may approve what nobody has told.
/// </summary>
/// <param name="standing">What an operator approved beforehand; null when nothing.</param>
/// <param name="measuredPercent">The zone's moisture as measured, fresh; null when it is not at hand.</param>
/// <param name="changed">Told of each transition, in order, outside of every lock. Must not throw.</param>
public sealed class ProposalBook(
    string plannerDeviceId, string plannerRole, IProposalExecutor executor, StandingApproval? standing, IWorldClock site, Func<string, double?> measuredPercent,
    TimeProvider time, Func<Guid> newId, Action<ProposalChange> changed, BookOptions options) : IAsyncDisposable
{
    private const int MaxTriggers = 5;
    private const int MaxSummary = 200;
    private const int MaxReasoning = 600;
    private const int MaxKeys = 512;

    private readonly Lock _lock = new();
    private readonly List<Entry> _open = [];
    private readonly List<Entry> _closed = [];
    private readonly Dictionary<string, long> _offered = new(StringComparer.Ordinal);
    private readonly Queue<ProposalChange> _changes = new();
    private readonly CancellationTokenSource _stop = new();
    private bool _telling;

    /// <summary>Why nothing is taken at present; null when offers are welcome ([W-121]).</summary>
    public string? PausedBecause
    {
        get
        {
            lock (_lock)
            {
                int pending = CountPending();
                return pending < options.MaxPending ? null : $"{pending} proposals wait to be decided or carried out; at {options.MaxPending} no more are made";
            }
        }
    }

    /// <summary>What waits to be decided, confirmed or finished, oldest first.</summary>
    public IReadOnlyList<Proposal> Pending => Snapshot(closed: false, pendingOnly: true);

    /// <summary>What is not over, oldest first; with those of level L0.</summary>
    public IReadOnlyList<Proposal> Open => Snapshot(closed: false, pendingOnly: false);

    /// <summary>Everything that is remembered, oldest first.</summary>
    public IReadOnlyList<Proposal> All => Snapshot(closed: true, pendingOnly: false);

    /// <summary>Takes a draft down. Null when it was offered within the window, or nothing is taken at present.</summary>
    /// <param name="executorDeviceId">Whose output it is; this node's own id for an own one.</param>
    /// <exception cref="ArgumentException">A name is missing or too long for a command, or the duration is no duration.</exception>
    public Proposal? Offer(ProposalDraft draft, string executorDeviceId)
    {
        Check(draft);
        Proposal? offered = null;
        ProposalApproval? automatic = null;
        Entry? entry = null;
        lock (_lock)
        {
            string key = $"{draft.TargetRef}|{draft.Operation}|{draft.TargetRef[(draft.TargetRef.LastIndexOf(':') + 1)..]}|{executorDeviceId}";
            if (_stop.IsCancellationRequested || !HasRoom(draft.Level) || !IsNew(key)) return null;
            automatic = draft.Level == ApprovalLevel.L1 ? Automatic(draft) : null;
            entry = new Entry(Made(draft, executorDeviceId, automatic), draft.Evidence, time.GetTimestamp());
            _offered[key] = time.GetTimestamp();
            _open.Add(entry);
            Note(ProposalStep.Created, entry);
            if (automatic is not null) Become(entry, ProposalStep.Executing, entry.Proposal with { Status = ProposalStatus.Executing });
            offered = entry.Proposal;
        }

        Tell();
        if (automatic is not null) entry.Run = CarryOutAsync(entry, offered, automatic);
        return Find(offered.TaskId);
    }

    /// <summary>An approval. Null for a proposal that does not wait for one. At level L3 it then waits for <see cref="Confirm"/>.</summary>
    public Proposal? Approve(string taskId, Approver by)
    {
        Entry? entry;
        ProposalApproval? approval = null;
        lock (_lock)
        {
            entry = OpenOf(taskId);
            if (entry is not { Proposal.Status: ProposalStatus.AwaitingApproval }) return null;
            entry.Approver = by;
            Become(entry, ProposalStep.Approved, entry.Proposal with { Status = ProposalStatus.Approved, ResolvedAt = time.GetUtcNow(), ResolvedBy = by.Name });
            if (entry.Proposal.Level != ApprovalLevel.L3) approval = Begin(entry, confirmedBy: null);
        }

        return Follow(entry, approval);
    }

    /// <summary>Somebody at the site agrees to what was approved at level L3. Null when it does not wait for that.</summary>
    public Proposal? Confirm(string taskId, Approver by)
    {
        Entry? entry;
        ProposalApproval approval;
        lock (_lock)
        {
            entry = OpenOf(taskId);
            if (entry is not { Proposal: { Status: ProposalStatus.Approved, Level: ApprovalLevel.L3 } }) return null;
            approval = Begin(entry, by);
        }

        return Follow(entry, approval);
    }

    /// <summary>A rejection. Null for a proposal that waits for no decision.</summary>
    public Proposal? Reject(string taskId, Approver by, string? reason)
    {
        Entry? entry;
        lock (_lock)
        {
            entry = OpenOf(taskId);
            if (entry is not { Proposal.Status: ProposalStatus.AwaitingApproval or ProposalStatus.Approved }) return null;
            Close(entry, entry.Proposal with
            {
                Status = ProposalStatus.Rejected, ResolvedAt = time.GetUtcNow(), ResolvedBy = by.Name,
                Result = reason is { Length: > 0 } ? new ProposalResult(false, PlainText.Of(reason, MaxSummary), null, null) : null,
            });
        }

        Tell();
        return entry.Proposal;
    }

    public Proposal? Find(string taskId)
    {
        lock (_lock) return (OpenOf(taskId) ?? _closed.Find(e => e.Proposal.TaskId == taskId))?.Proposal;
    }

    /// <summary>Looks at what has expired and at effects that can be measured by now. Once a second will do.</summary>
    public void Tick()
    {
        lock (_lock)
        {
            foreach (Entry entry in _open.ToArray())
            {
                // What is on its way to the output is not taken back by a clock.
                if (entry.Proposal.Status == ProposalStatus.Executing || time.GetElapsedTime(entry.Created) < options.Expiry) continue;
                Close(entry, entry.Proposal with { Status = ProposalStatus.Rejected, ResolvedAt = time.GetUtcNow(), ResolvedBy = ProposalWords.Expired });
            }
        }

        Compare();
        Tell();
    }

    /// <summary>Stops what is being carried out and waits for it; its commands may have acted.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Task[] running;
        lock (_lock) running = [.. _open.ConvertAll(e => e.Run)];
        await Task.WhenAll(running);
        _stop.Dispose();
    }

    private Proposal Made(ProposalDraft draft, string executorDeviceId, ProposalApproval? automatic)
    {
        ApprovalLevel level = draft.Level == ApprovalLevel.L1 && automatic is null ? ApprovalLevel.L2 : draft.Level;
        DateTimeOffset now = time.GetUtcNow();
        var made = new Proposal(
            newId().ToString("D"), PlainText.Of(draft.Summary, MaxSummary), PlainText.Of(draft.Reasoning, MaxReasoning), draft.Zone, draft.TargetRef, draft.Operation, Parameters(draft), executorDeviceId,
            plannerDeviceId, plannerRole, level, level == ApprovalLevel.L0 ? ProposalStatus.Proposed : automatic is null ? ProposalStatus.AwaitingApproval : ProposalStatus.Approved,
            "intelligence", Triggers(draft.Evidence), now, now + options.Expiry, draft.Expectation);
        return automatic is null ? made : made with { ResolvedAt = now, ResolvedBy = automatic.By };
    }

    // What is approved is what is sent, so the duration is the node's from the start; a simulated site's minutes pass faster.
    private JsonElement? Parameters(ProposalDraft draft)
    {
        if (draft.Minutes <= 0) return null;
        double seconds = Math.Max(Math.Round(draft.Minutes * 60 / site.Rate, 3), 0.001);
        using JsonDocument document = JsonDocument.Parse(string.Create(System.Globalization.CultureInfo.InvariantCulture, $$"""{"durationSec":{{seconds}}}"""));
        return document.RootElement.Clone();
    }

    private ProposalApproval? Automatic(ProposalDraft draft)
    {
        if (standing?.Covers(draft) is not { } policy || ProposalApproval.ByPolicy(policy, draft.Evidence, time) is not { } approval) return null;
        standing.Use(draft);
        return approval;
    }

    // Under the lock: from here on the proposal is on its way.
    private ProposalApproval Begin(Entry entry, Approver? confirmedBy)
    {
        Become(entry, ProposalStep.Executing, entry.Proposal with { Status = ProposalStatus.Executing });
        return ProposalApproval.ByPerson(entry.Approver!, entry.Evidence, confirmedBy);
    }

    private Proposal Follow(Entry entry, ProposalApproval? approval)
    {
        Proposal now = entry.Proposal;
        Tell();
        if (approval is not null) entry.Run = CarryOutAsync(entry, now, approval);
        return Find(now.TaskId) ?? now;
    }

    // At most MaxPending of these run; each is awaited when the book is closed.
    private async Task CarryOutAsync(Entry entry, Proposal proposal, ProposalApproval approval)
    {
        ProposalResult result;
        try
        {
            result = await executor.ExecuteAsync(proposal, approval, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            result = new ProposalResult(false, "the planner stopped before the answer came; the command may have acted", null, null);
        }
        catch (Exception fault)
        {
            // Whatever went wrong, the proposal must not stay open for ever.
            result = new ProposalResult(false, PlainText.Of(fault.Message, MaxSummary), null, Core.Errors.GateCodes.InternalError);
        }

        lock (_lock)
        {
            if (result.Ok) entry.EffectBegan = site.Now;
            Close(entry, entry.Proposal with { Status = result.Ok ? ProposalStatus.Completed : ProposalStatus.Failed, Result = result });
        }

        Tell();
    }

    private void Compare()
    {
        List<Entry>? due = null;
        lock (_lock)
        {
            foreach (Entry entry in _closed)
            {
                if (entry is { EffectBegan: { } began, Proposal: { Expectation: { } expected, Comparison: null } } && ForecastComparison.IsDue(expected, began, site.Now)) (due ??= []).Add(entry);
            }
        }

        if (due is null) return;
        foreach (Entry entry in due)
        {
            Expectation expected = entry.Proposal.Expectation!;
            // Asked outside of the lock: it is somebody else's picture.
            double? measured = measuredPercent(entry.Proposal.Zone);
            lock (_lock)
            {
                if (measured is { } percent && double.IsFinite(percent))
                {
                    Become(entry, ProposalStep.Compared, entry.Proposal with { Comparison = ForecastComparison.Against(expected, percent, time.GetUtcNow()) });
                    entry.EffectBegan = null;
                }
                else if (entry.EffectBegan is { } began && ForecastComparison.IsMissed(expected, began, site.Now))
                {
                    entry.EffectBegan = null;
                    Note(ProposalStep.NotCompared, entry);
                }
            }
        }
    }

    private bool HasRoom(ApprovalLevel level) => level == ApprovalLevel.L0
        ? _open.Count - CountPending() < options.MaxTold
        : CountPending() < options.MaxPending;

    private int CountPending()
    {
        int pending = 0;
        foreach (Entry entry in _open)
        {
            if (entry.Proposal.Status != ProposalStatus.Proposed) pending++;
        }

        return pending;
    }

    private bool IsNew(string key)
    {
        List<string>? old = null;
        foreach ((string known, long at) in _offered)
        {
            if (time.GetElapsedTime(at) >= options.DedupWindow) (old ??= []).Add(known);
        }

        if (old is not null)
        {
            foreach (string gone in old) _offered.Remove(gone);
        }

        return _offered.Count < MaxKeys && !_offered.ContainsKey(key);
    }

    private Entry? OpenOf(string taskId) => _open.Find(e => e.Proposal.TaskId == taskId);

    private void Close(Entry entry, Proposal proposal)
    {
        _open.Remove(entry);
        _closed.Add(entry);
        if (_closed.Count > options.MaxResolved) _closed.RemoveAt(0);
        Become(entry, ProposalStep.Resolved, proposal);
    }

    private void Become(Entry entry, ProposalStep step, Proposal proposal)
    {
        entry.Proposal = proposal;
        Note(step, entry);
    }

    private void Note(ProposalStep step, Entry entry) => _changes.Enqueue(new ProposalChange(step, entry.Proposal));

    // One thread tells at a time, so that changes are told in the order in which they happened.
    private void Tell()
    {
        while (true)
        {
            ProposalChange? change;
            lock (_lock)
            {
                if (_telling || !_changes.TryDequeue(out change)) return;
                _telling = true;
            }

            try
            {
                changed(change);
            }
            finally
            {
                lock (_lock) _telling = false;
            }
        }
    }

    private IReadOnlyList<Proposal> Snapshot(bool closed, bool pendingOnly)
    {
        var proposals = new List<Proposal>();
        lock (_lock)
        {
            if (closed) proposals.AddRange(_closed.ConvertAll(e => e.Proposal));
            foreach (Entry entry in _open)
            {
                if (!pendingOnly || entry.Proposal.Status != ProposalStatus.Proposed) proposals.Add(entry.Proposal);
            }
        }

        return proposals;
    }

    private static IReadOnlyList<string> Triggers(IReadOnlyList<SensorEvidence> evidence)
    {
        var frames = new List<string>();
        foreach (SensorEvidence piece in evidence)
        {
            if (frames.Count < MaxTriggers && !frames.Contains(piece.Property.FrameId)) frames.Add(piece.Property.FrameId);
        }

        return frames;
    }

    private static void Check(ProposalDraft draft)
    {
        foreach (string name in (ReadOnlySpan<string>)[draft.Zone, draft.TargetRef, draft.Operation])
        {
            if (name.Length is 0 or > CommandEnvelope.MaxName) throw new ArgumentException($"'{PlainText.Of(name, 48)}' must have 1 to {CommandEnvelope.MaxName} characters.", nameof(draft));
        }

        if (!(draft.Minutes >= 0 && draft.Minutes * 60 <= Core.Actuation.Operations.MaxDurationSeconds)) throw new ArgumentException($"{draft.Minutes} minutes are no duration.", nameof(draft));
    }

    private sealed class Entry(Proposal proposal, IReadOnlyList<SensorEvidence> evidence, long created)
    {
        public Proposal Proposal { get; set; } = proposal;

        public IReadOnlyList<SensorEvidence> Evidence => evidence;

        public long Created => created;

        public Approver? Approver { get; set; }

        /// <summary>By the site's clock; null when there is nothing to compare, or no longer.</summary>
        public DateTimeOffset? EffectBegan { get; set; }

        public Task Run { get; set; } = Task.CompletedTask;
    }
}
