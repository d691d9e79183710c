using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Trust.Limits;
using FsCheck;
using FsCheck.Fluent;

namespace ClawMesh.Edge.Tests.Trust.Limits;

public class LimitBookTests
{
    private readonly ManualTime _time = new();
    private readonly LimitBook _book;

    public LimitBookTests() => _book = new LimitBook(_time);

    private long Now => _time.GetTimestamp();

    [Fact]
    public void An_output_that_was_never_on_has_no_past()
    {
        Assert.Equal(TimeSpan.Zero, _book.OnTimeInWindow(Now));
        Assert.Null(_book.RestedFor(Now));
        Assert.Equal(0, _book.StartsWithin(TimeSpan.FromMinutes(1), Now));
    }

    [Fact]
    public void An_activation_leaves_the_sliding_hour_bit_by_bit()
    {
        RunFor(TimeSpan.FromMinutes(10));

        Assert.Equal(10, _book.OnTimeInWindow(Now).TotalMinutes, 3);
        _time.Advance(TimeSpan.FromMinutes(50));
        Assert.Equal(10, _book.OnTimeInWindow(Now).TotalMinutes, 3);
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(6, _book.OnTimeInWindow(Now).TotalMinutes, 3);
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(0, _book.OnTimeInWindow(Now).TotalMinutes, 3);
    }

    [Fact]
    public void The_present_activation_counts_from_its_first_start_on()
    {
        _book.Started(Now);
        _time.Advance(TimeSpan.FromMinutes(3));
        _book.Started(Now);
        _time.Advance(TimeSpan.FromMinutes(3));

        Assert.Equal(6, _book.OnTimeInWindow(Now).TotalMinutes, 3);
        Assert.Equal(0, _book.StartsWithin(TimeSpan.FromMinutes(1), Now));
        Assert.Equal(1, _book.StartsWithin(TimeSpan.FromMinutes(7), Now));
    }

    [Fact]
    public void Ending_twice_is_ending_once()
    {
        RunFor(TimeSpan.FromMinutes(1));
        _time.Advance(TimeSpan.FromMinutes(1));
        _book.Ended(Now);

        Assert.Equal(60, _book.RestedFor(Now)!.Value.TotalSeconds, 3);
        Assert.Equal(1, _book.OnTimeInWindow(Now).TotalMinutes, 3);
    }

    [Fact]
    public void Rest_is_remembered_longer_than_the_hour()
    {
        RunFor(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromHours(30));

        Assert.Equal(30, _book.RestedFor(Now)!.Value.TotalHours, 3);
    }

    [Fact]
    public void A_step_of_the_wall_clock_changes_nothing_that_was_counted()
    {
        RunFor(TimeSpan.FromMinutes(5));
        _time.StepWallClock(TimeSpan.FromDays(-3));
        _time.Advance(TimeSpan.FromMinutes(1));
        _time.StepWallClock(TimeSpan.FromDays(30));

        Assert.Equal(5, _book.OnTimeInWindow(Now).TotalMinutes, 3);
        Assert.Equal(1, _book.RestedFor(Now)!.Value.TotalMinutes, 3);
    }

    [Fact]
    public void Activations_of_an_earlier_life_count_by_their_age()
    {
        DateTimeOffset wall = _time.GetUtcNow();
        _book.Restore([Past(wall, 50, 40), Past(wall, 20, 15)]);

        Assert.Equal(15, _book.OnTimeInWindow(Now).TotalMinutes, 3);
        Assert.Equal(15, _book.RestedFor(Now)!.Value.TotalMinutes, 3);
        Assert.Equal(1, _book.StartsWithin(TimeSpan.FromMinutes(30), Now));
    }

    [Fact]
    public void A_lease_that_was_prolonged_in_an_earlier_life_counts_once()
    {
        // The journal knows one activation per permit, all with the same end; their times used to be added up.
        DateTimeOffset wall = _time.GetUtcNow();
        _book.Restore([Past(wall, 30, 10), Past(wall, 25, 10), Past(wall, 12, 10), Past(wall, 5, 4)]);

        Assert.Equal(21, _book.OnTimeInWindow(Now).TotalMinutes, 3);
        Assert.Equal(2, _book.StartsWithin(TimeSpan.FromMinutes(59), Now));
        Assert.Equal(4, _book.RestedFor(Now)!.Value.TotalMinutes, 3);
    }

    [Fact]
    public void A_start_without_an_end_counts_as_on_until_now()
    {
        DateTimeOffset wall = _time.GetUtcNow();
        _book.Restore([new PastActivation("actuator:valve:V1", wall - TimeSpan.FromMinutes(7), null)]);

        Assert.Equal(7, _book.OnTimeInWindow(Now).TotalMinutes, 3);
        Assert.Equal(TimeSpan.Zero, _book.RestedFor(Now));
    }

    [Fact]
    public void A_clock_that_starts_from_nothing_does_not_wipe_out_the_duty_of_the_earlier_life()
    {
        // Used to count as zero minutes: on a board without a battery each power cut renewed the whole duty.
        DateTimeOffset wall = _time.GetUtcNow();
        _time.StepWallClock(TimeSpan.FromDays(-100));
        _book.Restore([Past(wall, 40, 10)]);

        Assert.Equal(30, _book.OnTimeInWindow(Now).TotalMinutes, 3);
        Assert.Equal(TimeSpan.Zero, _book.RestedFor(Now));
    }

    [Fact]
    public void Rest_counts_from_the_latest_end_even_when_older_activations_are_learnt_of_later()
    {
        // Used to count from whatever was remembered last, which let minOff be skipped.
        RunFor(TimeSpan.FromSeconds(10));
        DateTimeOffset wall = _time.GetUtcNow();
        _book.Restore([Past(wall, 50, 40)]);

        Assert.Equal(TimeSpan.Zero, _book.RestedFor(Now));
    }

    [Fact]
    public void A_storm_of_starts_stays_bounded_and_never_understates_the_time_on()
    {
        for (int i = 0; i < 3000; i++)
        {
            RunFor(TimeSpan.FromMilliseconds(500));
            _time.Advance(TimeSpan.FromMilliseconds(500));
        }

        Assert.InRange(_book.OnTimeInWindow(Now).TotalMinutes, 25, 60);
        Assert.InRange(_book.StartsWithin(TimeSpan.FromMinutes(1), Now), 59, 60);
    }

    [Fact]
    public void On_time_never_falls_short_of_a_plain_sum_over_all_activations()
    {
        Gen<(int On, int Off)[]> days = Gen.Choose(1, 900).Zip(Gen.Choose(1, 1800)).Select(p => (p.Item1, p.Item2)).ArrayOf();

        ForAll.Cases(days, 300, day =>
        {
            var time = new ManualTime();
            var book = new LimitBook(time);
            var all = new List<(TimeSpan Start, TimeSpan End)>();
            TimeSpan at = TimeSpan.Zero;
            foreach ((int on, int off) in day)
            {
                book.Started(time.GetTimestamp());
                time.Advance(TimeSpan.FromSeconds(on));
                book.Ended(time.GetTimestamp());
                all.Add((at, at += TimeSpan.FromSeconds(on)));
                time.Advance(TimeSpan.FromSeconds(off));
                at += TimeSpan.FromSeconds(off);
            }

            TimeSpan from = at - TimeSpan.FromHours(1);
            double expected = all.Sum(a => Math.Max(0, (a.End - (a.Start > from ? a.Start : from)).TotalSeconds));
            Assert.Equal(expected, book.OnTimeInWindow(time.GetTimestamp()).TotalSeconds, 1);
        });
    }

    [Fact]
    public void Counting_allocates_nothing()
    {
        _book.Started(Now);
        _book.Ended(Now);
        long before = GC.GetAllocatedBytesForCurrentThread();

        for (int i = 0; i < 2000; i++)
        {
            _book.Started(i);
            _book.Ended(i + 1);
            _book.OnTimeInWindow(i);
            _book.StartsWithin(TimeSpan.FromMinutes(1), i);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static PastActivation Past(DateTimeOffset wall, double startMinutesAgo, double endMinutesAgo) =>
        new("actuator:valve:V1", wall - TimeSpan.FromMinutes(startMinutesAgo), wall - TimeSpan.FromMinutes(endMinutesAgo));

    private void RunFor(TimeSpan on)
    {
        _book.Started(Now);
        _time.Advance(on);
        _book.Ended(Now);
    }
}
