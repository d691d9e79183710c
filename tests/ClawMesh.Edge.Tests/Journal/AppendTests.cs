using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Journal;
using ClawMesh.Edge.Journal.Reading;

namespace ClawMesh.Edge.Tests.Journal;

public sealed class AppendTests : IDisposable
{
    private readonly JournalBench _bench = new();

    [Fact]
    public async Task A_record_is_durable_when_its_append_returns_and_not_before()
    {
        using ActuationJournal journal = _bench.Open();
        Assert.False(journal.IsDurable(1));
        Assert.False(journal.IsDurable(0));

        long sequence = await JournalBench.Append(journal, JournalBench.Operator());

        Assert.Equal(1, sequence);
        Assert.True(journal.IsDurable(1));
        Assert.False(journal.IsDurable(2));
        Assert.Equal(_bench.Time.GetUtcNow(), journal.NewestRecordAt);
    }

    // The time of the newest record used to count: the first record after the clock was set back, such as the refusal of an old command,
    // made the clock right again, and the second old command passed.
    [Fact]
    [Trait("spec", "X-47")]
    public async Task The_latest_time_does_not_go_back_with_the_clock_whatever_is_written_since()
    {
        DateTimeOffset latest;
        using (ActuationJournal journal = _bench.Open())
        {
            await JournalBench.Append(journal, JournalBench.Operator());
            latest = _bench.Time.GetUtcNow();
            _bench.Time.StepWallClock(-TimeSpan.FromHours(2));
            await JournalBench.Append(journal, JournalBench.Operator());
            Assert.Equal(latest, journal.LatestTime);
            Assert.Equal(latest - TimeSpan.FromHours(2), journal.NewestRecordAt);
        }

        using ActuationJournal again = _bench.Open();
        Assert.Equal(latest, again.LatestTime);
        await JournalBench.Append(again, JournalBench.Operator());
        Assert.Equal(latest, again.LatestTime);
    }

    [Fact]
    public async Task A_record_reads_back_as_it_was_written_with_clock_and_boot()
    {
        using ActuationJournal journal = _bench.Open();
        await JournalBench.Append(journal, new JournalEntry(JournalRecordType.Decision, "actuator:ümläut", "c\0tail", "", "OK", """{"a":"é"}"""));

        JournalRecord record = Assert.Single(_bench.Reader().List(new JournalQuery(10)));

        Assert.Equal((1, JournalRecordType.Decision, "synchronised", journal.BootNonce), (record.Sequence, record.Type, record.ClockClass, record.Boot));
        Assert.Equal(("actuator:ümläut", "c\0tail", "", "OK", """{"a":"é"}"""), (record.ActuatorRef, record.CommandId, record.PermitId, record.Code, record.Body));
        Assert.Equal(32, record.Boot.Length);
        Assert.Equal(64, record.Hash.Length);
        Assert.True(_bench.Verify().Ok);
    }

    [Fact]
    public async Task Concurrent_appenders_get_unique_contiguous_sequences()
    {
        using ActuationJournal journal = _bench.Open();

        long[] sequences = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var mine = new List<long>();
            for (int i = 0; i < 25; i++) mine.Add(await JournalBench.Append(journal, JournalBench.Operator()));
            return mine;
        }, JournalBench.Token))).ContinueWith(all => all.Result.SelectMany(s => s).ToArray(), TaskScheduler.Default);

        Assert.Equal(Enumerable.Range(1, 100).Select(i => (long)i), sequences.Order());
        JournalVerification report = _bench.Verify();
        Assert.True(report.Ok, string.Join('\n', report.Findings));
    }

    [Fact]
    public async Task More_appends_than_the_queue_holds_are_refused_instead_of_waiting()
    {
        using var slow = new ManualResetEventSlim();
        _bench.HeadFile = new HeldHeadFile(_bench.HeadFile, slow);
        using ActuationJournal journal = _bench.Open();
        await JournalBench.Append(journal, JournalBench.Operator());

        Task<long>[] appends = [.. Enumerable.Range(0, 300).Select(_ => journal.AppendAsync(JournalBench.Operator(), null, JournalBench.Token))];
        EdgeException refused = await Assert.ThrowsAsync<EdgeException>(() => appends[^1]);
        slow.Set();

        Assert.Equal((GateCodes.JournalUnavailable, FailureClass.Storage), (refused.Code, refused.FailureClass));
        Assert.Contains("queue full", refused.Why, StringComparison.Ordinal);
        await Task.WhenAll(appends.Where(a => !a.IsFaulted)).WaitAsync(TimeSpan.FromSeconds(30), JournalBench.Token);
        Assert.Equal(256, appends.Count(a => a.IsCompletedSuccessfully));
    }

    [Fact]
    public async Task Appending_after_the_end_says_that_the_node_is_stopping()
    {
        ActuationJournal journal = _bench.Open();
        journal.Dispose();

        EdgeException refused = await Assert.ThrowsAsync<EdgeException>(() => JournalBench.Append(journal, JournalBench.Operator()));

        Assert.Equal(GateCodes.JournalUnavailable, refused.Code);
    }

    [Fact]
    public async Task Settings_survive_a_restart()
    {
        using (ActuationJournal journal = _bench.Open())
        {
            await journal.Settings.SetAsync("clock.floor", "17", JournalBench.Token);
            await journal.Settings.SetAsync("clock.floor", "18", JournalBench.Token);
            Assert.Equal("18", journal.Settings.Get("clock.floor"));
        }

        using ActuationJournal again = _bench.Open();
        Assert.Equal("18", again.Settings.Get("clock.floor"));
        Assert.Null(again.Settings.Get("never.set"));
    }

    [Fact]
    public void The_library_says_its_version_and_that_a_JIT_run_uses_the_system_one()
    {
        Assert.Matches(@"^3\.\d+\.\d+$", SqliteLibrary.Version);
        Assert.Equal("system libsqlite3.so.0", SqliteLibrary.Linkage);
    }

    [Fact]
    public async Task Export_gives_one_JSON_object_a_record_even_for_a_body_that_is_none()
    {
        using ActuationJournal journal = _bench.Open();
        await JournalBench.Append(journal, JournalBench.Granted("c1"));
        await JournalBench.Append(journal, JournalBench.Operator() with { Body = "no json" });

        string[] lines = [.. _bench.Reader().Lines()];

        Assert.Equal(2, lines.Length);
        Assert.StartsWith("""{"seq":1,"type":"decision","at":"2026-11-21T06:00:00Z","clock":"synchronised",""", lines[0], StringComparison.Ordinal);
        Assert.Contains("\"body\":{\"granted\":true}", lines[0], StringComparison.Ordinal);
        Assert.Contains("\"body\":\"no json\"", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_filters_and_counts_from_the_newest()
    {
        using ActuationJournal journal = _bench.Open();
        await JournalBench.Append(journal, JournalBench.Granted("c1"));
        await JournalBench.Append(journal, JournalBench.Granted("c2", actuator: "actuator:pump:1"));
        await JournalBench.Append(journal, JournalBench.Outcome("c1"));
        JournalReader reader = _bench.Reader();

        Assert.Equal([3L, 2L], reader.List(new JournalQuery(2)).Select(r => r.Sequence));
        Assert.Equal([3L, 1L], reader.List(new JournalQuery(9, JournalBench.Valve)).Select(r => r.Sequence));
        Assert.Equal([2L, 1L], reader.List(new JournalQuery(9, Type: JournalRecordType.Decision)).Select(r => r.Sequence));
        Assert.Equal("c2", reader.Find(2)?.CommandId);
        Assert.Null(reader.Find(4));
    }

    public void Dispose() => _bench.Dispose();

    private sealed class HeldHeadFile(Edge.Journal.Chain.IHeadFile inner, ManualResetEventSlim release) : Edge.Journal.Chain.IHeadFile
    {
        public byte[]? Read() => inner.Read();

        public void Write(byte[] json)
        {
            release.Wait(TimeSpan.FromSeconds(30), JournalBench.Token);
            inner.Write(json);
        }
    }
}
