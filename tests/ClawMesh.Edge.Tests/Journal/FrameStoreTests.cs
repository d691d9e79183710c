using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Journal;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Tests.Journal;

public sealed class FrameStoreTests : IDisposable
{
    private readonly JournalBench _bench = new();

    [Fact]
    public async Task Frames_are_written_once_a_second_and_come_back_newest_first()
    {
        using ActuationJournal journal = _bench.Open();
        for (int i = 0; i < 1200; i++) journal.Frames.Append(_bench.Frame(i));
        Assert.Equal(0, journal.Frames.Counters.Appended);

        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        await JournalBench.Until(() => journal.Frames.Counters.Appended == 1200);

        IReadOnlyList<ContextFrame> newest = await journal.Frames.NewestAsync(2, JournalBench.Token);
        Assert.Equal([1199, 1198], newest.Select(frame => frame.Data.GetProperty("value").GetInt32()));
        Assert.Equal(1200, journal.Frames.Counters.Stored);
    }

    [Fact]
    public async Task Frames_and_their_totals_survive_a_restart_and_a_known_frame_id_is_kept_once()
    {
        long bytes;
        using (ActuationJournal journal = _bench.Open())
        {
            journal.Frames.Append(_bench.Frame(1));
            journal.Frames.Append(_bench.Frame(1));
        }

        using (ActuationJournal journal = _bench.Open())
        {
            Assert.Single(await journal.Frames.NewestAsync(9, JournalBench.Token));
            (long stored, bytes, long appended, long dropped, long pruned) = journal.Frames.Counters;
            Assert.Equal((1L, 0L, 0L, 0L), (stored, appended, dropped, pruned));
        }

        using SqliteCheck check = new(_bench);
        Assert.Equal(bytes, check.Scalar("SELECT sum(length(CAST(json AS BLOB))) FROM frames"));
    }

    [Fact]
    public async Task The_oldest_frames_go_when_the_store_has_too_many()
    {
        _bench.Options = JournalOptions.Default with { MaxFrames = 50 };
        using (ActuationJournal journal = _bench.Open())
        {
            for (int i = 0; i < 700; i++) journal.Frames.Append(_bench.Frame(i));
            _bench.Time.Advance(TimeSpan.FromSeconds(1));
            await JournalBench.Until(() => journal.Frames.Counters.Appended == 700);
            Assert.Equal((50L, 650L), (journal.Frames.Counters.Stored, journal.Frames.Counters.Pruned));
        }

        using SqliteCheck check = new(_bench);
        Assert.Equal(50L, check.Scalar("SELECT count(*) FROM frames"));
        Assert.Equal("00000000-0000-4000-8000-000000000650", check.Scalar("SELECT frame_id FROM frames ORDER BY id LIMIT 1"));
    }

    [Fact]
    public async Task The_oldest_frames_go_when_the_store_is_too_large()
    {
        _bench.Options = JournalOptions.Default with { MaxFrameBytes = 100_000 };
        using ActuationJournal journal = _bench.Open();
        for (int i = 0; i < 30; i++) journal.Frames.Append(_bench.Frame(i, new string('x', 10_000)));
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        await JournalBench.Until(() => journal.Frames.Counters.Appended == 30);

        FrameStoreCounters counters = journal.Frames.Counters;
        Assert.InRange(counters.Bytes, 80_000, 100_000);
        Assert.Equal(30, counters.Stored + counters.Pruned);
    }

    [Fact]
    public async Task Without_a_database_the_queue_drops_its_oldest_counts_them_and_writes_the_rest_when_it_is_back()
    {
        File.WriteAllText(_bench.Paths.Database, "no database, but long enough to be looked at");
        using ActuationJournal journal = _bench.Open();
        for (int i = 0; i < 5000; i++) journal.Frames.Append(_bench.Frame(i));
        _bench.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(5000 - 4096, journal.Frames.Counters.Dropped);
        Assert.Empty(await journal.Frames.NewestAsync(1, JournalBench.Token));

        File.Delete(_bench.Paths.Database);
        Assert.True(journal.TryReopen());
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        await JournalBench.Until(() => journal.Frames.Counters.Appended == 4096);
    }

    [Fact]
    public async Task A_frame_that_has_no_JSON_form_costs_itself_only()
    {
        using ActuationJournal journal = _bench.Open();
        journal.Frames.Append(_bench.Frame(1) with { Data = default });
        journal.Frames.Append(_bench.Frame(2));
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        await JournalBench.Until(() => journal.Frames.Counters.Appended == 1);

        Assert.Equal(1, journal.Frames.Counters.Dropped);
    }

    [Fact]
    public async Task The_log_is_moved_into_the_database_when_the_node_is_quiet()
    {
        using ActuationJournal journal = _bench.Open();
        await JournalBench.Append(journal, JournalBench.Operator());
        long before = new FileInfo(_bench.Paths.Database).Length;

        for (int second = 0; second < 4; second++)
        {
            _bench.Time.Advance(TimeSpan.FromSeconds(1));

            // Answered by the writer, which has therefore seen this second before it hears of the next.
            Assert.True(journal.TryReopen());
        }

        await JournalBench.Until(() => new FileInfo(_bench.Paths.Database).Length > before);
    }

    public void Dispose() => _bench.Dispose();

    private sealed class SqliteCheck(JournalBench bench) : IDisposable
    {
        private readonly SqliteConnection _connection = bench.OpenRaw();

        public object? Scalar(string sql)
        {
            using SqliteCommand command = _connection.CreateCommand();
            command.CommandText = sql;
            return command.ExecuteScalar();
        }

        public void Dispose() => _connection.Dispose();
    }
}
