using System.Text.Json;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Tests.Agent.Cli;

public sealed class JournalVerbTests : IDisposable
{
    private readonly CliBench _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task A_reset_keeps_every_old_byte_and_the_new_journal_begins_with_who_did_it()
    {
        await StoredJournal.WriteAsync(_cli.State);
        byte[] old = File.ReadAllBytes(Path.Combine(_cli.State.Path, "edge.db"));

        JsonElement data = await _cli.JsonAsync(0, "journal reset", "ok", "journal", "reset", "--yes");

        string[] renamed = [.. data.GetProperty("renamed").EnumerateArray().Select(r => r.GetString()!)];
        Assert.Equal(old, File.ReadAllBytes(renamed[0]));
        JsonElement record = await _cli.JsonAsync(0, "audit show", "ok", "audit", "show", $"{data.GetProperty("journalSeq").GetInt64()}");
        Assert.Equal(("operator", "journal-reset"), (record.GetProperty("type").GetString(), record.GetProperty("code").GetString()));
        Assert.Equal(LocalServer.OperatorName(new UnixUsers(), HostKernel.EffectiveUserId), record.GetProperty("body").GetProperty("by").GetString());
        Assert.All(renamed, r => Assert.Contains(Path.GetFileName(r), record.GetProperty("body").GetProperty("detail").GetString(), StringComparison.Ordinal));
        await _cli.JsonAsync(0, "audit verify", "ok", "audit", "verify");
    }

    [Fact]
    public async Task A_damaged_journal_can_be_reset()
    {
        await StoredJournal.WriteAsync(_cli.State);
        File.WriteAllText(Path.Combine(_cli.State.Path, "edge.db"), "not a database, not at all, for many a byte");

        Assert.Equal(1, await _cli.RunAsync("audit", "list"));
        Assert.Equal(0, await _cli.RunAsync("journal", "reset", "--yes"));
        Assert.Equal(0, await _cli.RunAsync("audit", "verify"));
    }

    [Fact]
    public async Task A_reset_that_was_cut_short_can_be_repeated()
    {
        await StoredJournal.WriteAsync(_cli.State);
        Assert.Equal(0, await _cli.RunAsync("journal", "reset", "--yes"));
        foreach (string file in Directory.EnumerateFiles(_cli.State.Path, "edge.db*").Where(f => !f.Contains(".reset-", StringComparison.Ordinal))) File.Delete(file);

        JsonElement data = await _cli.JsonAsync(0, "journal reset", "ok", "journal", "reset", "--yes");

        Assert.Empty(data.GetProperty("renamed").EnumerateArray());
        await _cli.JsonAsync(0, "audit verify", "ok", "audit", "verify");
    }

    [Fact]
    public async Task Without_yes_or_beside_a_running_node_nothing_is_touched()
    {
        await StoredJournal.WriteAsync(_cli.State);
        string[] before = Files();

        await _cli.FailsAsync(2, "cli.usage", "journal", "reset");
        using (NodeLock.TryAcquire(_cli.State.Path, out _))
        {
            JsonElement error = await _cli.FailsAsync(2, "node.already_running", "journal", "reset", "--yes");
            Assert.Contains($"{Environment.ProcessId}", error.GetProperty("why").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal(before, Files().Where(f => !f.EndsWith(NodeLock.FileName, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_mistyped_state_directory_is_not_made()
    {
        await _cli.FailsAsync(1, "journal.absent", "journal", "reset", "--yes");

        Assert.False(Directory.Exists(_cli.State.Path));
    }

    private string[] Files() => [.. Directory.EnumerateFiles(_cli.State.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}
