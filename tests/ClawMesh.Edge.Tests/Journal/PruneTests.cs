using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Journal;
using ClawMesh.Edge.Journal.Reading;

namespace ClawMesh.Edge.Tests.Journal;

public sealed class PruneTests : IDisposable
{
    private readonly JournalBench _bench = new() { Options = JournalOptions.Default with { MaxRecords = 16 } };

    [Fact]
    public async Task A_journal_that_outgrew_its_bound_verifies_behind_a_signed_checkpoint()
    {
        await WriteAsync(60);

        JournalVerification report = _bench.Verify();

        Assert.True(report.Ok, string.Join('\n', report.Findings));
        Assert.InRange(report.Records, 12, 21);
        Assert.True(report.FirstSequence > 40, $"begins at {report.FirstSequence}");
        Assert.Contains(_bench.Reader().All(), record => record.Type == JournalRecordType.Checkpoint);
        using ActuationJournal again = _bench.Open();
        Assert.Equal(JournalHealth.Ready, again.Health);
    }

    [Fact]
    public async Task Removing_one_record_more_than_the_checkpoint_says_is_found()
    {
        await WriteAsync(30);
        _bench.ChangeFile("DELETE FROM journal WHERE seq = (SELECT min(seq) FROM journal)");

        JournalFinding finding = Assert.Single(_bench.Verify().Findings);

        Assert.Equal("chain", finding.Place);
    }

    [Fact]
    public async Task A_checkpoint_without_this_device_s_signature_is_found()
    {
        await WriteAsync(30);
        long checkpoint = _bench.Reader().List(new JournalQuery(1, Type: JournalRecordType.Checkpoint))[0].Sequence;
        _bench.ChangeFile($"UPDATE journal SET body = replace(body, '\"sig\":\"', '\"sig\":\"AAAA') WHERE seq = {checkpoint}");

        Assert.Contains(_bench.Verify().Findings, finding => finding.Sequence == checkpoint && finding.Place == "checkpoint");
    }

    public void Dispose() => _bench.Dispose();

    private async Task WriteAsync(int records)
    {
        using ActuationJournal journal = _bench.Open();
        for (int i = 0; i < records; i++) await JournalBench.Append(journal, JournalBench.Operator());
    }
}
