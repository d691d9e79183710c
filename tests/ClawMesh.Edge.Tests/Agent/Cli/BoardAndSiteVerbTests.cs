using System.Text.Json;

namespace ClawMesh.Edge.Tests.Agent.Cli;

public sealed class BoardAndSiteVerbTests : IDisposable
{
    private readonly CliBench _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task The_boards_are_listed_with_what_they_bring()
    {
        JsonElement data = await _cli.JsonAsync(0, "board list", "ok", "board", "list");

        JsonElement simulated = Assert.Single(data.GetProperty("boards").EnumerateArray(), b => b.GetProperty("name").GetString() == "simulated");
        Assert.Equal((13, 5), (simulated.GetProperty("sensors").GetInt32(), simulated.GetProperty("outputs").GetInt32()));
        Assert.Equal(0, await _cli.RunAsync("board", "list"));
        Assert.Matches(@"simulated .* 13 +5", _cli.Output);
    }

    [Fact]
    public async Task A_board_is_shown_with_its_channels()
    {
        JsonElement data = await _cli.JsonAsync(0, "board show", "ok", "board", "show", "simulated");

        Assert.Equal(18, data.GetProperty("channels").GetArrayLength());
        Assert.Equal(0, await _cli.RunAsync("board", "show", "simulated"));
        Assert.Contains("valve-1", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_board_is_bad_configuration_and_the_known_ones_are_named()
    {
        JsonElement data = await _cli.FailsAsync(2, "board.invalid", "board", "show", "tx9");

        Assert.Contains("simulated", data.GetProperty("why").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_configured_site_the_simulated_one_is_shown()
    {
        JsonElement data = await _cli.JsonAsync(0, "site show", "ok", "site", "show");

        Assert.Equal("simulated", data.GetProperty("name").GetString());
        Assert.Equal((13, 5), (data.GetProperty("sensors").GetArrayLength(), data.GetProperty("actuators").GetArrayLength()));
        Assert.Equal(0, await _cli.RunAsync("site", "show"));
        Assert.Contains("actuator:pump:P1", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_configured_site_comes_before_the_simulated_one()
    {
        string site = _cli.Put("small.json", """{ "schema": 1, "name": "small", "board": "simulated", "simulated": true }""");
        _cli.Put("state/node.json", $$"""{ "port": -1, "site": "{{site}}" }""");

        JsonElement data = await _cli.JsonAsync(0, "site check", "ok", "site", "check");

        Assert.Equal(site, data.GetProperty("site").GetString());
    }

    [Fact]
    public async Task A_configuration_too_broken_to_name_its_site_is_not_answered_with_the_simulated_one()
    {
        _cli.Put("state/node.json", "{ broken");

        await _cli.FailsAsync(2, "config.invalid", "site", "check");
    }

    [Fact]
    public async Task Check_lists_every_problem_with_its_place_and_its_fix_and_exits_with_2()
    {
        string site = _cli.Put("bad.json", """{ "schema": 1, "board": "tx9", "simulated": true, "actuators": [{ "ref": "actuator:valve:a", "maxOn": "soon" }] }""");

        JsonElement data = await _cli.JsonAsync(2, "site check", "fail", "site", "check", site);

        List<JsonElement> problems = [.. data.GetProperty("problems").EnumerateArray()];
        Assert.Contains(problems, p => p.GetProperty("path").GetString() == "actuators[0].maxOn");
        Assert.True(problems.Count > 3);
        Assert.All(problems, p => Assert.NotEqual("", p.GetProperty("fix").GetString()));
        Assert.Equal(2, await _cli.RunAsync("site", "check", site));
        Assert.All(problems, p => Assert.Contains(p.GetProperty("path").GetString()!, _cli.Output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_site_with_errors_is_not_shown()
    {
        string site = _cli.Put("bad.json", "{}");

        await _cli.FailsAsync(2, "site.invalid", "site", "show", site);
    }
}
