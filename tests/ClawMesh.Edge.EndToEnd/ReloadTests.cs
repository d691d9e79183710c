using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>A node as systemd runs it: SIGHUP, what it says meanwhile, and what is left behind when it is killed.</summary>
public sealed class ReloadTests : IDisposable
{
    private const string Valve = "actuator:valve:zone-1";
    private const string Page = "http://localhost:8080";

    private readonly TempState _state = new();
    private readonly Socket _systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public ReloadTests()
    {
        _systemd.Bind(new UnixDomainSocketEndPoint(At("notify")));
        _systemd.ReceiveTimeout = 10_000;
    }

    public void Dispose()
    {
        _systemd.Dispose();
        _state.Dispose();
    }

    [Fact]
    public async Task A_hangup_from_systemd_takes_over_a_new_configuration_and_moves_no_output()
    {
        await using NodeProcess node = await StartAsync();
        await node.CallAsync("edge.actuate", $$"""{"target":"{{Valve}}","operation":"open","params":{"durationSec":30},"commandId":"before-reload"}""");
        await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(node));
        Assert.StartsWith("READY=1", Word(), StringComparison.Ordinal);
        uint writes = node.WritesOnDisk(Valve);

        Configure($$"""{"operator":{"allowedOrigins":["{{Page}}"]} }""");
        await node.SendAsync("HUP");

        Assert.Matches("^RELOADING=1\nMONOTONIC_USEC=[0-9]+$", Word());
        Assert.StartsWith("READY=1", Word(), StringComparison.Ordinal);
        (await ConnectAsync(node)).Dispose();
        Assert.Equal((1.0, writes), (node.OutputOnDisk(Valve), node.WritesOnDisk(Valve)));
        JsonElement record = (await node.CliAsync("audit", "list", "--type", "operator", "--json")).Data.GetProperty("records")[0];
        Assert.Equal("config-reload", record.GetProperty("code").GetString());
        Assert.Equal(0, await node.TerminateAsync());
        Assert.Equal(0, node.OutputOnDisk(Valve));
    }

    [Fact]
    public async Task A_configuration_with_one_change_that_cannot_be_taken_over_changes_nothing()
    {
        await using NodeProcess node = await StartAsync();
        Assert.StartsWith("READY=1", Word(), StringComparison.Ordinal);

        Configure($$"""{"name":"other","operator":{"allowedOrigins":["{{Page}}"]} }""");
        await node.SendAsync("HUP");

        Assert.StartsWith("RELOADING=1", Word(), StringComparison.Ordinal);
        Assert.StartsWith("READY=1", Word(), StringComparison.Ordinal);
        await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(node));
        JsonElement told = (await node.CallAsync("mesh.events", """{"type":"config.changed"}""")).GetProperty("events")[0];
        Assert.Equal("error", told.GetProperty("severity").GetString());
        Assert.Contains("name none -> \"other\" needs a restart", told.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_was_killed_leaves_its_last_seconds_and_a_trace_leads_to_them()
    {
        await using NodeProcess node = await StartAsync();
        Ran asked = await node.CliAsync("actuate", Valve, "open", "--for", "30s", "--json");
        string trace = asked.Data.GetProperty("trace").GetString()!;
        // The burst around it is appended every second.
        await WaitAsync(() => Directory.Exists(At("recorder")) && Directory.GetFiles(At("recorder")).Any(f => new FileInfo(f).Length > 10_000));
        await node.KillAsync();

        Ran exported = await node.CliAsync("events", "record", "export", "--trace", trace, "--output", At("out.jsonl"), "--json");
        Ran shown = await node.CliAsync("audit", "show", trace, "--json");

        Assert.Equal((0, 0), (exported.ExitCode, shown.ExitCode));
        Assert.True(exported.Data.GetProperty("burstSamples").GetInt32() > 20, exported.ToString());
        Assert.Contains($"\"trace\":\"{trace}\"", await File.ReadAllTextAsync(At("out.jsonl"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(trace, shown.Data.GetProperty("records")[0].GetProperty("commandId").GetString());
    }

    private async Task<NodeProcess> StartAsync()
    {
        NodeProcess node = NodeProcess.Launch(_state, new Dictionary<string, string> { ["NOTIFY_SOCKET"] = At("notify") });
        await node.WaitUntilReadyAsync("sensor:tank-level:tank-1");
        Assert.SkipWhen(HasTerminal(node.ProcessId), "these tests run in a terminal, where a hangup ends a node");
        return node;
    }

    private static bool HasTerminal(int process)
    {
        string stat = File.ReadAllText($"/proc/{process}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[4] != "0";
    }

    private void Configure(string json) => File.WriteAllText(At("node.json"), json);

    private string At(string name) => Path.Combine(_state.Path, name);

    private string Word()
    {
        byte[] buffer = new byte[1024];
        return Encoding.UTF8.GetString(buffer, 0, _systemd.Receive(buffer));
    }

    private static async Task<ClientWebSocket> ConnectAsync(NodeProcess node)
    {
        JsonElement status = await node.CallAsync("mesh.status", "{}");
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", Page);
        await socket.ConnectAsync(new Uri($"ws://{status.GetProperty("edge").GetProperty("listen").GetString()}"), TestContext.Current.CancellationToken);
        return socket;
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        for (int i = 0; i < 400 && !condition(); i++) await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.True(condition());
    }
}
