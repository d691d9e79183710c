using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.World.Planner;

namespace ClawMesh.Edge.Tests.World.Planner;

public sealed class WaterLedgerTests
{
    private static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.FromHours(2));

    [Fact]
    public async Task Water_is_counted_by_zone_and_day_of_the_site()
    {
        var ledger = new WaterLedger(Store());
        await ledger.AddAsync("zone-1", 6, 72, automatic: true, Noon, CancellationToken.None);
        await ledger.AddAsync("zone-1", 5, 60, automatic: false, Noon, CancellationToken.None);
        await ledger.AddAsync("zone-2", 1, 12, automatic: true, Noon, CancellationToken.None);

        Assert.Equal(new WaterUsed(132, 6), ledger.Today("zone-1", Noon.AddHours(11)));
        Assert.Equal(new WaterUsed(12, 1), ledger.Today("zone-2", Noon));
        Assert.Equal(default, ledger.Today("zone-1", Noon.AddHours(12)));
        Assert.Equal(default, ledger.Today("zone-3", Noon));
    }

    [Fact]
    public async Task A_restart_forgets_nothing_of_the_day()
    {
        InMemoryJournal store = Store();
        await new WaterLedger(store).AddAsync("zone-1", 6.25, 75.5, automatic: true, Noon, CancellationToken.None);

        Assert.Equal(new WaterUsed(75.5, 6.25), new WaterLedger(store).Today("zone-1", Noon));
    }

    [Fact]
    public async Task What_was_refused_is_taken_back_and_never_below_nothing()
    {
        var ledger = new WaterLedger(Store());
        await ledger.AddAsync("zone-1", 6, 72, automatic: true, Noon, CancellationToken.None);
        await ledger.TakeBackAsync("zone-1", 6, 72, automatic: true, Noon, CancellationToken.None);
        await ledger.TakeBackAsync("zone-1", 6, 72, automatic: true, Noon, CancellationToken.None);

        Assert.Equal(default, ledger.Today("zone-1", Noon));
    }

    [Fact]
    public async Task A_store_that_takes_nothing_is_told_to_whoever_wants_to_water()
    {
        var ledger = new WaterLedger(new FullStore());

        await Assert.ThrowsAsync<EdgeException>(() => ledger.AddAsync("zone-1", 6, 72, automatic: true, Noon, CancellationToken.None));
        Assert.Equal(72, ledger.Today("zone-1", Noon).Litres);
    }

    [Fact]
    public async Task It_keeps_no_more_zones_than_there_can_be_goals()
    {
        InMemoryJournal store = Store();
        var ledger = new WaterLedger(store);
        for (int day = 0; day <= GoalsFile.MaxGoals; day++) await ledger.AddAsync($"zone-{day}", 1, 12, automatic: true, Noon.AddDays(day), CancellationToken.None);

        Assert.Equal(default, ledger.Today("zone-0", Noon));
        Assert.Equal(12, ledger.Today($"zone-{GoalsFile.MaxGoals}", Noon.AddDays(GoalsFile.MaxGoals)).Litres);
    }

    private static InMemoryJournal Store() => new(new ManualTime());

    private sealed class FullStore : ISettingsStore
    {
        public string? Get(string key) => "torn line\nzone-1\tnot a day\t1\t2";

        public Task SetAsync(string key, string value, CancellationToken cancellationToken) =>
            throw new EdgeException(GateCodes.JournalUnavailable, "Could not keep it.", "The disk is full.", "Make room.", FailureClass.Storage);
    }
}
