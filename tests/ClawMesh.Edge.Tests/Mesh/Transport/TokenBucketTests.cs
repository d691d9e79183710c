using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Transport;

public class TokenBucketTests
{
    private readonly ManualTime _time = new();

    [Fact]
    [Trait("spec", "W-154")]
    public void It_gives_its_burst_at_once_and_then_its_rate()
    {
        var bucket = new TokenBucket(_time, perSecond: 2_000, burst: 10_000);

        Assert.Equal(10_000, TakeAll(bucket));
        _time.Advance(TimeSpan.FromSeconds(1.0001));
        Assert.Equal(2_000, TakeAll(bucket));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(10_000, TakeAll(bucket));
    }

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    [Trait("spec", "W-154")]
    public void Over_any_time_it_gives_no_more_than_burst_and_rate_and_no_less_than_the_rate(int seed)
    {
        var random = new Random(seed);
        var bucket = new TokenBucket(_time, perSecond: 50, burst: 100);
        var given = new List<TimeSpan>();
        TimeSpan now = TimeSpan.Zero;

        while (now < TimeSpan.FromSeconds(60))
        {
            if (bucket.TryTake()) given.Add(now);
            TimeSpan step = TimeSpan.FromMilliseconds(random.Next(0, 5));
            _time.Advance(step);
            now += step;
        }

        Assert.InRange(given.Count, 50 * 60 + 98, 50 * 60 + 101);
        for (int first = 0; first < given.Count; first += 7)
        {
            for (int last = first; last < given.Count; last += 13)
            {
                Assert.True(last - first + 1 <= 100 + (given[last] - given[first]).TotalSeconds * 50 + 0.01, $"seed {seed}");
            }
        }
    }

    [Fact]
    [Trait("spec", "W-154")]
    public async Task Together_many_takers_get_what_one_would()
    {
        var bucket = new TokenBucket(_time, perSecond: 10, burst: 5_000);

        int[] taken = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => TakeAll(bucket), TestContext.Current.CancellationToken)));

        Assert.Equal(5_000, taken.Sum());
    }

    [Fact]
    public void A_bucket_that_could_never_give_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenBucket(_time, 0, 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenBucket(_time, 1, 0.5));
    }

    private static int TakeAll(TokenBucket bucket)
    {
        int taken = 0;
        while (bucket.TryTake()) taken++;
        return taken;
    }
}
