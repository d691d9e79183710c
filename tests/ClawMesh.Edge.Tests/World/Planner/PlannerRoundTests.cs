using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.World.Planner;

public sealed class PlannerRoundTests
{
    [Fact]
    public async Task It_looks_at_every_goal_once_an_hour_of_the_site()
    {
        var site = new SiteUnderPlan { Percent = { ["zone-1"] = 27, ["zone-2"] = 27 } };

        Assert.Empty(await site.LookAsync());
        Assert.Equal(["zone-1", "zone-2"], site.Looked.Order());
        Assert.False(site.Round.IsDue());
        site.Now = site.Now.AddMinutes(59);
        Assert.False(site.Round.IsDue());
        site.Now = site.Now.AddMinutes(1);
        Assert.True(site.Round.IsDue());
        Assert.Equal(2, site.Round.Advice.Count);
    }

    [Fact]
    public async Task A_bed_below_its_band_is_looked_at_again_after_ten_minutes_and_a_very_dry_one_after_five()
    {
        var site = new SiteUnderPlan { Percent = { ["zone-1"] = 19, ["zone-2"] = 15 }, LitresUsed = 400 };
        await site.LookAsync();
        Assert.Equal(["zone-2", "zone-1"], site.Looked);

        site.Now = site.Now.AddMinutes(5);
        await site.LookAsync();
        Assert.Equal(["zone-2", "zone-1", "zone-2"], site.Looked);
        site.Now = site.Now.AddMinutes(5);
        await site.LookAsync();
        Assert.Equal(["zone-2", "zone-1", "zone-2", "zone-2", "zone-1"], site.Looked);
    }

    [Fact]
    public async Task Two_valves_of_one_line_are_never_asked_for_together_and_the_driest_bed_comes_first()
    {
        var site = new SiteUnderPlan { Percent = { ["zone-1"] = 20.3, ["zone-2"] = 19 } };

        PlannedWatering watering = Assert.Single(await site.LookAsync());

        Assert.Equal("zone-2", watering.Goal.Zone);
        Assert.Contains("It waits for 'actuator:valve:zone-2'", site.Round.Advice.Single(a => a.Zone == "zone-1").Reasoning);
    }

    [Fact]
    public async Task Who_waited_for_a_line_is_looked_at_again_when_it_has_come_to_rest()
    {
        var site = new SiteUnderPlan { Percent = { ["zone-1"] = 20.3, ["zone-2"] = 19 } };
        await site.LookAsync();
        site.Open = "actuator:valve:zone-2";
        site.Percent["zone-2"] = 26;
        site.Now = site.Now.AddMinutes(3);
        Assert.False(site.Round.IsDue());
        site.Open = "";
        site.Now = site.Now.AddMinutes(1);
        Assert.False(site.Round.IsDue());
        site.Now = site.Now.AddMinutes(1);

        PlannedWatering watering = Assert.Single(await site.LookAsync());

        Assert.Equal("zone-1", watering.Goal.Zone);
    }

    [Fact]
    public async Task A_watering_inside_the_automatic_limits_stays_L1_and_rests_on_the_sensor()
    {
        var site = new SiteUnderPlan { Percent = { ["zone-2"] = 19 } };

        ProposalDraft draft = (await site.LookAsync()).Single().Draft;

        Assert.Equal((ApprovalLevel.L1, "open"), (draft.Level, draft.Operation));
        Assert.Equal(19, Assert.Single(draft.Evidence).Property.Value);
        Assert.NotNull(draft.Expectation);
        Assert.StartsWith($"Water zone-2 for {draft.Minutes:0.##} minutes (", draft.Summary);
    }

    [Fact]
    public async Task A_watering_beyond_them_is_asked_of_an_operator_and_says_why()
    {
        var site = new SiteUnderPlan { Percent = { ["zone-2"] = 19 }, AutomaticMinutesUsed = 30 };

        ProposalDraft draft = (await site.LookAsync()).Single().Draft;

        Assert.Equal(ApprovalLevel.L2, draft.Level);
        Assert.Contains("Not carried out by itself: 30 minutes were watered by themselves today", draft.Reasoning);
    }

    [Fact]
    public async Task Without_fresh_believable_moisture_nothing_is_asked_for()
    {
        var site = new SiteUnderPlan { Percent = { ["zone-2"] = 19 }, Freshness = Freshness.Stale };
        Assert.Empty(await site.LookAsync());

        var simulated = new SiteUnderPlan { Percent = { ["zone-2"] = 19 }, Simulated = true };
        Assert.Empty(await simulated.LookAsync());
        Assert.All(simulated.Round.Advice, advice => Assert.Equal(AdviceKind.Unknown, advice.Kind));
    }

    [Fact]
    public async Task All_valves_of_a_peer_count_as_one_line()
    {
        string peer = new('c', 64);
        var site = new SiteUnderPlan(goal => goal with { ExecutorDeviceId = peer, TargetRef = $"actuator:valve:{goal.Zone}-there" }) { Percent = { ["zone-1"] = 19, ["zone-2"] = 18 } };

        PlannedWatering watering = Assert.Single(await site.LookAsync());

        Assert.Equal(peer, watering.Goal.ExecutorDeviceId);
    }

    /// <summary>Two zones of the simulated farm's site, behind one pump, with a picture set by hand.</summary>
    private sealed class SiteUnderPlan : ITwinReader, IWorldClock, IZoneOutlooks, IOutputUse
    {
        private static readonly Site Farm = new SiteCatalog(new BoardCatalog()).Read("simulated").Site!;

        private readonly Lazy<PlannerRound> _round;
        private readonly PlannerField _field = new();

        public SiteUnderPlan(Func<ZoneGoal, ZoneGoal>? change = null)
        {
            change ??= goal => goal;
            ZoneGoal[] goals = [.. new[] { "zone-1", "zone-2" }.Select(zone => change(_field.Goal with { Zone = zone, TargetRef = $"actuator:valve:{zone}" }))];
            _round = new Lazy<PlannerRound>(() =>
            {
                var ledger = new WaterLedger(new InMemoryJournal(new ManualTime()));
                foreach (ZoneGoal goal in goals) ledger.AddAsync(goal.Zone, AutomaticMinutesUsed, LitresUsed, automatic: true, Now, CancellationToken.None).GetAwaiter().GetResult();
                return new PlannerRound(goals, this, new ZonePlanner(_field.Engine, _field.Options), this, this, ledger, new SharedLines(goals, Farm), this, _field.Options);
            });
        }

        public PlannerRound Round => _round.Value;

        public Dictionary<string, double> Percent { get; } = [];

        public double LitresUsed { get; init; }

        public double AutomaticMinutesUsed { get; init; }

        public Freshness Freshness { get; init; } = Freshness.Fresh;

        public bool Simulated { get; init; }

        public string Open { get; set; } = "";

        public List<string> Looked { get; } = [];

        public DateTimeOffset Now { get; set; } = new(2026, 6, 1, 10, 0, 0, TimeSpan.Zero);

        public double Rate => 1;

        public TwinSnapshot Current => new(1, Now, Percent.ToDictionary(
            p => $"zone:{p.Key}",
            p => new TwinEntity($"zone:{p.Key}", EntityKind.Zone, new Dictionary<string, TwinProperty> { ["moisture"] = PlannerField.Property(p.Value, Freshness, simulated: Simulated) })));

        public Task<IReadOnlyList<PlannedWatering>> LookAsync() => Round.LookAsync(CancellationToken.None);

        public ValueTask<ZoneOutlook> LookAsync(ZoneGoal goal, CancellationToken cancellationToken)
        {
            Looked.Add(goal.Zone);
            _field.Moisture = Percent.GetValueOrDefault(goal.Zone, 25);
            _field.SiteNow = Now;
            return ValueTask.FromResult(_field.Outlook());
        }

        public bool InUse(string targetRef, string? executorDeviceId) => targetRef == Open;

        public int History(string entity, string property, TimeSpan step, Span<float> values) => 0;
    }
}
