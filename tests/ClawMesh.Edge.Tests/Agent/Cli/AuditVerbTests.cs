using System.Text.Json;
using ClawMesh.Edge.Hardware.Identity;

namespace ClawMesh.Edge.Tests.Agent.Cli;

public sealed class AuditVerbTests : IDisposable
{
    private readonly CliBench _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task The_newest_records_are_listed_in_the_order_they_were_written()
    {
        await StoredJournal.WriteAsync(_cli.State);

        JsonElement all = await _cli.JsonAsync(0, "audit list", "ok", "audit", "list");
        JsonElement two = await _cli.JsonAsync(0, "audit list", "ok", "audit", "list", "--limit", "2");

        Assert.Equal(["decision", "outcome", "lease_end", "operator"], Types(all));
        Assert.Equal(["lease_end", "operator"], Types(two));
        Assert.Equal("operator:anna", all.GetProperty("records")[0].GetProperty("body").GetProperty("caller").GetString());
    }

    [Fact]
    public async Task A_list_can_be_narrowed_to_an_output_and_to_a_type()
    {
        await StoredJournal.WriteAsync(_cli.State);

        Assert.Equal(["decision", "outcome", "lease_end"], Types(await _cli.JsonAsync(0, "audit list", "ok", "audit", "list", "--actuator", StoredJournal.Valve)));
        Assert.Equal(["outcome"], Types(await _cli.JsonAsync(0, "audit list", "ok", "audit", "list", "--type", "outcome")));
        Assert.Empty(Types(await _cli.JsonAsync(0, "audit list", "ok", "audit", "list", "--actuator", "actuator:valve:none")));
        await _cli.FailsAsync(2, "cli.usage", "audit", "list", "--type", "rumour");
        await _cli.FailsAsync(2, "cli.usage", "audit", "list", "--limit", "0");
    }

    [Fact]
    public async Task What_others_wrote_into_a_record_neither_steers_the_terminal_nor_the_markup()
    {
        await StoredJournal.WriteAsync(_cli.State);

        Assert.Equal(0, await _cli.RunAsync("audit", "list"));
        Assert.Contains("[red]\uFFFD[2J", _cli.Output, StringComparison.Ordinal);
        Assert.Equal(0, await _cli.RunAsync("audit", "show", "4"));
        Assert.DoesNotContain('\u001b', _cli.Output);
    }

    [Fact]
    public async Task One_record_is_shown_whole()
    {
        await StoredJournal.WriteAsync(_cli.State);

        JsonElement record = await _cli.JsonAsync(0, "audit show", "ok", "audit", "show", "1");

        Assert.Equal((1, "cmd-1", "pm-1"), (record.GetProperty("seq").GetInt64(), record.GetProperty("commandId").GetString(), record.GetProperty("permitId").GetString()));
        Assert.Equal(0, await _cli.RunAsync("audit", "show", "1"));
        Assert.Contains("\"operation\": \"open\"", _cli.Output, StringComparison.Ordinal);
        await _cli.FailsAsync(1, "journal.no_record", "audit", "show", "99");
        await _cli.FailsAsync(1, "journal.no_record", "audit", "show", "first");
    }

    [Fact]
    public async Task A_trace_leads_to_every_record_of_its_command_and_to_no_other()
    {
        await StoredJournal.WriteAsync(_cli.State);

        JsonElement shown = await _cli.JsonAsync(0, "audit show", "ok", "audit", "show", "cmd-1");
        JsonElement listed = await _cli.JsonAsync(0, "audit list", "ok", "audit", "list", "--trace", "cmd-1");

        Assert.Equal(["decision", "outcome", "lease_end"], Types(shown));
        Assert.Equal("cmd-1", shown.GetProperty("trace").GetString());
        Assert.Equal(["decision", "outcome", "lease_end"], Types(listed));
        Assert.Empty(Types(await _cli.JsonAsync(0, "audit list", "ok", "audit", "list", "--trace", "cmd-2")));
        Assert.Equal(0, await _cli.RunAsync("audit", "show", "cmd-1"));
        Assert.Equal(3, _cli.Output.Split("command").Length - 1);
    }

    [Fact]
    public async Task Of_a_trace_with_more_records_than_are_shown_the_oldest_and_the_newest_are_and_that_is_said()
    {
        await StoredJournal.WriteAsync(_cli.State, repeats: 120);

        JsonElement shown = await _cli.JsonAsync(0, "audit show", "ok", "audit", "show", "cmd-r");

        long[] sequences = [.. shown.GetProperty("records").EnumerateArray().Select(r => r.GetProperty("seq").GetInt64())];
        Assert.Equal([.. Enumerable.Range(5, 50), .. Enumerable.Range(75, 50)], sequences.Select(s => (int)s));
        Assert.True(shown.GetProperty("truncated").GetBoolean());
        Assert.False((await _cli.JsonAsync(0, "audit show", "ok", "audit", "show", "cmd-1")).GetProperty("truncated").GetBoolean());
        Assert.Equal(0, await _cli.RunAsync("audit", "show", "cmd-r"));
        Assert.Contains("left out", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_untouched_journal_verifies()
    {
        await StoredJournal.WriteAsync(_cli.State);

        JsonElement data = await _cli.JsonAsync(0, "audit verify", "ok", "audit", "verify");

        Assert.True(data.GetProperty("verified").GetBoolean());
        Assert.Equal((4, 4, 4), (data.GetProperty("records").GetInt64(), data.GetProperty("lastSeq").GetInt64(), data.GetProperty("headSeq").GetInt64()));
        Assert.Equal(0, await _cli.RunAsync("audit", "verify"));
        Assert.Contains("agree", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_changed_record_fails_verification_by_its_number()
    {
        await StoredJournal.WriteAsync(_cli.State);
        StoredJournal.Tamper(_cli.State, "UPDATE journal SET code = 'NOT_READY' WHERE seq = 2");

        JsonElement data = await _cli.JsonAsync(1, "audit verify", "fail", "audit", "verify");

        Assert.Contains(data.GetProperty("findings").EnumerateArray(), f => f.GetProperty("seq").GetInt64() == 2);
        Assert.Equal(1, await _cli.RunAsync("audit", "verify"));
        Assert.Contains("record 2", _cli.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("agree", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_cut_off_the_end_fails_verification()
    {
        await StoredJournal.WriteAsync(_cli.State);
        StoredJournal.Tamper(_cli.State, "DELETE FROM journal WHERE seq = 4");
        StoredJournal.Tamper(_cli.State, "DELETE FROM journal WHERE seq = 3");

        JsonElement data = await _cli.JsonAsync(1, "audit verify", "fail", "audit", "verify");

        Assert.Contains(data.GetProperty("findings").EnumerateArray(), f => f.GetProperty("seq").GetInt64() == 3 && f.GetProperty("what").GetString()!.Contains("missing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_copy_without_its_identity_is_verified_by_the_key_of_the_device()
    {
        await StoredJournal.WriteAsync(_cli.State);
        string key = (await _cli.JsonAsync(0, "identity", "ok", "identity")).GetProperty("publicKey").GetString()!;
        File.Delete(Path.Combine(_cli.State.Path, DeviceIdentity.RelativePath));

        await _cli.FailsAsync(1, "NO_IDENTITY", "audit", "verify");
        await _cli.JsonAsync(0, "audit verify", "ok", "audit", "verify", "--public-key", key);
        await _cli.JsonAsync(1, "audit verify", "fail", "audit", "verify", "--public-key", new string('A', 43));
        await _cli.FailsAsync(2, "cli.usage", "audit", "verify", "--public-key", "mine");
    }

    [Fact]
    public async Task No_journal_is_not_a_good_journal()
    {
        foreach (string[] verb in (string[][])[["list"], ["show", "1"], ["verify"], ["export"]])
            await _cli.FailsAsync(1, "journal.absent", ["audit", .. verb]);

        Assert.False(Directory.Exists(_cli.State.Path));
    }

    [Fact]
    public async Task An_export_is_one_object_a_line_oldest_first()
    {
        await StoredJournal.WriteAsync(_cli.State);
        string file = _cli.At("audit.jsonl");

        Assert.Equal(0, await _cli.RunAsync("audit", "export"));
        string printed = _cli.Output;
        JsonElement report = await _cli.JsonAsync(0, "audit export", "ok", "audit", "export", "--out", file);
        JsonElement array = await _cli.JsonAsync(0, "audit export", "ok", "audit", "export");

        string[] lines = File.ReadAllLines(file);
        Assert.Equal(lines, printed.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal([1, 2, 3, 4], lines.Select(l => JsonDocument.Parse(l).RootElement.GetProperty("seq").GetInt32()));
        Assert.Equal((4, file), (report.GetProperty("count").GetInt32(), report.GetProperty("file").GetString()));
        Assert.Equal(4, array.GetProperty("records").GetArrayLength());
        await _cli.FailsAsync(1, "storage.write_failed", "audit", "export", "--out", _cli.At("nowhere/audit.jsonl"));
    }

    private static IEnumerable<string?> Types(JsonElement data) => data.GetProperty("records").EnumerateArray().Select(r => r.GetProperty("type").GetString());
}
