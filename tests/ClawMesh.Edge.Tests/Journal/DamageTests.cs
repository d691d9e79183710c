using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Journal;
using ClawMesh.Edge.Journal.Opening;
using ClawMesh.Edge.Journal.Reading;
using Microsoft.Data.Sqlite;

namespace ClawMesh.Edge.Tests.Journal;

public sealed class DamageTests : IDisposable
{
    private readonly JournalBench _bench = new();

    [Fact]
    [Trait("spec", "X-44")]
    [Trait("spec", "X-81")]
    [Trait("spec", "X-82")]
    public async Task A_file_that_is_no_database_makes_the_journal_unavailable_and_stays_as_it_is()
    {
        byte[] garbage = [.. Enumerable.Range(0, 20_000).Select(i => (byte)(i * 7))];
        File.WriteAllBytes(_bench.Paths.Database, garbage);

        using (ActuationJournal journal = _bench.Open())
        {
            Assert.Equal(JournalState.Unavailable, journal.Health.State);
            Assert.Contains("file is not a database", journal.Health.Why, StringComparison.Ordinal);
            Assert.Contains("journal reset", journal.Health.Fix, StringComparison.Ordinal);
            EdgeException refused = await Assert.ThrowsAsync<EdgeException>(() => JournalBench.Append(journal, JournalBench.Operator()));
            Assert.Equal((GateCodes.JournalUnavailable, FailureClass.Storage), (refused.Code, refused.FailureClass));
            Assert.False(journal.TryReopen());
            Assert.Empty(journal.Frames.Newest(5));
        }

        Assert.Equal(garbage, File.ReadAllBytes(_bench.Paths.Database));
        Assert.Equal("storage", Assert.Single(_bench.Verify().Findings).Place);
    }

    [Theory]
    [InlineData("PRAGMA user_version = 99", "has schema 99")]
    [InlineData("PRAGMA user_version = 0", "not one of this program")]
    public async Task A_database_of_a_newer_or_foreign_program_is_left_alone(string change, string why)
    {
        using (ActuationJournal journal = _bench.Open()) await JournalBench.Append(journal, JournalBench.Operator());
        _bench.ChangeFile(change);
        byte[] before = File.ReadAllBytes(_bench.Paths.Database);

        using (ActuationJournal journal = _bench.Open()) Assert.Contains(why, journal.Health.Why, StringComparison.Ordinal);

        Assert.Equal(before, File.ReadAllBytes(_bench.Paths.Database));
        Assert.Equal("journal.other_schema", Assert.Throws<EdgeException>(() => _bench.Verify()).Code);
    }

    [Fact]
    public async Task A_full_disk_refuses_records_and_reopening_succeeds_once_there_is_space()
    {
        long pages = 1_000_000;
        _bench.Options = JournalOptions.Default with { MaxPageCount = () => pages };
        using ActuationJournal journal = _bench.Open();
        await JournalBench.Append(journal, JournalBench.Granted("c1"), _bench.Running("c1"));
        journal.Dispose();

        pages = 1;
        using ActuationJournal full = _bench.Open();
        var states = new List<JournalState>();
        full.HealthChanged += health => states.Add(health.State);
        string large = new('x', 200_000);
        EdgeException refused = await Assert.ThrowsAsync<EdgeException>(() => JournalBench.Append(full, JournalBench.Operator() with { Body = large }));
        Assert.Equal(GateCodes.JournalUnavailable, refused.Code);
        Assert.Contains("full", refused.Why, StringComparison.Ordinal);
        Assert.Contains("Free some space", full.Health.Fix, StringComparison.Ordinal);
        Assert.Throws<EdgeException>(() => full.ActivationsWithin(TimeSpan.FromHours(1)));
        Assert.NotNull(full.FindCommand("c1"));

        pages = 1_000_000;
        Assert.True(full.TryReopen());
        Assert.Equal(2, await JournalBench.Append(full, JournalBench.Operator() with { Body = large }));
        full.Dispose();
        Assert.True(_bench.Verify().Ok);
        Assert.Equal([JournalState.Unavailable, JournalState.Ready], states);
    }

    [Fact]
    public async Task A_file_exchanged_for_an_older_one_while_the_disk_was_away_is_not_taken_back()
    {
        using (ActuationJournal first = _bench.Open()) await JournalBench.Append(first, JournalBench.Operator());
        string older = _bench.Paths.Database + ".older";
        File.Copy(_bench.Paths.Database, older);
        byte[] olderHead = File.ReadAllBytes(_bench.Paths.Head);
        var head = new BreakableHeadFile(_bench.HeadFile);
        _bench.HeadFile = head;
        using ActuationJournal journal = _bench.Open();
        await JournalBench.Append(journal, JournalBench.Operator());
        Assert.True(journal.TryReopen(), "Answered by the writer, after it has written the head of the record before.");
        head.Broken = true;
        await JournalBench.Append(journal, JournalBench.Operator());
        await JournalBench.Until(() => journal.Health.State == JournalState.Unavailable);

        foreach (string path in new[] { _bench.Paths.Wal, _bench.Paths.SharedMemory }) File.Delete(path);
        File.Move(older, _bench.Paths.Database, overwrite: true);
        File.WriteAllBytes(_bench.Paths.Head, olderHead);
        head.Broken = false;

        Assert.False(journal.TryReopen());
        Assert.Contains("not the journal this node was writing", journal.Health.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_database_under_a_head_that_counts_records_is_not_replaced_by_a_new_one()
    {
        using (ActuationJournal journal = _bench.Open()) await JournalBench.Append(journal, JournalBench.Operator());
        File.Delete(_bench.Paths.Database);

        using (ActuationJournal journal = _bench.Open()) Assert.Equal(JournalState.Unavailable, journal.Health.State);

        Assert.False(File.Exists(_bench.Paths.Database));
        Assert.False(_bench.Verify().Ok);
    }

    [Fact]
    [Trait("spec", "X-44")]
    public async Task Reset_renames_the_files_and_remembers_when_for_every_later_life()
    {
        File.WriteAllBytes(_bench.Paths.Database, new byte[5000]);
        using (ActuationJournal journal = _bench.Open())
        {
            Assert.Null(journal.ResetAt);
            string boot = journal.BootNonce;

            string renamed = Assert.Single(journal.Reset());

            Assert.Equal(_bench.Paths.Database + ".reset-20261121T060000000Z", renamed);
            Assert.Equal(new byte[5000], File.ReadAllBytes(renamed));
            Assert.Equal(JournalHealth.Ready, journal.Health);
            Assert.Equal(_bench.Time.GetUtcNow(), journal.ResetAt);
            Assert.NotEqual(boot, journal.BootNonce);
            Assert.Equal(1, await JournalBench.Append(journal, JournalBench.Operator("journal.reset")));
        }

        _bench.Time.Advance(TimeSpan.FromDays(1));
        using ActuationJournal again = _bench.Open();
        Assert.Equal(_bench.Time.GetUtcNow().AddDays(-1), again.ResetAt);
    }

    [Fact]
    public async Task Reset_of_a_stopped_node_moves_the_head_too_and_the_next_start_refuses_older_commands()
    {
        using (ActuationJournal journal = _bench.Open()) await JournalBench.Append(journal, JournalBench.Operator());

        IReadOnlyList<string> renamed = JournalReset.Rename(_bench.StateDirectory, _bench.Time);

        Assert.Equal(2, renamed.Count);
        Assert.EndsWith(".head", renamed[1], StringComparison.Ordinal);
        using ActuationJournal fresh = _bench.Open();
        Assert.Equal((JournalHealth.Ready, _bench.Time.GetUtcNow()), (fresh.Health, fresh.ResetAt));
        Assert.Null(fresh.NewestRecordAt);
    }

    [Fact]
    public async Task A_read_only_directory_is_read_as_it_stands_and_not_at_all_while_its_log_holds_records()
    {
        using (ActuationJournal journal = _bench.Open()) await JournalBench.Append(journal, JournalBench.Operator());

        using (SqliteConnection connection = EdgeDatabase.OpenImmutable(_bench.Paths))
            Assert.Equal(1L, EdgeDatabase.Scalar(connection, "SELECT count(*) FROM journal"));

        using (ActuationJournal journal = _bench.Open())
        {
            await JournalBench.Append(journal, JournalBench.Operator());
            Assert.Equal("journal.wal_unreadable", Assert.Throws<EdgeException>(() => EdgeDatabase.OpenImmutable(_bench.Paths)).Code);
        }
    }

    [Fact]
    public void Reading_where_no_node_ever_ran_names_the_file()
    {
        EdgeException absent = Assert.Throws<EdgeException>(() => _bench.Reader().List(new JournalQuery(1)));

        Assert.Equal("journal.absent", absent.Code);
        Assert.True(_bench.Verify().Ok);
    }

    [Fact]
    public void Options_report_every_problem_at_once()
    {
        var bad = new JournalOptions { MaxRecords = 0, MaxFrames = 0, MaxFrameBytes = 0, MaxClassicFrames = 0, SignedAge = TimeSpan.Zero, ClassicAge = TimeSpan.Zero, SafetyAge = TimeSpan.FromSeconds(-1), ReplayAge = TimeSpan.Zero, ReplayPerOutput = 1, MaxCommands = 0 };

        Assert.Equal(10, bad.Problems().Count());
        Assert.Empty(JournalOptions.Default.Problems());
    }

    public void Dispose() => _bench.Dispose();
}
