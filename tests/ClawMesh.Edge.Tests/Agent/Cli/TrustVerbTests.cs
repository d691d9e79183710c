using System.Buffers.Text;
using System.Text.Json;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Tests.Agent.Cli;

public sealed class TrustVerbTests : IDisposable
{
    private static readonly byte[] KeyBytes = [.. Enumerable.Repeat((byte)7, 32)];
    private static readonly string Key = Base64Url.EncodeToString(KeyBytes);
    private static readonly string Id = DeviceIds.Of(KeyBytes).Value;

    private readonly CliBench _cli = new();

    private string Store => Path.Combine(_cli.State.Path, TrustedPeersFile.RelativePath);

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task An_empty_store_is_listed_and_not_made()
    {
        JsonElement data = await _cli.JsonAsync(0, "trust list", "ok", "trust", "list");

        Assert.Equal(0, data.GetProperty("count").GetInt32());
        Assert.False(Directory.Exists(_cli.State.Path));
        Assert.Equal(0, await _cli.RunAsync("trust", "list"));
        Assert.Contains("No device is trusted", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "X-11")]
    public async Task A_device_is_added_with_key_name_and_grants_and_listed()
    {
        JsonElement added = await _cli.JsonAsync(
            0, "trust add", "ok", "trust", "add", Id.ToUpperInvariant(), "--key", Key, "--name", "pump [house]", "--grant", "command=actuator:valve:V1,approve", "--grant", "maxTier=T2");

        Assert.True(added.GetProperty("changed").GetBoolean());
        Assert.Equal(UnixMode.OwnerOnlyDirectory, UnixMode.Of(_cli.State.Path));
        JsonElement entry = Assert.Single((await _cli.JsonAsync(0, "trust list", "ok", "trust", "list")).GetProperty("peers").EnumerateArray());
        Assert.Equal((Id, Key, "pump [house]", true), (entry.GetProperty("deviceId").GetString(), entry.GetProperty("publicKey").GetString(), entry.GetProperty("displayName").GetString(), entry.GetProperty("pinned").GetBoolean()));
        JsonElement grants = entry.GetProperty("grants");
        Assert.Equal("actuator:valve:V1", Assert.Single(grants.GetProperty("command").EnumerateArray()).GetString());
        Assert.Equal((true, "T2_operational_observation"), (grants.GetProperty("approve").GetBoolean(), grants.GetProperty("maxTier").GetString()));
        Assert.Equal(0, await _cli.RunAsync("trust", "list"));
        foreach (string part in (string[])[Id, Key, "pump [house]", "commands actuator:valve:V1", "its approvals count"]) Assert.Contains(part, _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_node_every_change_is_an_audited_act_of_the_operator()
    {
        long added = (await _cli.JsonAsync(0, "trust add", "ok", "trust", "add", Id)).GetProperty("journalSeq").GetInt64();
        long granted = (await _cli.JsonAsync(0, "trust grant", "ok", "trust", "grant", Id, "command=*")).GetProperty("journalSeq").GetInt64();
        long removed = (await _cli.JsonAsync(0, "trust remove", "ok", "trust", "remove", Id)).GetProperty("journalSeq").GetInt64();

        foreach ((long sequence, string act) in ((long, string)[])[(added, "trust-add"), (granted, "trust-grant"), (removed, "trust-remove")])
        {
            JsonElement record = await _cli.JsonAsync(0, "audit show", "ok", "audit", "show", $"{sequence}");
            Assert.Equal(("operator", act), (record.GetProperty("type").GetString(), record.GetProperty("code").GetString()));
            Assert.Equal(LocalServer.OperatorName(new UnixUsers(), HostKernel.EffectiveUserId), record.GetProperty("body").GetProperty("by").GetString());
            Assert.Contains(Id, record.GetProperty("body").GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_journal_that_takes_no_record_does_not_keep_a_device_trusted()
    {
        await _cli.RunAsync("trust", "add", Id);
        File.WriteAllText(Path.Combine(_cli.State.Path, "edge.db"), "not a database, not at all, for many a byte");

        JsonElement data = await _cli.JsonAsync(0, "trust remove", "warn", "trust", "remove", Id);

        Assert.True(data.GetProperty("changed").GetBoolean());
        Assert.Contains("not in the audit journal", data.GetProperty("note").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Id, File.ReadAllText(Store), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "W-24")]
    public async Task Beside_a_running_node_the_file_is_changed_and_the_text_says_when_it_counts()
    {
        await _cli.RunAsync("identity");
        using (NodeLock.TryAcquire(_cli.State.Path, out _))
        {
            Assert.Equal(0, await _cli.RunAsync("trust", "add", Id));
            Assert.Contains("within a second", _cli.Output, StringComparison.Ordinal);
            JsonElement data = await _cli.JsonAsync(0, "trust grant", "ok", "trust", "grant", Id, "approve");
            Assert.True(data.GetProperty("nodeRuns").GetBoolean());
            Assert.False(data.TryGetProperty("journalSeq", out _));
        }

        Assert.Equal(0, await _cli.RunAsync("trust", "remove", Id));
        Assert.Contains("from the next start", _cli.Output, StringComparison.Ordinal);
        Assert.Contains("trusted no longer", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "W-23")]
    public async Task Adding_a_device_again_changes_nothing_and_says_so()
    {
        await _cli.RunAsync("trust", "add", Id);
        byte[] before = File.ReadAllBytes(Store);

        Assert.False((await _cli.JsonAsync(0, "trust add", "ok", "trust", "add", Id)).GetProperty("changed").GetBoolean());
        JsonElement asked = await _cli.JsonAsync(0, "trust add", "warn", "trust", "add", Id, "--grant", "approve");

        Assert.Contains("trust grant", asked.GetProperty("note").GetString(), StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Store));
    }

    [Fact]
    public async Task A_prefix_of_eight_digits_is_enough_when_no_other_device_begins_so()
    {
        string twin = Id[..10] + new string('0', 54);
        await _cli.RunAsync("trust", "add", Id);
        await _cli.JsonAsync(0, "trust grant", "ok", "trust", "grant", Id[..8], "approve");
        await _cli.RunAsync("trust", "add", twin);

        JsonElement error = await _cli.FailsAsync(2, "cli.usage", "trust", "grant", Id[..8], "approve");
        Assert.Contains(twin, error.GetProperty("why").GetString(), StringComparison.Ordinal);
        await _cli.FailsAsync(2, "cli.usage", "trust", "remove", Id[..7]);
        await _cli.FailsAsync(2, "cli.usage", "trust", "remove", "not-an-id");
        await _cli.FailsAsync(1, "trust.unknown_device", "trust", "remove", new string('f', 64));
        await _cli.JsonAsync(0, "trust remove", "ok", "trust", "remove", Id[..12].ToUpperInvariant());

        Assert.Equal([twin], new TrustedPeersFile(_cli.State.Path, TimeProvider.System).KnownIds);
    }

    [Fact]
    public async Task Grants_are_added_to_and_clear_begins_afresh()
    {
        await _cli.RunAsync("trust", "add", Id, "--grant", "command=actuator:valve:V1,no-relay");

        JsonElement more = (await _cli.JsonAsync(0, "trust grant", "ok", "trust", "grant", Id, "command=actuator:pump:*", "approve")).GetProperty("entry").GetProperty("grants");
        Assert.Equal(2, more.GetProperty("command").GetArrayLength());
        Assert.Equal((true, false), (more.GetProperty("approve").GetBoolean(), more.GetProperty("relay").GetBoolean()));

        await _cli.JsonAsync(0, "trust grant", "ok", "trust", "grant", Id, "--clear", "maxTier=T1");
        PeerGrants cleared = new TrustedPeersFile(_cli.State.Path, TimeProvider.System).Entries[Id].Grants;
        Assert.Empty(cleared.Command);
        Assert.Equal((true, false, ClawMesh.Edge.Core.Evidence.EvidenceTier.UnverifiedObservation), (cleared.Relay, cleared.Approve, cleared.MaxTier));
        Assert.Equal(0, await _cli.RunAsync("trust", "grant", Id, "--clear"));
    }

    [Fact]
    public async Task Mistakes_are_usage_errors_and_make_nothing()
    {
        await _cli.FailsAsync(2, "cli.usage", "trust", "add", Id[..12]);
        await _cli.FailsAsync(2, "cli.usage", "trust", "add", Id, "--key", "short");
        await _cli.FailsAsync(2, "cli.usage", "trust", "add", Id, "--name", "a\tb");
        await _cli.FailsAsync(2, "cli.usage", "trust", "grant", Id);
        JsonElement error = await _cli.FailsAsync(2, "cli.usage", "trust", "add", Id, "--grant", "aprove,maxTier=T9");

        Assert.Contains("did you mean approve", error.GetProperty("why").GetString(), StringComparison.Ordinal);
        Assert.Contains("maxTier=T9", error.GetProperty("why").GetString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_cli.State.Path));
    }

    [Fact]
    [Trait("spec", "W-25")]
    public async Task The_key_of_another_device_and_the_node_itself_are_not_added()
    {
        await _cli.FailsAsync(1, "PUBLIC_KEY_MISMATCH", "trust", "add", new string('a', 64), "--key", Key);
        string self = (await _cli.JsonAsync(0, "identity", "ok", "identity")).GetProperty("deviceId").GetString()!;

        await _cli.FailsAsync(2, "cli.usage", "trust", "add", self);

        Assert.False(File.Exists(Store));
    }

    [Theory]
    [Trait("spec", "W-24")]
    [InlineData("list")]
    [InlineData("add")]
    [InlineData("remove")]
    [InlineData("grant")]
    public async Task A_damaged_store_is_left_as_it_is(string verb)
    {
        _cli.Put("state/mesh/trusted-peers.json", "{ not a store");
        string[] arguments = verb switch { "list" => [], "grant" => [Id, "approve"], _ => [Id] };

        JsonElement error = await _cli.FailsAsync(1, "TRUST_STORE_UNREADABLE", ["trust", verb, .. arguments]);

        Assert.Contains(Store, error.GetProperty("why").GetString(), StringComparison.Ordinal);
        Assert.Equal("{ not a store", File.ReadAllText(Store));
    }

    [Fact]
    public async Task An_entry_that_is_not_trusted_is_named_and_can_be_removed()
    {
        _cli.Put("state/mesh/trusted-peers.json", $$"""{"version":1,"peers":[{"deviceId":"{{new string('a', 64)}}","publicKey":"{{Key}}"}]}""");

        JsonElement data = await _cli.JsonAsync(0, "trust list", "warn", "trust", "list");
        Assert.Equal(0, data.GetProperty("count").GetInt32());
        Assert.Single(data.GetProperty("warnings").EnumerateArray());
        await _cli.JsonAsync(0, "trust add", "warn", "trust", "add", new string('a', 64));
        await _cli.FailsAsync(1, "trust.unknown_device", "trust", "grant", "aaaaaaaa", "approve");
        await _cli.JsonAsync(0, "trust remove", "ok", "trust", "remove", "aaaaaaaa");

        await _cli.JsonAsync(0, "trust list", "ok", "trust", "list");
    }
}
