using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Journal;
using static ClawMesh.Edge.Tests.Journal.ArchiveFrames;

namespace ClawMesh.Edge.Tests.Journal;

/// <summary>What goes when there is too much, in the order of docs/retention.md.</summary>
public sealed class RetentionTests : IDisposable
{
    private readonly JournalBench _bench = new();

    [Fact]
    [Trait("spec", "X-32")]
    [Trait("spec", "X-77")]
    public async Task Ages_are_a_day_without_a_signature_a_week_with_one_and_90_days_for_safety()
    {
        Write(
            Classic(A, 1), Signed(A, 1), Signed(A, 2, frameClass: FrameClass.Control), Signed(A, 3, frameClass: FrameClass.Safety),
            Classic(A, 2, frameClass: FrameClass.Safety));

        Assert.Equal(5, await After(TimeSpan.FromHours(24) - TimeSpan.FromMinutes(1), 5));
        Assert.Equal(4, await After(TimeSpan.FromMinutes(2), 4));
        Assert.Equal(4, await After(TimeSpan.FromDays(6) - TimeSpan.FromMinutes(5), 4));
        Assert.Equal(2, await After(TimeSpan.FromMinutes(10), 2));
        Assert.Equal(2, await After(TimeSpan.FromDays(83) - TimeSpan.FromMinutes(10), 2));
        Assert.Equal(0, await After(TimeSpan.FromMinutes(10), 0));
    }

    [Fact]
    public async Task A_clock_that_rests_on_nothing_makes_nothing_old()
    {
        Write(Classic(A, 1));
        _bench.Time.Advance(TimeSpan.FromDays(1000));
        _bench.ClockClass = ClockClass.Unsynchronised;
        using ActuationJournal journal = _bench.Open();
        journal.Frames.Append(Signed(B, 1));
        await _bench.Tick(() => journal.Frames.Counters.Appended == 1);
        Assert.Equal(2, journal.Frames.Counters.Stored);

        _bench.ClockClass = ClockClass.Rtc;
        journal.Frames.Append(Signed(B, 2, at: _bench.Time.GetUtcNow().ToUnixTimeMilliseconds()));
        await _bench.Tick(() => journal.Frames.Counters.Appended == 2);
        Assert.Equal(2, journal.Frames.Counters.Pruned);
    }

    [Fact]
    [Trait("spec", "X-32")]
    public void The_origin_with_the_most_gives_first_so_that_nobody_is_pushed_out()
    {
        _bench.Options = JournalOptions.Default with { MaxFrames = 100 };
        var frames = new List<ArchivedFrame>();
        for (int i = 1; i <= 20; i++) frames.Add(Signed(B, i));
        for (int i = 1; i <= 400; i++) frames.Add(Signed(A, i));
        Write([.. frames]);

        Assert.Equal(20L, Count("source LIKE 'b%'"));
        Assert.Equal(80L, Count("source LIKE 'a%'"));
        Assert.Equal(321L, _bench.Scalar("SELECT min(seq) FROM frames WHERE source LIKE 'a%'"));
    }

    [Fact]
    [Trait("spec", "X-77")]
    public void Bulk_goes_before_control_and_safety_stays()
    {
        _bench.Options = JournalOptions.Default with { MaxFrames = 100 };
        var frames = new List<ArchivedFrame>();
        for (int i = 1; i <= 120; i++) frames.Add(Signed(A, i, frameClass: i <= 30 ? FrameClass.Safety : i <= 70 ? FrameClass.Control : FrameClass.Bulk));
        Write([.. frames]);
        Assert.Equal((30L, 40L, 30L), (Count("shelf = 5"), Count("shelf = 4"), Count("shelf = 3")));
        Assert.Equal(91L, _bench.Scalar("SELECT min(seq) FROM frames WHERE shelf = 3"));

        Write([.. Enumerable.Range(121, 40).Select(i => Signed(A, i, frameClass: FrameClass.Control))]);
        Assert.Equal((30L, 70L, 0L), (Count("shelf = 5"), Count("shelf = 4"), Count("shelf = 3")));
        Assert.Equal(41L, _bench.Scalar("SELECT min(seq) FROM frames WHERE shelf = 4"));
    }

    [Fact]
    [Trait("spec", "X-77")]
    public void Safety_frames_have_half_of_the_store_and_no_more()
    {
        _bench.Options = JournalOptions.Default with { MaxFrames = 100 };
        Write([.. Enumerable.Range(1, 60).Select(i => Signed(B, i)), .. Enumerable.Range(1, 5).Select(i => Signed(B, 100 + i, frameClass: FrameClass.Safety))]);
        Write([.. Enumerable.Range(1, 300).Select(i => Signed(A, i, frameClass: FrameClass.Safety))]);

        Assert.Equal((50L, 50L), (Count("shelf = 5"), Count("shelf = 3")));
        Assert.Equal(5L, Count("shelf = 5 AND source LIKE 'b%'"));
    }

    [Fact]
    [Trait("spec", "X-32")]
    public void Unsigned_frames_have_their_own_bounds_and_push_out_nothing_signed()
    {
        _bench.Options = JournalOptions.Default with { MaxFrames = 100, MaxClassicFrames = 20 };
        Write([.. Enumerable.Range(1, 100).Select(i => Signed(A, i))]);
        Write([.. Enumerable.Range(1, 300).Select(i => Classic($"{i % 60:x64}", i))]);
        Write([.. Enumerable.Range(1, 300).Select(i => Classic(A, i, frameClass: FrameClass.Safety))]);

        Assert.Equal(100L, Count("epoch IS NOT NULL"));
        Assert.Equal(20L, Count("epoch IS NULL"));
    }

    [Fact]
    [Trait("spec", "X-77")]
    public void Bytes_are_bounded_and_long_unsigned_frames_have_a_quarter_of_them()
    {
        _bench.Options = JournalOptions.Default with { MaxFrameBytes = 1 << 20 };
        Write([.. Enumerable.Range(1, 10).Select(i => Signed(B, i, size: 10_000))]);
        Write([.. Enumerable.Range(1, 100).Select(i => Classic(A, i, size: 20_000))]);
        Write([.. Enumerable.Range(1, 200).Select(i => Signed(A, i, size: 20_000))]);

        Assert.Equal(10L, Count("source LIKE 'b%'"));
        Assert.InRange((long)_bench.Scalar("SELECT sum(bytes) FROM frames WHERE epoch IS NULL")!, 200_000, 1 << 18);
        Assert.InRange((long)_bench.Scalar("SELECT sum(bytes) FROM frames")!, (1 << 20) - 30_000, 1 << 20);
    }

    [Fact]
    public async Task A_bound_made_smaller_is_reached_in_slices()
    {
        Write([.. Enumerable.Range(1, 4000).Select(i => Signed(A, i))]);
        _bench.Options = JournalOptions.Default with { MaxFrames = 100 };
        using ActuationJournal journal = _bench.Open();
        Assert.Equal(4000, journal.Frames.Counters.Stored);

        await _bench.Tick(() => journal.Frames.Counters.Stored == 100);

        Assert.Equal(3900, journal.Frames.Counters.Pruned);
        Assert.Equal([3999L, 4000], journal.Frames.Newest(2).Numbers());
    }

    [Fact]
    public void Sums_that_somebody_changed_do_not_hold_up_the_writer()
    {
        Write(Signed(A, 1), Signed(B, 1));
        _bench.ChangeFile("UPDATE frame_groups SET stored = 5000 WHERE source LIKE 'a%'; INSERT INTO frame_groups VALUES ('nobody', 3, 0, 100000000)");
        _bench.Options = JournalOptions.Default with { MaxFrames = 10 };

        Write(Signed(B, 2));

        Assert.Equal(2L, _bench.Scalar("SELECT count(*) FROM frames"));
        _bench.ChangeFile("DELETE FROM frame_groups WHERE stored = 0");
    }

    public void Dispose()
    {
        Assert.Equal(
            0L,
            _bench.Scalar("SELECT count(*) FROM (SELECT source, shelf, count(*), sum(length(CAST(json AS BLOB))) FROM frames GROUP BY source, shelf EXCEPT SELECT source, shelf, stored, bytes FROM frame_groups)"));
        _bench.Dispose();
    }

    private long Count(string where) => (long)_bench.Scalar($"SELECT count(*) FROM frames WHERE {where}")!;

    private void Write(params ReadOnlySpan<ArchivedFrame> frames)
    {
        using ActuationJournal journal = _bench.Open();
        foreach (ArchivedFrame frame in frames) journal.Frames.Append(frame);
    }

    private async Task<long> After(TimeSpan time, long expected)
    {
        _bench.Time.Advance(time);
        using ActuationJournal journal = _bench.Open();

        // The first tick of a life looks at ages.
        long before = journal.Frames.Counters.Stored;
        await _bench.Tick(() => journal.Frames.Counters.Stored == expected);
        Assert.Equal(before - expected, journal.Frames.Counters.Pruned);
        return Count("source LIKE 'a%'");
    }
}
