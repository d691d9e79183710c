using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.World;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Planner.Book;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Agent.Forecasting;

/// <summary>
/// A planner node's thinking turned into proposals, and the water that follows counted. Called by the one task of <see cref="SiteOutlook"/>.
/// </summary>
internal sealed class PlannerLoop : IOutputUse
{
    private const int MaxAsked = 64;

    private readonly EdgeNode _node;
    private readonly SiteOutlook _world;
    private readonly WaterLedger _ledger;
    private readonly PlannerRound _round;

    // What was asked for and is not over; at most as many as the book keeps pending.
    private readonly List<Asked> _asked = [];

    // Valves of peers that are open by our asking, and until when; at most as many as were asked for.
    private readonly List<(string Target, DateTimeOffset Until)> _remote = [];
    private readonly List<Task> _writes = [];
    private readonly Lock _lock = new();

    private PlannerLoop(EdgeNode node, SiteOutlook world, ZoneOutlooks outlooks, IRolloutEngine engine)
    {
        (_node, _world) = (node, world);
        bool real = !node.Site.Simulated;
        _ledger = new WaterLedger(node.Journal.Settings);
        var standing = new StandingApproval(GoalsFile.Name, world.Goals, node.DeviceId.Value, node.World.Clock, zone => _ledger.Today(zone, node.World.Clock.Now), CountAutomatic);
        Desk = ProposalDesk.Open(node, node.World.Clock, ProposalDesk.Measured(node.World.Twin, real), standing, BookOptionsOf(node.World.Clock));
        Desk.CarryingOut = CountCarriedOut;
        var options = new PlannerOptions { OutputsAreReal = real };
        _round = new PlannerRound(
            world.Goals, outlooks, new ZonePlanner(engine, options), node.World.Twin, node.World.Clock, _ledger, new SharedLines(world.Goals, node.Site), this, options);
    }

    public ProposalDesk Desk { get; }

    /// <summary>What it thinks of each goal.</summary>
    public IReadOnlyList<PlanAdvice> Advice => _round.Advice;

    /// <summary>Null where nobody plans: the node's role says so, and an event tells the operator.</summary>
    public static PlannerLoop? Open(EdgeNode node, SiteOutlook world, ZoneOutlooks outlooks, IRolloutEngine engine)
    {
        if (node.Options.Role is "planner" or "standby-planner") return new PlannerLoop(node, world, outlooks, engine);
        node.Warn("planner", $"There are {world.Goals.Count} goals, and the role of this node is '{node.Options.Role}': nothing is proposed. Set the role to planner.");
        return null;
    }

    public async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            await FinishAsync();
        }
        catch (EdgeException uncounted)
        {
            Desk.Runtime.Failed(uncounted.Why);
            _node.Events.Publish(new EdgeEvent(0, default, EventTypes.Error, EventSeverity.Error, "planner", $"{uncounted.What} {uncounted.Why}", uncounted.FailureClass));
        }

        if (Desk.PausedBecause is not null || !_round.IsDue()) return;
        Desk.Runtime.Become(thinking: true, "the hour");
        foreach (PlannedWatering planned in await _round.LookAsync(cancellationToken)) Offer(planned);
        Desk.Runtime.Become(thinking: false, null);
    }

    /// <inheritdoc/>
    public bool InUse(string targetRef, string? executorDeviceId)
    {
        string executor = executorDeviceId ?? _node.DeviceId.Value;
        foreach (Proposal open in Desk.Book.Pending)
        {
            if (open.TargetRef == targetRef && open.ExecutorDeviceId == executor) return true;
        }

        if (executorDeviceId is not null) return _node.World.Twin.Current.Find(targetRef, TwinWriter.State) is { Value: > 0, Freshness: Freshness.Fresh } state && state.Origin == executorDeviceId;
        return _node.Desk.MayBeEnergised(new ActuatorId(targetRef));
    }

    private void Offer(PlannedWatering planned)
    {
        // A goal says whose valve it is; no other one of the same name is ever opened for it.
        ProposalDraft draft = planned.Draft with { ExecutorDeviceId = planned.Goal.ExecutorDeviceId ?? _node.DeviceId.Value };
        if (Desk.Offer(draft) is not { } offered) return;
        lock (_lock)
        {
            // What goes by itself was counted on its way, before the valve opened.
            bool automatic = offered.Level == ApprovalLevel.L1;
            if (_asked.Count < MaxAsked) _asked.Add(new Asked(planned, offered.TaskId, automatic) { Counted = automatic });
        }
    }

    // Counted in memory at once and on disk soon, before the valve opens, so that one whose answer is lost counts too. Where the disk takes
    // nothing the gate refuses.
    private void CountAutomatic(ProposalDraft draft)
    {
        foreach (ZoneGoal goal in _world.Goals)
        {
            if (goal.Zone == draft.Zone) Write(_ledger.AddAsync(goal.Zone, draft.Minutes, draft.Minutes * goal.LitresPerMinute, automatic: true, _node.World.Clock.Now, CancellationToken.None));
        }
    }

    private void CountCarriedOut(Proposal proposal)
    {
        lock (_lock)
        {
            foreach (Asked asked in _asked)
            {
                if (asked.TaskId != proposal.TaskId || asked.Counted) continue;
                asked.Counted = true;
                Write(_ledger.AddAsync(asked.Planned.Goal.Zone, asked.Planned.Draft.Minutes, asked.Planned.Litres, asked.Automatic, _node.World.Clock.Now, CancellationToken.None));
            }
        }
    }

    private void Write(Task counted)
    {
        lock (_lock) _writes.Add(counted);
    }

    private async Task FinishAsync()
    {
        Task[] writes;
        lock (_lock)
        {
            writes = [.. _writes];
            _writes.Clear();
            for (int i = _asked.Count - 1; i >= 0; i--)
            {
                Asked asked = _asked[i];
                Proposal? now = Desk.Book.Find(asked.TaskId);
                if (now is not null && !now.Status.IsOver()) continue;
                _asked.RemoveAt(i);
                if (now is { Status: ProposalStatus.Completed }) NoteRemote(now, asked);
                // Only this node's own gate is sure that a refusal moved no water; what a peer's answer means may be another matter.
                if (now is { Status: ProposalStatus.Failed, Result.Outcome: "refused" } && asked.Counted && now.ExecutorDeviceId == _node.DeviceId.Value)
                    _writes.Add(_ledger.TakeBackAsync(asked.Planned.Goal.Zone, asked.Planned.Draft.Minutes, asked.Planned.Litres, asked.Automatic, _node.World.Clock.Now, CancellationToken.None));
            }

            CloseRemote();
        }

        await Task.WhenAll(writes);
    }

    // A peer's valve is not seen here; it is open as long as was asked for.
    private void NoteRemote(Proposal done, Asked asked)
    {
        if (done.ExecutorDeviceId == _node.DeviceId.Value) return;
        _world.Watering.Changed(done.TargetRef, open: true, _node.World.Clock.Now);
        _remote.Add((done.TargetRef, _node.World.Clock.Now + TimeSpan.FromMinutes(asked.Planned.Draft.Minutes)));
    }

    private void CloseRemote()
    {
        for (int i = _remote.Count - 1; i >= 0; i--)
        {
            if (_node.World.Clock.Now < _remote[i].Until) continue;
            _world.Watering.Changed(_remote[i].Target, open: false, _remote[i].Until);
            _remote.RemoveAt(i);
        }
    }

    // The wire's window is ten minutes of a real day; a farm that lives faster is asked again sooner.
    private static BookOptions BookOptionsOf(IWorldClock clock) => clock.Rate <= 1 ? BookOptions.Default : BookOptions.Default with
    {
        DedupWindow = TimeSpan.FromSeconds(Math.Max(BookOptions.Default.DedupWindow.TotalSeconds / clock.Rate, 1)),
    };

    private sealed class Asked(PlannedWatering planned, string taskId, bool automatic)
    {
        public PlannedWatering Planned { get; } = planned;

        public string TaskId { get; } = taskId;

        public bool Automatic { get; } = automatic;

        public bool Counted { get; set; }
    }
}
