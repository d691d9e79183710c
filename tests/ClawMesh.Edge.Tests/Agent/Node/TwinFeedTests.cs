using System.Text.Json.Nodes;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Mesh;
using ClawMesh.Edge.Tests.Mesh.Gossip;
using ClawMesh.Edge.World.Twin;

namespace ClawMesh.Edge.Tests.Agent.Node;

public class TwinFeedTests
{
    private readonly ManualTime _time = new();
    private readonly WorldStore _store;
    private readonly TwinWriter _twin;
    private readonly EventLog _events;
    private Action _look = () => { };

    public TwinFeedTests()
    {
        _store = new WorldStore(Ids.A, _time);
        _twin = new TwinWriter(Ids.A, _time, WorldClock.OfRealSite(_time, TimeSpan.Zero));
        _events = new EventLog(_time);
    }

    [Fact]
    public async Task What_the_mesh_hears_is_in_the_twin_a_tenth_of_a_second_later()
    {
        using var stop = new CancellationTokenSource();
        Task running = Feed().RunAsync(stop.Token);
        await TimerAsync();
        Hear("zone-1", 21);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await UntilAsync(() => _twin.Current.Find("zone:zone-1", "moisture") is { Value: 21 });

        Hear("zone-1", 22);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await UntilAsync(() => _twin.Current.Find("zone:zone-1", "moisture") is { Value: 22 });
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public void In_a_flood_every_key_still_has_its_newest_value_after_the_next_look()
    {
        TwinFeed feed = Feed();
        for (int i = 0; i < 3_000; i++) Hear($"zone-{i % 200}", i);
        // Never repeated, and long gone from what one round looks at.
        feed.Follow();
        Hear("quiet", 5);
        for (int i = 0; i < 3_000; i++) Hear($"zone-{i % 200}", 10_000 + i);
        feed.Follow();
        Assert.Null(_twin.Current.Find("zone:quiet", "moisture"));

        feed.Look();

        Assert.Equal(5, _twin.Current.Find("zone:quiet", "moisture")!.Value);
        Assert.Equal(12_999, _twin.Current.Find("zone:zone-199", "moisture")!.Value);
    }

    [Fact]
    public async Task A_bug_in_what_looks_at_the_picture_ends_nothing_and_is_said()
    {
        _look = () => throw new InvalidOperationException("oops");
        using var stop = new CancellationTokenSource();
        Task running = Feed().RunAsync(stop.Token);
        await TimerAsync();
        for (int round = 1; round <= 3; round++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            Hear("zone-1", round);
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await UntilAsync(() => _twin.Current.Find("zone:zone-1", "moisture") is { } m && m.Value == round);
        }

        Assert.Contains(_events.Newest(10), e => e.Subject == "twin" && e.Message.Contains("oops", StringComparison.Ordinal));
        Assert.False(running.IsCompleted);
        await stop.CancelAsync();
        await running;
    }

    private TwinFeed Feed() => new(_twin, _store, Ids.A, () => _look(), _events, _time);

    private void Hear(string zone, double value) => _store.Ingest(Frames.Frame(Frames.Good(
        timestamp: _time.GetUtcNow().ToUnixTimeMilliseconds(), zone: zone, id: $"{value:000000}", data: new JsonObject { ["zone"] = zone, ["metric"] = "moisture", ["value"] = value, ["unit"] = "%" })));

    private Task TimerAsync() => UntilAsync(() => _time.UntilNextTimer is not null);

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (int tries = 0; !holds(); tries++)
        {
            Assert.True(tries < 1_000_000, "it did not come");
            await Task.Yield();
        }
    }
}
