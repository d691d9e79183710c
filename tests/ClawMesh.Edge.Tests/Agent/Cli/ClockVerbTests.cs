using System.Text.Json;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Agent.Cli;

public sealed class ClockVerbTests : IDisposable
{
    private readonly CliBench _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Without_a_node_the_clock_is_shown_from_the_files()
    {
        (int exit, JsonElement envelope) = await JsonAsync("clock", "show");

        JsonElement data = envelope.GetProperty("data");
        Assert.Equal((0, "clock show", "files"), (exit, envelope.GetProperty("kind").GetString(), data.GetProperty("through").GetString()));
        Assert.Contains(data.GetProperty("class").GetString(), (string[])["synchronised", "rtc", "unsynchronised"]);
        Assert.False(data.TryGetProperty("floor", out _));
        Assert.False(Directory.Exists(_cli.State.Path));
        Assert.Equal(0, await _cli.RunAsync("clock", "show"));
        Assert.Contains(data.GetProperty("source").GetString()!, _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operators_time_is_journaled_first_and_then_believed()
    {
        DateTimeOffset ahead = TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(30);

        (int exit, JsonElement envelope) = await JsonAsync("clock", "set", ahead.ToString("O"));

        Assert.Equal(0, exit);
        Assert.Equal(30, Days(envelope));
        Assert.Equal(30, Days((await JsonAsync("clock", "show")).Envelope));
        JsonElement record = (await _cli.JsonAsync(0, "audit list", "ok", "audit", "list")).GetProperty("records")[0];
        Assert.Equal(("operator", "clock-set"), (record.GetProperty("type").GetString(), record.GetProperty("code").GetString()));

        (_, envelope) = await JsonAsync("clock", "set", "now");
        Assert.InRange(envelope.GetProperty("data").GetProperty("offsetMs").GetInt64(), -1000, 1000);
    }

    [Theory]
    [InlineData("1970-01-01T00:00:00Z")]
    [InlineData("2206-11-21T06:00:00Z")]
    [InlineData("9999-12-31T23:59:59Z")]
    public async Task A_typo_in_the_century_is_refused_before_it_becomes_the_floor(string time)
    {
        (int exit, JsonElement envelope) = await JsonAsync("clock", "set", time);

        Assert.Equal(2, exit);
        Assert.Contains("between 2024 and 2099", envelope.GetProperty("data").GetProperty("why").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clock_set_behind_the_journal_warns()
    {
        Assert.Equal(0, await _cli.RunAsync("clock", "set", "now"));

        (int exit, JsonElement envelope) = await JsonAsync("clock", "set", "2024-02-29 12:00");

        Assert.Equal((0, "warn"), (exit, envelope.GetProperty("status").GetString()));
        Assert.Equal("2024-02-29", envelope.GetProperty("data").GetProperty("now").GetString()![..10]);
        Assert.Equal(0, await _cli.RunAsync("clock", "set", "2024-02-29 12:00"));
        Assert.Contains("CLOCK_UNTRUSTED", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_time_is_a_usage_error_and_leaves_no_trace()
    {
        await _cli.FailsAsync(2, "cli.usage", "clock", "set", "yesterday");

        Assert.False(Directory.Exists(_cli.State.Path));
    }

    [Fact]
    public async Task A_node_that_holds_the_directory_and_does_not_answer_is_not_passed_by()
    {
        Directory.CreateDirectory(_cli.State.Path);
        using NodeLock? held = NodeLock.TryAcquire(_cli.State.Path, out _);

        await _cli.FailsAsync(2, "node.already_running", "clock", "set", "now");

        Assert.False(File.Exists(_cli.State.ClockFile));
    }

    [Fact]
    public async Task A_running_node_is_told_the_time_and_asked_for_its_clock()
    {
        Directory.CreateDirectory(_cli.State.Path);
        var clock = new NodeClock(new ManualTime());
        var keeper = new ClockKeeper(clock, _cli.State.ClockFile, () => null);
        var rpc = new RpcDispatcher();
        rpc.Add("edge.config", _ => true, (p, caller, _) =>
        {
            Assert.Equal("clock", RpcParams.Text(p, "key"));
            keeper.Set(DateTimeOffset.Parse(RpcParams.Text(p, "value")!, System.Globalization.CultureInfo.InvariantCulture), caller.Name);
            return Task.FromResult<Action<Utf8JsonWriter>>(w => w.WriteNullValue());
        });
        rpc.Add("mesh.status", _ => true, (_, _, _) => Task.FromResult<Action<Utf8JsonWriter>>(w =>
        {
            w.WriteStartObject();
            w.WriteStartObject("edge");
            w.WriteStartObject("clock");
            keeper.Facts().WriteMembers(w);
            w.WriteEndObject();
            w.WriteEndObject();
            w.WriteEndObject();
        }));
        await using LocalServer node = LocalServer.Start(_cli.State, rpc, new EventLog(clock));

        (int exit, JsonElement envelope) = await JsonAsync("clock", "set", "2030-01-02T03:04:05Z");

        Assert.Equal((0, "node"), (exit, envelope.GetProperty("data").GetProperty("through").GetString()));
        string? now = envelope.GetProperty("data").GetProperty("now").GetString();
        Assert.StartsWith("2030-01-02T03:04:", now, StringComparison.Ordinal);
        Assert.Equal(now, (await JsonAsync("clock", "show")).Envelope.GetProperty("data").GetProperty("now").GetString());
    }

    // The status depends on the clock of this machine, so it is not fixed here.
    private async Task<(int Exit, JsonElement Envelope)> JsonAsync(params string[] args)
    {
        int exit = await _cli.RunAsync([.. args, "--json"]);
        return (exit, JsonDocument.Parse(_cli.Output).RootElement);
    }

    private static double Days(JsonElement envelope) => Math.Round(envelope.GetProperty("data").GetProperty("offsetMs").GetInt64() / 86_400_000.0, 2);
}
