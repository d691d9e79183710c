using System.Text.Json;

namespace ClawMesh.Edge.Tests.Agent.Cli;

public sealed class ConfigVerbTests : IDisposable
{
    private const string PeerA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=ws://b";
    private const string PeerB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb=ws://d";

    private readonly CliBench _cli = new();

    private string NodeJson => _cli.State.NodeConfigFile;

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Init_writes_every_default_and_never_overwrites_by_itself()
    {
        JsonElement data = await _cli.JsonAsync(0, "config init", "ok", "config", "init");
        Assert.Equal(NodeJson, data.GetProperty("file").GetString());
        File.WriteAllText(NodeJson, """{ "port": 4000 }""");

        await _cli.FailsAsync(2, "config.exists", "config", "init");

        Assert.Equal("""{ "port": 4000 }""", File.ReadAllText(NodeJson));
    }

    [Fact]
    public async Task Init_with_force_keeps_the_old_file_even_when_it_is_broken()
    {
        _cli.Put("state/node.json", "{ broken");

        JsonElement data = await _cli.JsonAsync(0, "config init", "ok", "config", "init", "--force");

        Assert.Equal(NodeJson + ".bak", data.GetProperty("backup").GetString());
        Assert.Equal("{ broken", File.ReadAllText(NodeJson + ".bak"));
        Assert.Equal(0, await _cli.RunAsync("config", "check"));
    }

    [Fact]
    public async Task Show_tells_where_each_value_came_from()
    {
        _cli.Put("state/node.json", """{ "port": 4000, "colour": "red" }""");

        JsonElement data = await _cli.JsonAsync(0, "config show", "warn", "config", "show");

        JsonElement port = Assert.Single(data.GetProperty("values").EnumerateArray(), v => v.GetProperty("key").GetString() == "port");
        Assert.Equal((4000, NodeJson), (port.GetProperty("value").GetInt32(), port.GetProperty("source").GetString()));
        JsonElement site = Assert.Single(data.GetProperty("values").EnumerateArray(), v => v.GetProperty("key").GetString() == "site");
        Assert.Equal((JsonValueKind.Null, "default"), (site.GetProperty("value").ValueKind, site.GetProperty("source").GetString()));
        Assert.Equal("colour", Assert.Single(data.GetProperty("problems").EnumerateArray()).GetProperty("path").GetString());

        Assert.Equal(0, await _cli.RunAsync("config", "show"));
        Assert.Matches(@"port\s+4000\s+node\.json", _cli.Output);
        Assert.Matches(@"role\s+field\s+default", _cli.Output);
    }

    [Fact]
    public async Task Set_keeps_what_it_does_not_know()
    {
        _cli.Put("state/node.json", """{ "colour": "red", "port": 4000 }""");

        JsonElement data = await _cli.JsonAsync(0, "config set", "warn", "config", "set", "port", "5000");

        Assert.Equal(5000, data.GetProperty("value").GetInt32());
        Assert.False(data.TryGetProperty("backup", out _));
        Assert.False(data.GetProperty("restartNeeded").GetBoolean());
        Assert.Equal("{\n  \"colour\": \"red\",\n  \"port\": 5000\n}\n", File.ReadAllText(NodeJson));
    }

    [Fact]
    public async Task Set_keeps_a_file_with_comments_beside_the_new_one()
    {
        const string commented = "{ // the pump house\n  \"port\": 4000 }";
        _cli.Put("state/node.json", commented);

        Assert.Equal(0, await _cli.RunAsync("config", "set", "port", "5000"));

        Assert.Equal(commented, File.ReadAllText(NodeJson + ".bak"));
        Assert.Contains("node.json.bak", _cli.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("staticPeers", PeerA + "," + PeerB, $"""["{PeerA}","{PeerB}"]""")]
    [InlineData("staticPeers", $"""["{PeerA}||l,m"]""", $"""["{PeerA}||l,m"]""")]
    [InlineData("staticPeers", "", "[]")]
    [InlineData("discovery", "false", "false")]
    [InlineData("name", "Gewächshaus \"3\"", "\"Gewächshaus \\\"3\\\"\"")]
    [InlineData("site", "simulated", "\"simulated\"")]
    [InlineData("site", "/sites/../here.json", "\"/here.json\"")]
    [InlineData("operator.loopbackReadOnly", "read", "\"read\"")]
    public async Task Set_writes_a_value_as_its_key_wants_it(string key, string typed, string written)
    {
        JsonElement data = await _cli.JsonAsync(0, "config set", "ok", "config", "set", key, typed);

        Assert.Equal(written, data.GetProperty("value").GetRawText());
        data = await _cli.JsonAsync(0, "config show", "ok", "config", "show");
        JsonElement shown = Assert.Single(data.GetProperty("values").EnumerateArray(), v => v.GetProperty("key").GetString() == key);
        Assert.Equal((written, NodeJson), (shown.GetProperty("value").GetRawText(), shown.GetProperty("source").GetString()));
    }

    [Theory]
    [InlineData("port", "many")]
    [InlineData("port", "70000")]
    [InlineData("port", "-1")]
    [InlineData("port", "1,2")]
    [InlineData("discovery", "yes")]
    [InlineData("staticPeers", "[1]")]
    [InlineData("staticPeers", "a=ws://b")]
    [InlineData("staticPeers", "[")]
    [InlineData("name", "")]
    [InlineData("prot", "1")]
    public async Task Set_refuses_a_wrong_value_and_leaves_the_file_alone(string key, string typed)
    {
        _cli.Put("state/node.json", """{ "port": 4000 }""");

        await _cli.FailsAsync(2, "config.invalid", "config", "set", key, typed);

        Assert.Equal("""{ "port": 4000 }""", File.ReadAllText(NodeJson));
    }

    [Fact]
    public async Task Check_lists_the_problems_of_the_file_and_of_its_site_and_exits_with_2()
    {
        string site = _cli.Put("bad-site.json", """{ "schema": 1, "name": "x", "board": "simulated", "simulated": true, "actuators": [{ "ref": "actuator:valve:a" }] }""");
        _cli.Put("state/node.json", $$"""{ "port": -1, "site": "{{site}}" }""");

        JsonElement data = await _cli.JsonAsync(2, "config check", "fail", "config", "check");

        List<string> paths = [.. data.GetProperty("problems").EnumerateArray().Select(p => p.GetProperty("path").GetString()!)];
        Assert.Contains("port", paths);
        Assert.Contains(paths, p => p.StartsWith($"site {site}: actuators[0]", StringComparison.Ordinal));
        Assert.Equal(paths.Count, data.GetProperty("errors").GetInt32() + data.GetProperty("warnings").GetInt32());

        Assert.Equal(2, await _cli.RunAsync("config", "check"));
        Assert.All(paths, p => Assert.Contains(p, _cli.Output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Check_of_a_node_without_a_site_warns()
    {
        JsonElement data = await _cli.JsonAsync(0, "config check", "warn", "config", "check");

        Assert.Equal("site", Assert.Single(data.GetProperty("problems").EnumerateArray()).GetProperty("path").GetString());
    }
}
