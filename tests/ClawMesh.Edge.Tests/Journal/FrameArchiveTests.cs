using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Journal;
using ClawMesh.Edge.Journal.Frames;
using static ClawMesh.Edge.Tests.Journal.ArchiveFrames;

namespace ClawMesh.Edge.Tests.Journal;

/// <summary>When frames become durable, who hears of it, and what a bad disk costs. The contract is tested in <see cref="FrameArchiveContract"/>.</summary>
public sealed class FrameArchiveTests : IDisposable
{
    private const int Plenty = 1 << 20;
    private readonly JournalBench _bench = new();

    [Fact]
    [Trait("spec", "X-77")]
    public async Task Frames_are_written_once_a_second()
    {
        using ActuationJournal journal = _bench.Open();
        for (int i = 1; i <= 1200; i++) journal.Frames.Append(Signed(A, i));
        Assert.Equal(0, journal.Frames.Counters.Appended);

        await _bench.Tick(() => journal.Frames.Counters.Appended == 1200);

        Assert.Equal(1200L, _bench.Scalar("SELECT count(*) FROM frames"));
        Assert.Equal(1200, journal.Frames.Counters.Stored);
    }

    [Fact]
    public void Frames_and_their_sums_survive_a_restart()
    {
        using (ActuationJournal journal = _bench.Open())
        {
            journal.Frames.Append(Signed(A, 1));
            journal.Frames.Append(Signed(A, 1));
            journal.Frames.Append(Classic(B, 1, size: 250));
        }

        using ActuationJournal again = _bench.Open();

        Assert.Equal(new FrameArchiveCounters(2, 350, 0, 0, 0), again.Frames.Counters);
        Assert.Equal(350L, _bench.Scalar("SELECT sum(length(CAST(json AS BLOB))) FROM frames"));
    }

    [Fact]
    [Trait("spec", "X-77")]
    public async Task A_frame_somebody_waits_for_is_written_at_once_and_before_the_others()
    {
        using ActuationJournal journal = _bench.Open();
        for (int i = 1; i <= 700; i++) journal.Frames.Append(Signed(A, i));
        var told = new Told();

        journal.Frames.Append(Signed(A, 701, frameClass: FrameClass.Safety), told.Hear);

        await told.Expect(true);
        Assert.Equal(1L, _bench.Scalar("SELECT count(*) FROM frames"));
        Assert.Equal(Enumerable.Range(1, 701).Select(i => (long)i), journal.Frames.Signed(A, Epoch, new SequenceRange(1, 800), 800, Plenty).Numbers());
        Assert.Equal("a-aa-701", Assert.Single(journal.Frames.Newest(1)).FrameId);
    }

    [Fact]
    public void Every_frame_is_found_while_the_writer_is_at_work()
    {
        using ActuationJournal journal = _bench.Open();
        for (int i = 1; i <= 3000; i++)
        {
            journal.Frames.Append(Signed(A, i));
            if (i % 100 != 0) continue;
            _bench.Time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(i, journal.Frames.Signed(A, Epoch, new SequenceRange(1, i), i + 1, Plenty).Count);
            Assert.Equal(i, journal.Frames.OwnAfter(A, 0, 0, i + 1).Count);
        }
    }

    [Fact]
    [Trait("spec", "X-24")]
    public async Task What_is_known_is_not_durable_before_the_frames_it_counts()
    {
        using ActuationJournal journal = _bench.Open();
        for (int i = 1; i <= 600; i++) journal.Frames.Append(Signed(A, i));
        journal.Frames.Remember(Known(A, 600));
        journal.Frames.Append(Signed(B, 1));
        var told = new Told();
        journal.Frames.Append(Signed(B, 2), told.Hear);
        await told.After(1);

        Assert.Equal((1L, 0L), (_bench.Scalar("SELECT count(*) FROM frames"), _bench.Scalar("SELECT count(*) FROM frame_knowledge")));
        Assert.Equal(600, Assert.Single(journal.Frames.Knowledge()).Highest);

        await _bench.Tick(() => journal.Frames.Counters.Appended == 602);
        await JournalBench.Until(() => _bench.Scalar("SELECT highest FROM frame_knowledge") is 600L);
    }

    [Fact]
    [Trait("spec", "X-81")]
    public async Task A_node_that_is_killed_keeps_what_it_said_was_durable()
    {
        using ActuationJournal journal = _bench.Open();
        var told = new Told();
        for (int i = 1; i <= 50; i++) journal.Frames.Append(Signed(A, i, frameClass: FrameClass.Safety), told.Hear);
        await told.After(50);
        for (int i = 51; i <= 60; i++) journal.Frames.Append(Signed(A, i));
        long told60 = journal.Frames.LastNumber;

        using JournalBench killed = _bench.Killed();
        using ActuationJournal survivor = killed.Open();

        Assert.Equal(JournalHealth.Ready, survivor.Health);
        Assert.Equal(50, survivor.Frames.Signed(A, Epoch, new SequenceRange(1, 99), 99, Plenty).Count);
        survivor.Frames.Append(Signed(A, 51));
        Assert.True(survivor.Frames.LastNumber > told60, "The places of lost frames, which peers may have been told, are not given again.");
    }

    [Fact]
    public async Task Without_a_database_who_waits_hears_so_at_once_and_the_frame_is_kept_for_later()
    {
        File.WriteAllText(_bench.Paths.Database, "no database, but long enough to be looked at");
        using ActuationJournal journal = _bench.Open();
        var told = new Told();
        journal.Frames.Append(Signed(A, 1, frameClass: FrameClass.Safety), told.Hear);
        journal.Frames.Remember(Known(A, 1));

        await told.Expect(false);
        Assert.Equal("a-aa-1", journal.Frames.Head(A)?.FrameId);
        Assert.Single(journal.Frames.Knowledge());

        File.Delete(_bench.Paths.Database);
        Assert.True(journal.TryReopen());
        await _bench.Tick(() => journal.Frames.Counters.Appended == 1);
        Assert.False(Assert.Single(told.All));
        Assert.Equal("a-aa-1", Assert.Single(journal.Frames.Newest(9)).FrameId);
    }

    [Fact]
    public async Task Frames_that_waited_for_an_old_database_get_places_behind_what_it_holds()
    {
        using (ActuationJournal first = _bench.Open()) first.Frames.Append(Signed(A, 1));
        string away = _bench.Paths.Database + ".away";
        File.Move(_bench.Paths.Database, away);
        File.WriteAllText(_bench.Paths.Database, "no database, but long enough to be looked at");
        using ActuationJournal journal = _bench.Open();
        journal.Frames.Append(Signed(A, 2));

        File.Move(away, _bench.Paths.Database, overwrite: true);
        Assert.True(journal.TryReopen());
        await _bench.Tick(() => journal.Frames.Counters.Appended == 1);

        Assert.Equal(["a-aa-1", "a-aa-2"], journal.Frames.Newest(9).Ids());
    }

    [Fact]
    public async Task A_full_disk_is_told_once_and_costs_nothing_when_there_is_room_in_time()
    {
        long pages = 1_000_000;
        _bench.Options = JournalOptions.Default with { MaxPageCount = () => pages };
        _bench.Open().Dispose();
        pages = 1;
        using ActuationJournal journal = _bench.Open();
        var told = new Told();
        journal.Frames.Append(Signed(A, 1, frameClass: FrameClass.Safety, size: 200_000), told.Hear);
        await told.Expect(false);
        await JournalBench.Until(() => journal.Health.State == JournalState.Unavailable);
        Assert.Equal(1, Assert.Single(journal.Frames.Newest(9)).Sequence);
        Assert.Equal(0, journal.Frames.Counters.Dropped);

        pages = 1_000_000;
        Assert.True(journal.TryReopen());
        await _bench.Tick(() => journal.Frames.Counters.Appended == 1);
        Assert.False(Assert.Single(told.All));
    }

    [Fact]
    public async Task A_frame_the_disk_refuses_twice_is_given_up()
    {
        long pages = 1_000_000;
        _bench.Options = JournalOptions.Default with { MaxPageCount = () => pages };
        _bench.Open().Dispose();
        pages = 1;
        using ActuationJournal journal = _bench.Open();
        journal.Frames.Append(Signed(A, 1, size: 200_000));
        journal.Frames.Remember(Known(A, 1));
        await _bench.Tick(() => journal.Health.State == JournalState.Unavailable);
        Assert.True(journal.TryReopen());
        await _bench.Tick(() => journal.Health.State == JournalState.Unavailable);

        Assert.Equal(1, journal.Frames.Counters.Dropped);
        Assert.Empty(journal.Frames.Newest(9));
        pages = 1_000_000;
        Assert.True(journal.TryReopen());
        await _bench.Tick(() => _bench.Scalar("SELECT count(*) FROM frame_knowledge") is 1L);
    }

    [Fact]
    public async Task A_listener_that_throws_does_not_stop_the_writer()
    {
        using ActuationJournal journal = _bench.Open();
        var told = new Told();
        journal.Frames.Append(Signed(A, 1), _ => throw new InvalidOperationException("listener"));
        journal.Frames.Append(Signed(A, 2), told.Hear);

        await told.Expect(true);
        Assert.Equal(1, await JournalBench.Append(journal, JournalBench.Operator()));
    }

    [Fact]
    [Trait("spec", "X-77")]
    public async Task A_full_queue_drops_the_oldest_of_the_lowest_class()
    {
        File.WriteAllText(_bench.Paths.Database, "no database, but long enough to be looked at");
        using ActuationJournal journal = _bench.Open();
        var told = new Told();
        journal.Frames.Append(Signed(B, 1, frameClass: FrameClass.Safety));
        journal.Frames.Append(Signed(B, 2, frameClass: FrameClass.Control));
        for (int i = 1; i <= FrameQueue.Capacity; i++) journal.Frames.Append(Signed(A, i));

        Assert.Equal(2, journal.Frames.Counters.Dropped);
        IReadOnlyList<ArchivedFrame> kept = journal.Frames.Newest(5000);
        Assert.Equal(["b-aa-1", "b-aa-2", "a-aa-3"], kept.Take(3).Ids());

        for (int i = 1; i <= FrameQueue.Capacity; i++) journal.Frames.Append(Signed(B, 10 + i, frameClass: FrameClass.Safety));
        long dropped = journal.Frames.Counters.Dropped;
        journal.Frames.Append(Signed(A, 9999), told.Hear);
        await told.Expect(false);
        Assert.Equal(dropped + 1, journal.Frames.Counters.Dropped);
        Assert.Null(journal.Frames.Head(A));
    }

    [Fact]
    public void A_queue_of_long_frames_is_bounded_by_bytes()
    {
        File.WriteAllText(_bench.Paths.Database, "no database, but long enough to be looked at");
        using ActuationJournal journal = _bench.Open();
        for (int i = 1; i <= 20; i++) journal.Frames.Append(Signed(A, i, size: 1 << 20));

        Assert.Equal(4, journal.Frames.Counters.Dropped);
        Assert.Equal(16, journal.Frames.Newest(99).Count);
    }

    [Fact]
    public void Closing_writes_what_waits_and_afterwards_nothing_is_promised()
    {
        var told = new Told();
        ActuationJournal journal = _bench.Open();
        for (int i = 1; i <= 1300; i++) journal.Frames.Append(Signed(A, i));
        journal.Frames.Append(Signed(A, 1301), told.Hear);
        journal.Frames.Remember(Known(A, 1301));
        journal.Dispose();

        Assert.True(Assert.Single(told.All));
        journal.Frames.Append(Signed(A, 1302), told.Hear);
        Assert.Equal([true, false], told.All);
        using ActuationJournal again = _bench.Open();
        Assert.Equal((1301L, 1301L), (again.Frames.Counters.Stored, Assert.Single(again.Frames.Knowledge()).Highest));
    }

    [Fact]
    public async Task Forgetting_while_the_disk_is_away_happens_when_it_is_back()
    {
        using (ActuationJournal first = _bench.Open())
        {
            first.Frames.Append(Signed(A, 1));
            first.Frames.Append(Signed(B, 1));
            first.Frames.Remember(Known(A, 1));
        }

        string away = _bench.Paths.Database + ".away";
        File.Move(_bench.Paths.Database, away);
        File.WriteAllText(_bench.Paths.Database, "no database, but long enough to be looked at");
        using ActuationJournal journal = _bench.Open();
        journal.Frames.Append(Signed(A, 2));
        journal.Frames.Forget(A);
        journal.Frames.Append(Signed(A, 3));
        Assert.Equal(["a-aa-3"], journal.Frames.Newest(9).Ids());

        File.Move(away, _bench.Paths.Database, overwrite: true);
        Assert.True(journal.TryReopen());
        await _bench.Tick(() => journal.Frames.Counters.Appended == 1);
        Assert.Equal(["b-aa-1", "a-aa-3"], journal.Frames.Newest(9).Ids());
        Assert.Empty(journal.Frames.Knowledge());
    }

    [Fact]
    public void A_store_without_its_tables_gives_nothing_and_throws_nothing()
    {
        using (ActuationJournal journal = _bench.Open()) journal.Frames.Append(Signed(A, 1));
        _bench.ChangeFile("DROP TABLE frames; DROP TABLE frame_knowledge");

        using ActuationJournal broken = _bench.Open();

        Assert.Equal(JournalState.Unavailable, broken.Health.State);
        Assert.Empty(broken.Frames.Newest(9));
        Assert.Empty(broken.Frames.Knowledge());
        Assert.Empty(broken.Frames.ClassicByHash(["00"], 9, Plenty));
        Assert.Null(broken.Frames.Head(A));
    }

    [Fact]
    [Trait("spec", "X-29")]
    public void Knowledge_keeps_four_lives_of_256_origins_and_the_highest_ranges()
    {
        SequenceRange[] holes = [.. Enumerable.Range(1, 1100).Select(i => new SequenceRange(i * 10, (i * 10) + (i % 2)))];
        using (ActuationJournal journal = _bench.Open())
        {
            for (int epoch = 1; epoch <= 6; epoch++) journal.Frames.Remember(Known(B, epoch, $"000000000000000{epoch}", holes));
        }

        using (ActuationJournal journal = _bench.Open())
        {
            IReadOnlyList<SequenceKnowledge> known = journal.Frames.Knowledge();
            Assert.Equal([3L, 4, 5, 6], known.Select(k => k.Highest).Order());
            Assert.Equal(holes[^1024..], known[0].Gaps);
        }

        for (int life = 0; life < 2; life++)
        {
            using ActuationJournal journal = _bench.Open();
            journal.Frames.Append(Signed(A, life + 1));
            for (int i = 0; i < 200; i++) journal.Frames.Remember(Known($"{(life * 200) + i:x64}", 1));
        }

        using ActuationJournal full = _bench.Open();
        IReadOnlyList<SequenceKnowledge> left = full.Frames.Knowledge();
        Assert.Equal(256, left.Select(k => k.Origin).Distinct().Count());
        Assert.Equal(200, left.Count(k => Convert.ToInt32(k.Origin[^4..], 16) is >= 200 and < 400));
    }

    public void Dispose() => _bench.Dispose();

    /// <summary>What callbacks said.</summary>
    private sealed class Told
    {
        private readonly List<bool> _said = [];

        public bool[] All
        {
            get
            {
                lock (_said) return [.. _said];
            }
        }

        public void Hear(bool durable)
        {
            lock (_said) _said.Add(durable);
        }

        public Task After(int count) => JournalBench.Until(() => All.Length >= count);

        /// <summary>One word, and this one.</summary>
        public async Task Expect(bool durable)
        {
            await After(1);
            Assert.Equal(durable, Assert.Single(All));
        }
    }
}
