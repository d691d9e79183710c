using System.Text.Json;
using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Agent.Cli;

namespace ClawMesh.Edge.Tests.Agent.Diag;

public sealed class StorageGroupTests : IDisposable
{
    private const long MiB = 1 << 20;

    private readonly DiagBench _diag = new();

    public void Dispose() => _diag.Dispose();

    [Theory]
    [InlineData(10_000, 20_000, false, "pass")]
    [InlineData(255, 1_000, false, "warn")]
    [InlineData(400, 10_000, false, "warn")]
    [InlineData(15, 1_000, false, "fail")]
    [InlineData(10_000, 20_000, true, "fail")]
    public void Space_is_judged_by_bytes_by_share_and_by_being_writable(long freeMiB, long totalMiB, bool readOnly, string status)
    {
        CheckOutcome outcome = StorageGroup.Judge(new FileSystemFacts(freeMiB * MiB, totalMiB * MiB, readOnly, "ext4"));

        Assert.Equal(status, outcome.Status.Word());
    }

    [Fact]
    public async Task A_journal_that_holds_passes_and_one_changed_byte_is_seen()
    {
        _diag.MakeState();
        await StoredJournal.WriteAsync(_diag.State);
        (await _diag.CheckAsync("storage.journal")).Has("pass", "4 records");

        StoredJournal.Tamper(_diag.State, "UPDATE journal SET code = 'NO' WHERE seq = 2");
        JsonElement journal = await _diag.CheckAsync("storage.journal");

        journal.Has("fail", "does not hold");
        Assert.Contains("record 2", journal.Why(), StringComparison.Ordinal);
        Assert.Contains("audit verify", journal.Fix(), StringComparison.Ordinal);
        Assert.Equal(1, await _diag.RunAsync("storage"));
    }

    [Fact]
    public async Task A_journal_whose_pages_are_damaged_is_a_fail_of_the_disk()
    {
        _diag.MakeState();
        await StoredJournal.WriteAsync(_diag.State);
        using (FileStream file = new(Path.Combine(_diag.State.Path, "edge.db"), FileMode.Open, FileAccess.Write))
        {
            file.Position = 0;
            file.Write(new byte[4096]);
        }

        JsonElement journal = await _diag.CheckAsync("storage.journal");

        journal.Has("fail", "");
        Assert.Equal("storage", journal.GetProperty("failureClass").GetString());
    }

    [Fact]
    public async Task A_journal_without_its_identity_cannot_be_verified()
    {
        _diag.MakeState();
        await StoredJournal.WriteAsync(_diag.State);
        File.Delete(Path.Combine(_diag.State.Path, DeviceIdentity.RelativePath));

        (await _diag.CheckAsync("storage.journal")).Has("warn", "no identity");
    }

    [Fact]
    public async Task A_large_journal_waits_for_deep()
    {
        _diag.MakeState();
        await StoredJournal.WriteAsync(_diag.State);
        string log = Path.Combine(_diag.State.Path, "edge.db-wal");
        using (FileStream file = File.OpenWrite(log)) file.SetLength(33 * MiB);

        (await _diag.CheckAsync("storage.journal")).Has("skip", "--deep");
        JsonElement deep = Assert.Single(DiagBench.Checks(await _diag.JsonAsync("storage", "--deep")), c => c.GetProperty("id").GetString() == "storage.journal");
        deep.Has("pass", "4 records");
    }

    [Fact]
    public void A_node_that_cannot_write_its_journal_is_a_fail_in_the_words_of_the_node()
    {
        JsonElement edge = JsonDocument.Parse("""{"journal":{"state":"unavailable","why":"The disk is full.","fix":"Make room."}}""").RootElement;

        CheckOutcome outcome = JournalChecks.State(new NodeAnswer(NodePresence.Answers, edge, 1, ""));

        Assert.Equal((CheckStatus.Fail, "Make room."), (outcome.Status, outcome.Fix));
        Assert.Equal(["The disk is full."], outcome.Details);
    }

    [Fact]
    public async Task The_latency_of_durable_writes_is_measured_and_nothing_is_left_behind()
    {
        _diag.MakeState();

        JsonElement fsync = await _diag.CheckAsync("storage.fsync");

        Assert.Contains(fsync.Status(), (string[])["pass", "warn"]);
        Assert.Equal(10, fsync.Value("rounds"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_diag.State.Path));
    }

    [Fact]
    public async Task A_state_directory_that_others_may_write_is_a_warning_with_the_command()
    {
        _diag.MakeState();
        (await _diag.CheckAsync("storage.state-dir")).Has("pass", "mode 0700, writable");

        File.SetUnixFileMode(_diag.State.Path, (UnixFileMode)0b111_111_111);
        JsonElement state = await _diag.CheckAsync("storage.state-dir");

        state.Has("warn", "writable for others");
        Assert.Contains("chmod go-w", state.Fix(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_in_place_of_the_state_directory_is_a_fail()
    {
        File.WriteAllText(_diag.State.Path, "");

        (await _diag.CheckAsync("storage.state-dir")).Has("fail", "is not a directory");
    }

    [Fact]
    public async Task A_configuration_with_errors_fails_with_all_of_them()
    {
        (await _diag.CheckAsync("storage.config")).Has("skip", "no node.json");
        _diag.StateFile("node.json", """{"port":99999,"role":"gardener"}""");

        JsonElement config = await _diag.CheckAsync("storage.config");

        config.Has("fail", "2 errors");
        Assert.Contains("gardener", config.Why(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_directory_of_somebody_else_is_skipped_and_nothing_throws()
    {
        Assert.SkipWhen(HostKernel.EffectiveUserId == 0, "root may look everywhere");
        _diag.Simulated();
        File.SetUnixFileMode(_diag.State.Path, UnixFileMode.None);
        try
        {
            int exit = await _diag.RunAsync("--json");
            JsonElement[] checks = [.. DiagBench.Checks(JsonDocument.Parse(_diag.Output).RootElement)];

            Assert.All(checks.Where(c => c.GetProperty("group").GetString() == "trust"), c => Assert.Equal("skip", c.Status()));
            Assert.Equal(1, exit);
            Assert.Equal("storage.state-dir", Assert.Single(checks, c => c.Status() == "fail").GetProperty("id").GetString());
        }
        finally
        {
            File.SetUnixFileMode(_diag.State.Path, UnixMode.OwnerOnlyDirectory);
        }
    }
}
