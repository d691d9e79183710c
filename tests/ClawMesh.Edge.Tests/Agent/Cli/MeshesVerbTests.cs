using System.Text.Json;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Agent.Cli;

public sealed class MeshesVerbTests : IDisposable
{
    private static readonly string Orchard = MeshIdentity.OfName("orchard");
    private static readonly string Bhoomi = MeshIdentity.OfName("bhoomi");

    private readonly CliBench _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Without_a_node_nothing_is_known_and_looking_makes_nothing()
    {
        Assert.Equal(0, (await _cli.JsonAsync(0, "meshes list", "ok", "meshes", "list")).GetProperty("count").GetInt32());
        Assert.False(Directory.Exists(_cli.State.Path));
        Assert.Equal(0, await _cli.RunAsync("meshes", "list"));
        Assert.Contains("No mesh is known", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "W-29")]
    public async Task The_own_mesh_is_marked_with_where_it_comes_from()
    {
        _cli.Put("state/mesh/mesh-id", "2f5df2af-c81b-4003-a83f-22a0ea7b8cec\n");
        Node().Met(Bhoomi);
        JsonElement[] meshes = await ListAsync();
        Assert.Equal((true, "invented", "auto", false), (meshes[0].GetProperty("own").GetBoolean(), meshes[0].GetProperty("from").GetString(), meshes[0].GetProperty("policy").GetString(), meshes[0].GetProperty("decided").GetBoolean()));
        Assert.Equal((Bhoomi, false, "ask"), (meshes[1].GetProperty("meshId").GetString(), meshes[1].GetProperty("own").GetBoolean(), meshes[1].GetProperty("policy").GetString()));

        Node().Join(Bhoomi);
        Assert.Equal((Bhoomi, "joined"), (Own(await ListAsync()).GetProperty("meshId").GetString(), Own(await ListAsync()).GetProperty("from").GetString()));

        await _cli.RunAsync("config", "set", "meshName", "orchard");
        JsonElement own = Own(await ListAsync());
        Assert.Equal((Orchard, "orchard", "configuration"), (own.GetProperty("meshId").GetString(), own.GetProperty("name").GetString(), own.GetProperty("from").GetString()));
        Assert.Equal(0, await _cli.RunAsync("meshes", "list"));
        foreach (string part in (string[])[Orchard, Bhoomi, "orchard", "yes, configuration", "nobody decided"]) Assert.Contains(part, _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_policy_is_set_by_id_by_its_beginning_or_by_name_and_for_a_mesh_never_met()
    {
        await _cli.RunAsync("config", "set", "meshName", "orchard");
        JsonElement set = await _cli.JsonAsync(0, "meshes set-policy", "ok", "meshes", "set-policy", "orchard", "ask");
        Assert.Equal((false, "ask"), (set.GetProperty("nodeRuns").GetBoolean(), Assert.Single(set.GetProperty("meshes").EnumerateArray()).GetProperty("policy").GetString()));
        await _cli.JsonAsync(0, "meshes set-policy", "ok", "meshes", "set-policy", Bhoomi, "auto");
        await _cli.JsonAsync(0, "meshes set-policy", "ok", "meshes", "set-policy", Bhoomi[..8].ToUpperInvariant(), "never");

        Assert.Equal([(Orchard, "ask"), (Bhoomi, "never")], (await ListAsync()).Select(m => (m.GetProperty("meshId").GetString()!, m.GetProperty("policy").GetString()!)));
        Assert.Equal(0, await _cli.RunAsync("meshes", "set-policy", Bhoomi, "never"));
        Assert.Contains("already", _cli.Output, StringComparison.Ordinal);
        Assert.Contains("from the next start", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fits_no_mesh_or_two_decides_about_none()
    {
        string twin = Bhoomi[..20] + new string('0', 44);
        await _cli.RunAsync("meshes", "set-policy", Bhoomi, "never");
        await _cli.RunAsync("meshes", "set-policy", twin, "never");
        byte[] before = File.ReadAllBytes(Path.Combine(_cli.State.Path, KnownMeshesFile.RelativePath));

        await _cli.FailsAsync(2, "cli.usage", "meshes", "set-policy", Bhoomi[..20], "auto");
        await _cli.FailsAsync(2, "mesh.unknown", "meshes", "set-policy", Bhoomi[..7], "auto");
        await _cli.FailsAsync(2, "mesh.unknown", "meshes", "set-policy", "orchard", "auto");
        await _cli.FailsAsync(2, "mesh.unknown", "meshes", "forget", Orchard);
        await _cli.FailsAsync(2, "cli.usage", "meshes", "set-policy", Bhoomi, "sometimes");

        Assert.Equal(before, File.ReadAllBytes(Path.Combine(_cli.State.Path, KnownMeshesFile.RelativePath)));
    }

    [Fact]
    [Trait("spec", "W-30")]
    public async Task Forgetting_the_mesh_that_was_joined_goes_back_to_the_invented_one_and_says_so()
    {
        Node().Join(Bhoomi);
        using (NodeLock.TryAcquire(_cli.State.Path, out _))
        {
            JsonElement data = await _cli.JsonAsync(0, "meshes forget", "warn", "meshes", "forget", Bhoomi);
            Assert.True(data.GetProperty("nodeRuns").GetBoolean());
            Assert.Contains(MeshIdentity.TryLoad(_cli.State.Path)!, data.GetProperty("note").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal("invented", Own(await ListAsync()).GetProperty("from").GetString());
        Node().Met(Bhoomi);
        await _cli.JsonAsync(0, "meshes forget", "ok", "meshes", "forget", Bhoomi[..10]);
        Assert.Single(await ListAsync());
    }

    [Fact]
    public async Task A_damaged_list_is_told_and_left_alone_and_identity_warns()
    {
        string file = _cli.Put("state/meshes.json", "{ broken");

        await _cli.FailsAsync(2, "mesh.list_unreadable", "meshes", "list");
        await _cli.FailsAsync(2, "mesh.list_unreadable", "meshes", "set-policy", Bhoomi, "never");
        await _cli.FailsAsync(2, "mesh.list_unreadable", "meshes", "forget", Bhoomi);

        Assert.Equal("{ broken", File.ReadAllText(file));
        Assert.Contains("meshes.json", Assert.Single((await _cli.JsonAsync(0, "identity", "warn", "identity")).GetProperty("warnings").EnumerateArray()).GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_running_node_is_asked_which_mesh_it_belongs_to()
    {
        Node().SetPolicy(Bhoomi, ClawMesh.Edge.Core.Identity.JoinPolicy.Never);
        var rpc = new RpcDispatcher();
        rpc.Add("mesh.status", _ => true, (_, _, _) => Task.FromResult<Action<Utf8JsonWriter>>(w => w.WriteRawValue($$"""{"edge":{"mesh":{"meshId":"{{Orchard}}"} } }""")));
        await using LocalServer node = LocalServer.Start(_cli.State, rpc, new EventLog(new ManualTime()));

        JsonElement own = Own(await ListAsync());
        Assert.Equal((Orchard, "configuration", "auto"), (own.GetProperty("meshId").GetString(), own.GetProperty("from").GetString(), own.GetProperty("policy").GetString()));
    }

    [Fact]
    public async Task Identity_tells_the_mesh_that_was_joined()
    {
        Node().Join(Bhoomi);

        Assert.Equal(Bhoomi, (await _cli.JsonAsync(0, "identity", "ok", "identity")).GetProperty("meshId").GetString());
    }

    private static JsonElement Own(JsonElement[] meshes) => Assert.Single(meshes, m => m.GetProperty("own").GetBoolean());

    private async Task<JsonElement[]> ListAsync() => [.. (await _cli.JsonAsync(0, "meshes list", "ok", "meshes", "list")).GetProperty("meshes").EnumerateArray()];

    // As the running node would.
    private KnownMeshesFile Node() => new(_cli.State.Path, null, TimeProvider.System, Guid.NewGuid, () => new InMemoryTrustStore());
}
