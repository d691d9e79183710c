using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.World.Planner;

/// <summary>
/// Looks at all goals in turn, the driest first and one forecast at a time: each at the beginning of every hour of the site, sooner when
/// its moisture is below the band or the line it waited for is free. Owned by one task; <see cref="Advice"/> may be read by any.
/// </summary>
public sealed class PlannerRound(
    IReadOnlyList<ZoneGoal> goals,
    IZoneOutlooks outlooks,
    ZonePlanner planner,
    ITwinReader twin,
    IWorldClock clock,
    WaterLedger ledger,
    SharedLines lines,
    IOutputUse use,
    PlannerOptions options)
{
    // [W-130] has two rules below which it looks again after 10 and after 5 minutes, the lower limit at four fifths of the upper.
    private const double CriticalPart = 0.8;
    private static readonly TimeSpan LookAgainLow = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LookAgainCritical = TimeSpan.FromMinutes(5);

    // Water runs on for some seconds after a valve, and who waits for the next one's effect must not take it for that.
    private static readonly TimeSpan LineRests = TimeSpan.FromMinutes(2);

    private readonly Look[] _looks = [.. goals.Select(_ => new Look())];
    private volatile IReadOnlyList<PlanAdvice> _advice = [];

    /// <summary>The latest thoughts, one for each goal that was looked at.</summary>
    public IReadOnlyList<PlanAdvice> Advice => _advice;

    /// <summary>Whether <see cref="LookAsync"/> has something to do. Cheap: asked every second or so.</summary>
    public bool IsDue()
    {
        TwinSnapshot picture = twin.Current;
        DateTimeOffset now = clock.Now;
        for (int i = 0; i < goals.Count; i++)
        {
            if (IsDue(goals[i], _looks[i], picture, now)) return true;
        }

        return false;
    }

    /// <summary>Looks at the goals that are due.</summary>
    /// <returns>What to ask for now; no two of them share a line.</returns>
    public async Task<IReadOnlyList<PlannedWatering>> LookAsync(CancellationToken cancellationToken)
    {
        var planned = new List<PlannedWatering>();
        foreach (int i in DriestFirst(twin.Current))
        {
            if (!IsDue(goals[i], _looks[i], twin.Current, clock.Now)) continue;
            if (await ThinkAsync(goals[i], _looks[i], planned, cancellationToken) is { } watering) planned.Add(watering);
        }

        _advice = [.. _looks.Where(look => look.Advice is not null).Select(look => look.Advice!)];
        return planned;
    }

    // Who needs water most gets the line first.
    private int[] DriestFirst(TwinSnapshot picture)
    {
        var order = new int[goals.Count];
        var room = new double[goals.Count];
        for (int i = 0; i < order.Length; i++) (order[i], room[i]) = (i, (Moisture(goals[i], picture)?.Value ?? double.MaxValue) - goals[i].LowPercent);
        Array.Sort(room, order);
        return order;
    }

    private async Task<PlannedWatering?> ThinkAsync(ZoneGoal goal, Look look, List<PlannedWatering> planned, CancellationToken cancellationToken)
    {
        DateTimeOffset now = clock.Now;
        ZoneOutlook outlook = await outlooks.LookAsync(goal, cancellationToken);
        TwinProperty? moisture = Moisture(goal, twin.Current);
        SensorEvidence? measured = moisture is null ? null : SensorEvidence.From(moisture, options.OutputsAreReal);
        WaterUsed used = ledger.Today(goal.Zone, now);

        PlanAdvice advice = planner.Advise(goal, outlook, measured, used, now, look.Standing);
        look.At = now;
        look.Waits = false;
        if (advice.Plan.Length > 0) look.Standing = new StandingPlan(now, advice.Plan);
        if (advice.Kind == AdviceKind.Water)
        {
            string? obstacle = lines.Obstacle(goal, new UseWithPlanned(use, planned));
            look.Waits = obstacle is not null || !IsLineFree(goal, look, now);
            string why = obstacle is null ? "It waits for the line to come to rest." : $"It waits for '{obstacle}', which is on the same line.";
            if (look.Waits) advice = advice with { Kind = AdviceKind.Wait, Minutes = 0, Expectation = null, Reasoning = $"{advice.Reasoning} {why}" };
        }

        look.Advice = advice;
        return advice.Kind == AdviceKind.Water ? Plan(goal, advice, measured!, used, now) : null;
    }

    private static PlannedWatering Plan(ZoneGoal goal, PlanAdvice advice, SensorEvidence measured, WaterUsed used, DateTimeOffset now)
    {
        IReadOnlyList<SensorEvidence> evidence = [measured];
        double litres = advice.Minutes * goal.LitresPerMinute;
        (ApprovalLevel level, string reasoning) = (goal.Level, advice.Reasoning);
        if (level == ApprovalLevel.L1 && AutomaticLimits.Check(goal, advice.Minutes, evidence, used, now) is { Policy: null } verdict)
            (level, reasoning) = (ApprovalLevel.L2, $"{reasoning} Not carried out by itself: {verdict.Why}.");
        string summary = FormattableString.Invariant($"Water {goal.Zone} for {advice.Minutes:0.##} minutes ({litres:0} l)");
        return new PlannedWatering(goal, litres, new ProposalDraft(goal.Zone, goal.TargetRef, "open", advice.Minutes, summary, reasoning, level, evidence, advice.Expectation));
    }

    private bool IsDue(ZoneGoal goal, Look look, TwinSnapshot picture, DateTimeOffset now)
    {
        bool free = IsLineFree(goal, look, now);
        if (look.At is not { } at || Hour(at) != Hour(now)) return true;
        if (look.Waits || !free) return look.Waits && free;
        if (QuietTime.Touches(goal.QuietHours, now.TimeOfDay.TotalHours, goal.MaxMinutes / 60)) return false;
        if (Moisture(goal, picture) is not { Value: { } percent, Freshness: Freshness.Fresh } || !(percent < goal.LowPercent)) return false;
        return now - at >= (percent < CriticalPart * goal.LowPercent ? LookAgainCritical : LookAgainLow);
    }

    private bool IsLineFree(ZoneGoal goal, Look look, DateTimeOffset now)
    {
        if (lines.Obstacle(goal, use) is not null) look.LineBusyAt = now;
        return look.LineBusyAt is not { } busy || now - busy >= LineRests;
    }

    private static TwinProperty? Moisture(ZoneGoal goal, TwinSnapshot picture) => picture.Find($"zone:{goal.Zone}", "moisture");

    private static long Hour(DateTimeOffset at) => at.DateTime.Ticks / TimeSpan.TicksPerHour;

    private sealed class Look
    {
        public DateTimeOffset? At { get; set; }

        /// <summary>It would water, but another valve of its line is open.</summary>
        public bool Waits { get; set; }

        /// <summary>When a valve of its line was last seen open or spoken for.</summary>
        public DateTimeOffset? LineBusyAt { get; set; }

        public StandingPlan? Standing { get; set; }

        public PlanAdvice? Advice { get; set; }
    }

    // What this round asks for is spoken for, even before the book has it.
    private sealed class UseWithPlanned(IOutputUse use, List<PlannedWatering> planned) : IOutputUse
    {
        public bool InUse(string targetRef, string? executorDeviceId)
        {
            foreach (PlannedWatering watering in planned)
            {
                if (watering.Draft.Level != ApprovalLevel.L0 && watering.Goal.TargetRef == targetRef && watering.Goal.ExecutorDeviceId == executorDeviceId) return true;
            }

            return use.InUse(targetRef, executorDeviceId);
        }
    }
}

/// <summary>What a round asks for: a draft for the proposal book, and whose output it is about (<see cref="ZoneGoal.ExecutorDeviceId"/>).</summary>
/// <param name="Litres">To be counted in the <see cref="WaterLedger"/> before the valve opens.</param>
public sealed record PlannedWatering(ZoneGoal Goal, double Litres, ProposalDraft Draft);
