using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Journal;
using ClawMesh.Edge.Journal.Reading;

namespace ClawMesh.Edge.Tests.Journal;

public sealed class HeadTests : IDisposable
{
    private readonly JournalBench _bench = new();

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    public async Task The_head_may_lag_by_exactly_one_record(int lag, bool accepted)
    {
        await WriteAsync(5);
        byte[] older = File.ReadAllBytes(_bench.Paths.Head);
        await WriteAsync(lag);
        File.WriteAllBytes(_bench.Paths.Head, older);

        JournalVerification report = _bench.Verify();
        using ActuationJournal journal = _bench.Open();

        Assert.Equal(accepted, report.Ok);
        Assert.Equal(5, report.HeadSequence);
        Assert.Equal(accepted ? JournalState.Ready : JournalState.Unavailable, journal.Health.State);
    }

    [Fact]
    public async Task A_lagging_head_is_brought_up_at_the_next_open()
    {
        await WriteAsync(2);
        byte[] older = File.ReadAllBytes(_bench.Paths.Head);
        await WriteAsync(1);
        File.WriteAllBytes(_bench.Paths.Head, older);

        _bench.Open().Dispose();

        Assert.Equal(3, _bench.Verify().HeadSequence);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task A_missing_head_is_fine_only_behind_the_very_first_record(int records, bool accepted)
    {
        await WriteAsync(records);
        File.Delete(_bench.Paths.Head);

        Assert.Equal(accepted, _bench.Verify().Ok);
        using ActuationJournal journal = _bench.Open();
        Assert.Equal(accepted ? JournalState.Ready : JournalState.Unavailable, journal.Health.State);
        if (!accepted) Assert.Contains("journal reset", journal.Health.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_changed_byte_of_the_head_is_found()
    {
        await WriteAsync(3);
        byte[] head = File.ReadAllBytes(_bench.Paths.Head);

        for (int i = 0; i < head.Length; i++)
        {
            byte[] changed = [.. head];
            changed[i] ^= 1;
            File.WriteAllBytes(_bench.Paths.Head, changed);
            JournalVerification report = _bench.Verify();
            Assert.False(report.Ok, $"byte {i}");
        }
    }

    [Fact]
    public async Task A_head_of_another_device_is_not_believed_whatever_key_it_names()
    {
        await WriteAsync(3);
        var stranger = new TestSigner(seed: 2);

        JournalVerification report = new JournalVerifier(_bench.StateDirectory, stranger).Verify(stranger.PublicKey.Span);

        Assert.Contains(report.Findings, finding => finding is { Place: "head", FailureClass: FailureClass.Auth });
    }

    [Fact]
    public async Task A_head_that_cannot_be_written_stops_the_journal_after_one_record_and_reopening_repairs_it()
    {
        var head = new BreakableHeadFile(_bench.HeadFile);
        _bench.HeadFile = head;
        using ActuationJournal journal = _bench.Open();
        await JournalBench.Append(journal, JournalBench.Operator());
        Assert.True(journal.TryReopen(), "Answered by the writer, after it has written the head of the record before.");
        head.Broken = true;
        await JournalBench.Append(journal, JournalBench.Operator());
        await JournalBench.Until(() => journal.Health.State == JournalState.Unavailable);

        await Assert.ThrowsAsync<EdgeException>(() => JournalBench.Append(journal, JournalBench.Operator()));
        Assert.False(journal.TryReopen());
        head.Broken = false;
        Assert.True(journal.TryReopen());

        Assert.Equal(3, await JournalBench.Append(journal, JournalBench.Operator()));
        journal.Dispose();
        JournalVerification report = _bench.Verify();
        Assert.True(report.Ok, string.Join('\n', report.Findings));
    }

    [Fact]
    public async Task Verifying_beside_a_writing_node_finds_nothing()
    {
        using ActuationJournal journal = _bench.Open();
        Task writing = Task.Run(async () =>
        {
            for (int i = 0; i < 200; i++) await JournalBench.Append(journal, JournalBench.Operator());
        }, JournalBench.Token);

        while (!writing.IsCompleted)
        {
            JournalVerification report = _bench.Verify();
            Assert.True(report.Ok, string.Join('\n', report.Findings));
        }

        await writing;
    }

    public void Dispose() => _bench.Dispose();

    private async Task WriteAsync(int records)
    {
        using ActuationJournal journal = _bench.Open();
        for (int i = 0; i < records; i++) await JournalBench.Append(journal, JournalBench.Operator());
    }
}
