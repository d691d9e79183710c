using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Agent.Node;

public class NodeClockTests
{
    [Fact]
    [Trait("spec", "X-37")]
    public void The_clock_never_starts_below_the_newest_time_the_node_has_journaled()
    {
        var system = new ManualTime();
        var clock = new NodeClock(system);
        DateTimeOffset floor = system.GetUtcNow() + TimeSpan.FromDays(3);

        bool lifted = clock.RaiseTo(floor);

        Assert.True(lifted);
        Assert.Equal(floor, clock.GetUtcNow());
        Assert.False(clock.RaiseTo(floor - TimeSpan.FromDays(1)));
        Assert.Equal(floor, clock.GetUtcNow());
    }

    [Fact]
    public void Setting_the_wall_clock_leaves_timestamps_and_timers_alone()
    {
        var system = new ManualTime();
        var clock = new NodeClock(system);
        long before = clock.GetTimestamp();
        int fired = 0;
        using ITimer timer = clock.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);

        clock.SetOffset(TimeSpan.FromDays(-400));
        long after = clock.GetTimestamp();
        system.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(before, after);
        Assert.Equal(1, fired);
        Assert.Equal(system.GetUtcNow() - TimeSpan.FromDays(400), clock.GetUtcNow());
    }
}
