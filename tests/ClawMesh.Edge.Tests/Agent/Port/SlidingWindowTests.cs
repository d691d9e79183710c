using ClawMesh.Edge.Agent.Port;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Agent.Port;

public class SlidingWindowTests
{
    [Fact]
    public void No_window_of_a_minute_ever_holds_more_than_the_limit()
    {
        var time = new ManualTime();
        var window = new SlidingWindow(60, TimeSpan.FromMinutes(1), time);
        var taken = new List<TimeSpan>();
        var elapsed = TimeSpan.Zero;

        for (int i = 0; i < 2000; i++)
        {
            if (window.TryTake()) taken.Add(elapsed);
            TimeSpan step = TimeSpan.FromMilliseconds(i % 7 * 50);
            time.Advance(step);
            elapsed += step;
        }

        Assert.NotEmpty(taken);
        Assert.All(taken, start => Assert.True(taken.Count(t => t >= start && t < start + TimeSpan.FromSeconds(59.9)) <= 60));
    }
}
