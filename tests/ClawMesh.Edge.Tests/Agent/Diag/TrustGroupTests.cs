using System.Text.Json;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Tests.Agent.Diag;

public sealed class TrustGroupTests : IDisposable
{
    private readonly DiagBench _diag = new();

    public void Dispose() => _diag.Dispose();

    [Fact]
    public async Task An_identity_is_named_and_an_open_one_is_a_warning_with_the_command()
    {
        (await _diag.CheckAsync("trust.identity")).Has("skip", "first start");
        using (DeviceIdentity identity = DeviceIdentity.LoadOrCreate(_diag.State.Path, TimeProvider.System))
            (await _diag.CheckAsync("trust.identity")).Has("pass", identity.DeviceId.Abbreviated);

        string path = Path.Combine(_diag.State.Path, DeviceIdentity.RelativePath);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        JsonElement open = await _diag.CheckAsync("trust.identity");

        open.Has("warn", "not well kept");
        Assert.Contains($"chmod 600 {path}", open.Fix(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unusable_identity_is_a_fail_and_stays_as_it_is()
    {
        string path = _diag.StateFile(DeviceIdentity.RelativePath, "{ not an identity");

        JsonElement identity = await _diag.CheckAsync("trust.identity");

        Assert.Equal("fail", identity.Status());
        Assert.Contains("backup", identity.Fix(), StringComparison.Ordinal);
        Assert.Equal("{ not an identity", File.ReadAllText(path));
    }

    [Theory]
    [InlineData("{ \"version\": 1, \"peers\": [")]
    [InlineData("[]")]
    [InlineData("""{"version":2,"peers":[]}""")]
    [InlineData("""{"version":1,"peers":{}}""")]
    public async Task A_trust_store_that_cannot_be_used_is_a_fail_and_stays_as_it_is(string text)
    {
        string path = _diag.StateFile("mesh/trusted-peers.json", text);

        JsonElement store = await _diag.CheckAsync("trust.trusted-peers");

        store.Has("fail", "cannot be used");
        Assert.Equal("auth", store.GetProperty("failureClass").GetString());
        Assert.Equal(text, File.ReadAllText(path));
    }

    [Fact]
    public async Task Peers_are_counted_and_an_entry_whose_key_is_not_its_own_is_a_warning()
    {
        (await _diag.CheckAsync("trust.trusted-peers")).Has("pass", "no peer");
        byte[] key = [.. Enumerable.Range(0, 32).Select(n => (byte)n)];
        string text = System.Buffers.Text.Base64Url.EncodeToString(key);
        _diag.StateFile("mesh/trusted-peers.json", $$"""{"version":1,"peers":[{"deviceId":"{{DeviceIds.Of(key)}}","publicKey":"{{text}}"},{"deviceId":"{{new string('a', 64)}}"}]}""");
        (await _diag.CheckAsync("trust.trusted-peers")).Has("pass", "2 peers trusted");

        _diag.StateFile("mesh/trusted-peers.json", $$"""{"version":1,"peers":[{"deviceId":"{{new string('a', 64)}}","publicKey":"{{text}}"},{"deviceId":"x"}]}""");
        (await _diag.CheckAsync("trust.trusted-peers")).Has("warn", "2 not usable");
    }

    [Fact]
    [Trait("spec", "X-11")]
    public async Task What_each_peer_may_do_is_said_in_words_and_a_missing_key_is_named()
    {
        string id = new('a', 64);
        _diag.StateFile("mesh/trusted-peers.json", $$"""{"version":1,"peers":[{"deviceId":"{{id}}","displayName":"pump house","edge":{"grants":{"command":["actuator:valve:V1"]} } }]}""");
        JsonElement store = await _diag.CheckAsync("trust.trusted-peers");

        store.Has("pass", "1 peer trusted");
        Assert.Contains($"{id} pump house: gossip, relay, sync; commands actuator:valve:V1;", store.Why(), StringComparison.Ordinal);
        Assert.Contains("UNPINNED_TRUST_ENTRY", store.Why(), StringComparison.Ordinal);
        Assert.Equal(1, store.Value("unpinned"));

        _diag.StateFile("mesh/trusted-peers.json", $$"""{"version":1,"peers":[{"deviceId":"{{id}}","edge":{"grants":{"approve":"yes"} } }]}""");
        (await _diag.CheckAsync("trust.trusted-peers")).Has("warn", "1 peer trusted, 1 grant not understood");
    }

    [Fact]
    public async Task The_list_of_meshes_is_looked_at_and_a_damaged_one_stays_as_it_is()
    {
        _diag.MakeState();
        (await _diag.CheckAsync("trust.meshes")).Has("skip", "there is none");
        string mesh = MeshIdentity.OfName("bhoomi");
        _diag.StateFile("meshes.json", $$"""{"version":1,"meshes":[{"meshId":"{{mesh}}","policy":"ask"}]}""");
        (await _diag.CheckAsync("trust.meshes")).Has("pass", "1 meshes");
        _diag.StateFile("meshes.json", $$"""{"version":1,"meshes":[{"meshId":"{{mesh}}","policy":"often"}]}""");
        (await _diag.CheckAsync("trust.meshes")).Has("warn", "do not count");

        string path = _diag.StateFile("meshes.json", "[]");
        (await _diag.CheckAsync("trust.meshes")).Has("fail", "cannot be used");
        Assert.Equal("[]", File.ReadAllText(path));
    }

    [Fact]
    public async Task An_operator_token_open_to_others_is_a_warning()
    {
        string path = _diag.StateFile("operator.token", "secret");
        File.SetUnixFileMode(path, UnixMode.OwnerOnly);
        (await _diag.CheckAsync("trust.operator-token")).Has("pass", "0600");

        File.SetUnixFileMode(path, UnixMode.OwnerOnly | UnixFileMode.OtherRead);

        (await _diag.CheckAsync("trust.operator-token")).Has("warn", "act as operator");
        Assert.DoesNotContain("secret", _diag.Output, StringComparison.Ordinal);
    }
}
