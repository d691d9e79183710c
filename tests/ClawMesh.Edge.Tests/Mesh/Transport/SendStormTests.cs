using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Transport;

/// <summary>Conformance check XC19: 1,000 observations a second and 20 alarms on a classic link.</summary>
public class SendStormTests
{
    private const int Seconds = 200;
    private const int Alarms = 20;

    [Theory]
    [InlineData(11, 40, true)]
    [InlineData(12, 1, true)]
    [InlineData(13, 500, true)]
    [InlineData(14, 2_000, true)]
    [InlineData(15, 120, false)]
    [InlineData(16, 7, false)]
    [Trait("spec", "W-152")]
    [Trait("spec", "W-153")]
    [Trait("spec", "X-72")]
    [Trait("spec", "X-73")]
    [Trait("spec", "X-76")]
    [Trait("spec", "W-79")]
    public void In_a_storm_the_window_holds_alarms_leave_at_once_and_the_counters_add_up(int seed, int keys, bool alarmsTogether)
    {
        var random = new Random(seed);
        var time = new ManualTime();
        var queue = new SendQueue(time, SendLimits.Default, Pace.Classic);
        var sent = new List<TimeSpan>();
        var lastOfKey = new Dictionary<string, long>();
        var alarmAt = new Dictionary<long, TimeSpan>();
        var alarmMoments = new HashSet<int>();
        int burst = random.Next(61_000, 140_000);
        while (alarmMoments.Count < Alarms) alarmMoments.Add(alarmsTogether ? burst + alarmMoments.Count : random.Next(1, Seconds * 1_000 - 1_000));
        long added = 0;
        TimeSpan slowest = TimeSpan.Zero;

        for (int millisecond = 0; millisecond < Seconds * 1_000; millisecond++)
        {
            TimeSpan now = TimeSpan.FromMilliseconds(millisecond);
            queue.TryAdd(Messages.Bulk(added++, $"zone\nmetric-{random.Next(keys)}"));
            if (alarmMoments.Contains(millisecond))
            {
                alarmAt.Add(added, now);
                Assert.True(queue.TryAdd(Messages.Safety(added++)));
            }

            if (millisecond % 15_000 == 7_000)
            {
                Assert.True(queue.TryAdd(Messages.Control(added++)));
            }

            while (queue.TryTake(out OutboundMessage? message, out _))
            {
                sent.Add(now);
                if (message.Key is { } key)
                {
                    Assert.True(lastOfKey.GetValueOrDefault(key, -1) < message.Number(), $"seed {seed}: {key} went back");
                    lastOfKey[key] = message.Number();
                }

                if (alarmAt.TryGetValue(message.Number(), out TimeSpan raised) && now - raised > slowest) slowest = now - raised;
            }

            SendCounters c = queue.Counters;
            Assert.Equal(added, c.Sent + c.Coalesced + c.Dropped + queue.Count);
            time.Advance(TimeSpan.FromMilliseconds(1));
        }

        SendCounters counters = queue.Counters;
        Assert.Equal(Alarms, counters.SentSafety);
        Assert.Equal(0, counters.DroppedSafety);
        Assert.True(slowest <= TimeSpan.FromSeconds(5), $"seed {seed}: an alarm waited {slowest}");
        Assert.Equal(sent.Count, counters.Sent);
        Assert.True(Windows.Fullest(sent) <= 90, $"seed {seed}");
        Assert.True(counters.SentBulk >= 160, $"seed {seed}: the budget lies idle, {counters.SentBulk} sent");
    }
}
