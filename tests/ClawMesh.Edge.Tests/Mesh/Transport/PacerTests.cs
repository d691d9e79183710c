using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Transport;

public class PacerTests
{
    private readonly ManualTime _time = new();
    private readonly Pacer _pacer;

    public PacerTests()
    {
        _pacer = new Pacer(_time);
        _pacer.SetPace(Pace.Classic);
    }

    [Fact]
    [Trait("spec", "X-73")]
    [Trait("spec", "W-153")]
    public void Bulk_gets_65_of_the_window_then_control_15_then_safety_10()
    {
        Assert.Equal(65, SendWhilePossible(MessageClass.Bulk));
        Assert.Equal(15, SendWhilePossible(MessageClass.Control));
        Assert.Equal(10, SendWhilePossible(MessageClass.Safety));
        Assert.Equal(90, _pacer.InWindow);
    }

    [Fact]
    [Trait("spec", "X-73")]
    public void A_higher_class_may_use_all_lower_capacity()
    {
        Assert.Equal(90, SendWhilePossible(MessageClass.Safety));
        Assert.Equal(0, SendWhilePossible(MessageClass.Control));
        Assert.Equal(0, SendWhilePossible(MessageClass.Bulk));
    }

    [Fact]
    [Trait("spec", "X-72")]
    public void The_wait_it_tells_is_enough_and_not_a_moment_too_long()
    {
        for (int i = 0; i < 90; i++)
        {
            Assert.True(_pacer.TrySend(MessageClass.Safety, out _));
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        foreach (MessageClass messageClass in new[] { MessageClass.Safety, MessageClass.Control, MessageClass.Bulk })
        {
            Assert.False(_pacer.TrySend(messageClass, out TimeSpan wait));
            _time.Advance(wait - TimeSpan.FromMilliseconds(2));
            Assert.False(_pacer.TrySend(messageClass, out _));
            _time.Advance(TimeSpan.FromMilliseconds(2));
            Assert.True(_pacer.TrySend(messageClass, out wait));
            Assert.Equal(TimeSpan.Zero, wait);
        }
    }

    [Fact]
    [Trait("spec", "W-152")]
    public void After_exactly_a_minute_a_message_still_counts()
    {
        Assert.Equal(90, SendWhilePossible(MessageClass.Safety));

        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(0, SendWhilePossible(MessageClass.Safety));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(90, SendWhilePossible(MessageClass.Safety));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [Trait("spec", "W-152")]
    public void No_window_of_a_minute_ends_included_ever_holds_more_than_90(int seed)
    {
        var random = new Random(seed);
        var sent = new List<TimeSpan>();
        TimeSpan now = TimeSpan.Zero;

        for (int i = 0; i < 20_000; i++)
        {
            if (_pacer.TrySend((MessageClass)random.Next(3), out TimeSpan wait)) sent.Add(now);
            TimeSpan step = random.Next(10) switch { 0 => wait > TimeSpan.Zero ? wait : TimeSpan.Zero, 1 => TimeSpan.FromSeconds(random.Next(5)), _ => TimeSpan.FromMilliseconds(random.Next(200)) };
            _time.Advance(step);
            now += step;
        }

        Assert.True(sent.Count > 1_000, $"seed {seed}: only {sent.Count} sent");
        Assert.True(Windows.Fullest(sent) <= 90, $"seed {seed}");
    }

    [Fact]
    public void An_unpaced_link_waits_for_nothing_and_is_still_remembered()
    {
        _pacer.SetPace(null);
        for (int i = 0; i < 5_000; i++) Assert.True(_pacer.TrySend(MessageClass.Bulk, out _));
        Assert.Equal(90, _pacer.InWindow);

        _pacer.SetPace(Pace.Classic);

        Assert.False(_pacer.TrySend(MessageClass.Safety, out TimeSpan wait));
        Assert.InRange(wait.TotalSeconds, 60, 60.01);
    }

    [Theory]
    [Trait("spec", "X-72")]
    [InlineData(90, 65, 15, 10)]
    [InlineData(45, 32, 8, 5)]
    [InlineData(10, 6, 2, 2)]
    public void A_slower_pace_keeps_its_shares(int perMinute, int bulk, int control, int safety)
    {
        _pacer.SetPace(Pace.ClassicOf(perMinute));

        Assert.Equal(bulk, SendWhilePossible(MessageClass.Bulk));
        Assert.Equal(control, SendWhilePossible(MessageClass.Control));
        Assert.Equal(safety, SendWhilePossible(MessageClass.Safety));
    }

    [Theory]
    [Trait("spec", "X-72")]
    [InlineData(9)]
    [InlineData(91)]
    public void No_pace_is_faster_than_what_a_classic_acceptor_takes(int perMinute) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Pace.ClassicOf(perMinute));

    [Fact]
    [Trait("spec", "X-72")]
    public void A_change_of_pace_forgets_nothing_that_matters()
    {
        Assert.Equal(65, SendWhilePossible(MessageClass.Bulk));

        _pacer.SetPace(Pace.Edge);
        Assert.Equal(5_975 - 65, SendWhilePossible(MessageClass.Bulk));
        Assert.Equal(5_975, _pacer.InWindow);

        _pacer.SetPace(Pace.Classic);
        Assert.Equal(0, SendWhilePossible(MessageClass.Safety));
        _time.Advance(TimeSpan.FromSeconds(60.001));
        Assert.Equal(90, SendWhilePossible(MessageClass.Safety));
    }

    [Fact]
    public void A_class_the_reserves_leave_nothing_waits_for_ever()
    {
        _pacer.SetPace(new Pace(20, 10, 15));

        Assert.False(_pacer.TrySend(MessageClass.Bulk, out TimeSpan wait));

        Assert.Equal(Timeout.InfiniteTimeSpan, wait);
        Assert.Equal(10, SendWhilePossible(MessageClass.Control));
    }

    [Fact]
    public void A_pace_of_nothing_or_without_end_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _pacer.SetPace(new Pace(0, 0, 0)));
        Assert.Throws<ArgumentOutOfRangeException>(() => _pacer.SetPace(new Pace(Pace.MaxPerMinute + 1, 0, 0)));
        Assert.Throws<ArgumentOutOfRangeException>(() => _pacer.SetPace(new Pace(90, -1, 0)));
    }

    private int SendWhilePossible(MessageClass messageClass)
    {
        int sent = 0;
        while (_pacer.TrySend(messageClass, out _)) sent++;
        return sent;
    }
}
