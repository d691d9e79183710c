using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Journal;
using ClawMesh.Edge.Journal.Reading;

namespace ClawMesh.Edge.Tests.Journal;

public sealed class ReplayCheckTests : IDisposable
{
    private readonly JournalBench _bench = new();

    [Theory]
    [InlineData("DELETE FROM commands WHERE command_id = 'c2'", "not remembered any more")]
    [InlineData("UPDATE commands SET digest = 'other' WHERE command_id = 'c2'", "another digest")]
    public async Task A_command_that_could_act_again_makes_verify_fail_and_name_its_decision(string change, string what)
    {
        await GrantAsync();
        Assert.True(_bench.Verify().Ok);

        _bench.ChangeFile(change);

        JournalFinding finding = Assert.Single(_bench.Verify().Findings);
        Assert.Equal(2, finding.Sequence);
        Assert.Contains(what, finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Removing_every_record_and_the_head_with_them_is_seen_by_what_they_left_behind()
    {
        await GrantAsync();

        _bench.ChangeFile("DELETE FROM journal");
        File.Delete(_bench.Paths.Head);

        Assert.False(_bench.Verify().Ok);
    }

    public void Dispose() => _bench.Dispose();

    private async Task GrantAsync()
    {
        using ActuationJournal journal = _bench.Open();
        for (int i = 1; i <= 3; i++)
        {
            ReplayEntry replay = _bench.Running($"c{i}");
            await JournalBench.Append(journal, JournalBench.Granted($"c{i}") with { Body = $$"""{"granted":true,"digest":"{{replay.Digest}}"}""" }, replay);
        }
    }
}
