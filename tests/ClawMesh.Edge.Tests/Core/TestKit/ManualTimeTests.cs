using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Core.TestKit;

/// <summary>The clock all other tests stand on.</summary>
public class ManualTimeTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void Time_stands_still_until_it_is_told_to_move()
    {
        (long timestamp, DateTimeOffset wall) = (_time.GetTimestamp(), _time.GetUtcNow());

        Assert.Equal((timestamp, wall), (_time.GetTimestamp(), _time.GetUtcNow()));
    }

    [Fact]
    public void Advancing_moves_both_clocks_alike()
    {
        (long timestamp, DateTimeOffset wall) = (_time.GetTimestamp(), _time.GetUtcNow());

        _time.Advance(TimeSpan.FromMinutes(3));

        Assert.Equal(180, _time.GetElapsedTime(timestamp).TotalSeconds, 5);
        Assert.Equal(TimeSpan.FromMinutes(3), _time.GetUtcNow() - wall);
    }

    [Fact]
    public void A_step_moves_the_wall_clock_alone()
    {
        (long timestamp, DateTimeOffset wall) = (_time.GetTimestamp(), _time.GetUtcNow());

        _time.StepWallClock(TimeSpan.FromDays(-2));

        Assert.Equal(timestamp, _time.GetTimestamp());
        Assert.Equal(TimeSpan.FromDays(-2), _time.GetUtcNow() - wall);
    }

    [Fact]
    public void The_clock_does_not_run_backwards() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.Advance(TimeSpan.FromTicks(-1)));

    [Fact]
    public void A_timestamp_is_neither_a_tick_nor_a_millisecond()
    {
        Assert.NotEqual(0, TimeSpan.TicksPerSecond % _time.TimestampFrequency);
        Assert.NotEqual(0, _time.TimestampFrequency % 1000);
    }

    [Fact]
    public void Timers_fire_in_due_order_and_see_the_time_they_were_due()
    {
        var fired = new List<(string, double)>();
        long start = _time.GetTimestamp();
        void At(string name, double seconds) => _time.CreateTimer(_ => fired.Add((name, Math.Round(_time.GetElapsedTime(start).TotalSeconds, 3))), null, TimeSpan.FromSeconds(seconds), Timeout.InfiniteTimeSpan);
        At("third", 3);
        At("first", 1);
        At("never", 11);
        At("second", 2);

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal([("first", 1.0), ("second", 2.0), ("third", 3.0)], fired);
    }

    [Fact]
    public void A_period_fires_once_for_each_time_it_was_due_and_a_disposed_timer_no_more()
    {
        int fired = 0;
        ITimer timer = _time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));

        _time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(4, fired);

        timer.Dispose();
        _time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(4, fired);
    }

    [Fact]
    public void A_timer_can_be_changed_and_silenced()
    {
        int fired = 0;
        ITimer timer = _time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);

        timer.Change(TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(0, fired);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, fired);

        timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, fired);
    }

    [Fact]
    public void A_timer_due_at_once_fires_at_once()
    {
        int fired = 0;

        _time.CreateTimer(_ => fired++, null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);

        Assert.Equal(1, fired);
    }

    [Fact]
    public void A_callback_may_arm_another_timer_that_is_due_within_the_same_advance()
    {
        bool fired = false;
        _time.CreateTimer(_ => _time.CreateTimer(_ => fired = true, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.True(fired);
    }

    [Fact]
    public async Task Delays_and_timeouts_of_the_framework_obey_the_clock()
    {
        Task delay = Task.Delay(TimeSpan.FromSeconds(30), _time, TestContext.Current.CancellationToken);
        Task limited = new TaskCompletionSource().Task.WaitAsync(TimeSpan.FromSeconds(10), _time, TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromSeconds(29.9));
        Assert.False(delay.IsCompleted);
        await Assert.ThrowsAsync<TimeoutException>(() => limited);

        _time.Advance(TimeSpan.FromSeconds(0.1));
        await delay;
    }
}
