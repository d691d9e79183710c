using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Journal;
using ClawMesh.Edge.Journal.Opening;
using ClawMesh.Edge.TestKit;
using static ClawMesh.Edge.Tests.Journal.ArchiveFrames;

namespace ClawMesh.Edge.Tests.Journal;

/// <summary>A file that an earlier version wrote.</summary>
public sealed class UpgradeTests : IDisposable
{
    private const int Plenty = 1 << 20;
    private const string Tables = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name)";
    private readonly JournalBench _bench = new();

    [Fact]
    public async Task Frames_of_schema_1_are_kept_as_frames_without_a_signature()
    {
        await MakeSchema1(frames: 3);

        using (ActuationJournal journal = _bench.Open())
        {
            Assert.Equal(JournalHealth.Ready, journal.Health);
            Assert.Equal((3L, 3 * 13L), (journal.Frames.Counters.Stored, journal.Frames.Counters.Bytes));
            ArchivedFrame second = journal.Frames.Newest(9)[1];
            Assert.Equal((A, "f2", "observation", null, 0L, Start + 2, Start + 2, FrameClass.Bulk), (second.Origin, second.FrameId, second.Kind, second.Epoch, second.Sequence, second.TimestampMs, second.ReceivedMs, second.Class));
            Assert.Equal("{\"n\":      2}", System.Text.Encoding.UTF8.GetString(second.Utf8.Span));
            Assert.Equal("f2", Assert.Single(journal.Frames.ClassicByHash([ClassicFrameId.HashOf("f2")], 9, Plenty)).FrameId);
            Assert.Equal(2, journal.Frames.Classic(Start + 2, Start + 4).Count);
            Assert.Equal(3, journal.Frames.LastNumber);
            journal.Frames.Append(Classic(B, 2) with { FrameId = "f2" });
            Assert.Equal([A, B], journal.Frames.ClassicByHash([ClassicFrameId.HashOf("f2")], 9, Plenty).Select(f => f.Origin));
            Assert.Equal(3, await JournalBench.Append(journal, JournalBench.Operator()));
        }

        Assert.Equal(2L, _bench.Scalar("SELECT count(*) FROM frames WHERE frame_id = 'f2'"));
        Assert.Equal(2L, _bench.Scalar("PRAGMA user_version"));
        Assert.True(_bench.Verify().Ok);
        using var fresh = new JournalBench();
        fresh.Open().Dispose();
        Assert.Equal(fresh.Scalar(Tables), _bench.Scalar(Tables));
        Assert.Equal("ok", _bench.Scalar("PRAGMA integrity_check"));
    }

    [Fact]
    public async Task A_node_killed_in_the_middle_begins_again_with_everything()
    {
        await MakeSchema1(frames: 500);
        JournalBench? killed = null;
        _bench.Options = JournalOptions.Default with { InUpgrade = () => killed = _bench.Killed() };
        _bench.Open().Dispose();

        Assert.NotNull(killed);
        using (killed)
        {
            Assert.Equal(1L, killed.Scalar("PRAGMA user_version"));
            Assert.Equal(500L, killed.Scalar("SELECT stored FROM frame_totals"));
            killed.Options = JournalOptions.Default;
            using (ActuationJournal survivor = killed.Open())
            {
                Assert.Equal(JournalHealth.Ready, survivor.Health);
                Assert.Equal(500, survivor.Frames.Classic(0, long.MaxValue).Count);
                Assert.True(survivor.IsDurable(2));
            }

            Assert.True(killed.Verify().Ok);
        }
    }

    [Fact]
    public async Task An_upgrade_that_fails_leaves_the_old_schema_and_is_tried_again()
    {
        await MakeSchema1(frames: 500);
        bool broken = true;
        _bench.Options = JournalOptions.Default with { InUpgrade = () => _ = broken ? throw new IOException("The disk went away.") : 0 };
        using ActuationJournal journal = _bench.Open();
        Assert.Contains("The disk went away.", journal.Health.Why, StringComparison.Ordinal);
        Assert.Equal((1L, 500L), (_bench.Scalar("PRAGMA user_version"), _bench.Scalar("SELECT count(*) FROM frames")));
        Assert.Empty(journal.Frames.Newest(9));
        Assert.True(_bench.Verify().Ok, "Schema 1 is read as it is.");

        broken = false;
        Assert.True(journal.TryReopen());
        Assert.Equal(500, journal.Frames.Counters.Stored);
    }

    [Fact]
    public async Task A_full_disk_leaves_the_old_schema_too()
    {
        await MakeSchema1(frames: 3000);
        long pages = 1;
        _bench.Options = JournalOptions.Default with { MaxPageCount = () => pages };
        using ActuationJournal journal = _bench.Open();
        Assert.Contains("full", journal.Health.Why, StringComparison.Ordinal);
        Assert.Equal(1L, _bench.Scalar("PRAGMA user_version"));

        pages = 1_000_000;
        Assert.True(journal.TryReopen());
        Assert.Equal(3000, journal.Frames.Counters.Stored);
    }

    [Fact]
    public async Task A_file_whose_end_is_in_doubt_is_not_upgraded()
    {
        await MakeSchema1(frames: 3);
        _bench.ChangeFile("DELETE FROM journal WHERE seq = 2");

        using ActuationJournal journal = _bench.Open();

        Assert.Equal(JournalState.Unavailable, journal.Health.State);
        Assert.Equal(1L, _bench.Scalar("PRAGMA user_version"));
    }

    [Fact]
    public async Task No_more_frames_are_taken_over_than_are_kept_without_a_signature()
    {
        await MakeSchema1(frames: 20_050);

        using ActuationJournal journal = _bench.Open();

        Assert.Equal(20_000, journal.Frames.Counters.Stored);
        Assert.Equal(Start + 51, journal.Frames.Classic(0, long.MaxValue)[0].TimestampMs);
    }

    public void Dispose() => _bench.Dispose();

    /// <summary>Two records and some frames, in the tables as schema 1 had them.</summary>
    private async Task MakeSchema1(int frames)
    {
        using (ActuationJournal journal = _bench.Open())
        {
            await JournalBench.Append(journal, JournalBench.Operator());
            await JournalBench.Append(journal, JournalBench.Granted("c1"));
        }

        string schema1 = EmbeddedSql.Read("v1");
        _bench.ChangeFile(
            $"""
            BEGIN;
            DROP TABLE frames; DROP TABLE frame_groups; DROP TABLE frame_knowledge;
            {schema1[schema1.IndexOf("CREATE TABLE frames", StringComparison.Ordinal)..]};
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {frames})
            INSERT INTO frames (frame_id, source, kind, ts, json) SELECT 'f' || i, '{A}', 'observation', {Start} + i, printf('%s%7d%s', '{"{"}"n":', i, '{"}"}') FROM n;
            UPDATE frame_totals SET stored = {frames}, bytes = {frames} * 13;
            PRAGMA user_version = 1;
            COMMIT;
            """);
    }
}
