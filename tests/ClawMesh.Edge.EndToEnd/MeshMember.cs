using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>
/// A node of a small mesh on loopback: a state directory, an identity and a port that outlive its process, so that it can be killed,
/// started again and found by those who dial it.
/// </summary>
internal sealed class MeshMember : IAsyncDisposable
{
    public const string MeshName = "end-to-end";

    public static readonly TimeSpan JoinLimit = TimeSpan.FromSeconds(60);

    // Below the range the kernel takes ports of outgoing connections from, so that none of those takes one while its node is down.
    private const int FirstPort = 20_000;
    private const int Ports = 12_000;

    private static int s_nextPort = FirstPort + (Environment.ProcessId * 37 % Ports);

    private readonly TempState _state = new();
    private NodeProcess? _node;

    private MeshMember(string deviceId, string publicKey, TempState state) => (DeviceId, PublicKey, _state) = (deviceId, publicKey, state);

    public string DeviceId { get; }

    public string PublicKey { get; }

    public string StateDir => _state;

    public int Port { get; } = FreePort();

    public string Url => $"ws://127.0.0.1:{Port}";

    /// <summary>As others name it in <c>--peer</c>.</summary>
    public string Spec => $"{DeviceId}={Url}||lan";

    public NodeProcess Node => _node ?? throw new InvalidOperationException("this member has not been started");

    /// <summary>Makes identity and configuration; nothing runs yet.</summary>
    /// <param name="configure">Changes <c>node.json</c>.</param>
    public static async Task<MeshMember> CreateAsync(Action<JsonObject>? configure = null)
    {
        var state = new TempState();
        Ran ran = await EdgeBinary.RunAsync("identity", "--json", "--state-dir", state);
        Assert.True(ran.ExitCode == 0, ran.ToString());

        // A second between two frames of a sensor: what is missed and caught up with is seen soon.
        var config = new JsonObject { ["meshName"] = MeshName, ["edge"] = new JsonObject { ["reportIntervalMs"] = 1_000 } };
        configure?.Invoke(config);
        await File.WriteAllTextAsync(Path.Combine(state, "node.json"), config.ToJsonString());
        return new MeshMember(ran.Data.GetProperty("deviceId").GetString()!, ran.Data.GetProperty("publicKey").GetString()!, state);
    }

    /// <summary>Two members who trust each other.</summary>
    public static async Task IntroduceAsync(MeshMember one, MeshMember other)
    {
        await one.TrustAsync(other.DeviceId, other.PublicKey);
        await other.TrustAsync(one.DeviceId, one.PublicKey);
    }

    /// <param name="grants">Texts of <c>--grant</c>.</param>
    public async Task TrustAsync(string deviceId, string publicKey, params string[] grants)
    {
        string[] granted = [.. grants.SelectMany(g => (string[])["--grant", g])];
        Ran ran = await CliAsync(["trust", "add", deviceId, "--key", publicKey, "--json", .. granted]);
        Assert.True(ran.ExitCode == 0, ran.ToString());
    }

    public async Task<MeshMember> StartAsync(params string[] flags)
    {
        await LaunchAsync(flags);
        await WaitUntilArmedAsync();
        return await ListeningAsync();
    }

    /// <summary>Starts a node whose site has none of the farm's sensors.</summary>
    public async Task<MeshMember> StartWithoutSensorsAsync(params string[] flags)
    {
        await LaunchAsync(flags);
        await Node.WaitForSocketAsync();
        return await ListeningAsync();
    }

    private async Task LaunchAsync(string[] flags)
    {
        if (_node is not null) await _node.DisposeAsync();
        _node = NodeProcess.Launch(StateDir, ["--listen", $"127.0.0.1:{Port}", .. flags]);
    }

    private async Task<MeshMember> ListeningAsync()
    {
        await MeshPoll.UntilAsync(
            async () => (await StatusAsync()).GetProperty("edge").GetProperty("listen").GetString() == $"127.0.0.1:{Port}", "the mesh port to be open", TimeSpan.FromSeconds(10));
        return this;
    }

    public Task<Ran> CliAsync(params string[] arguments) => EdgeBinary.RunAsync([.. arguments, "--state-dir", StateDir]);

    /// <summary>An operator vouches for the clock: commands of peers are refused without.</summary>
    public async Task SetClockAsync(DateTimeOffset? now = null)
    {
        Ran ran = await CliAsync("clock", "set", now is { } at ? at.UtcDateTime.ToString("O") : "now", "--json");
        Assert.True(ran.ExitCode == 0, ran.ToString());
    }

    public Task<JsonElement> StatusAsync() => Node.CallAsync("mesh.status", "{}");

    public Task<JsonElement> HealthAsync() => Node.CallAsync("mesh.health", "{}");

    /// <summary>Events of one type, oldest first.</summary>
    public async Task<JsonElement[]> EventsAsync(string type) =>
        [.. (await Node.CallAsync("mesh.events", $$"""{"limit":200,"type":"{{type}}"}""")).GetProperty("events").EnumerateArray().Reverse()];

    public async Task<string[]> MessagesAsync(string type) => [.. (await EventsAsync(type)).Select(e => e.GetProperty("message").GetString()!)];

    /// <summary>Frames of an origin in the log of this node, in the order of their arrival.</summary>
    public async Task<JsonElement[]> FramesOfAsync(string origin) =>
        [.. (await Node.CallAsync("mesh.world.query", $$"""{"limit":200,"kind":"observation","sourceDeviceId":"{{origin}}"}""")).GetProperty("frames").EnumerateArray()];

    /// <summary>A counter of <c>mesh.health</c>; 0 before its first increment.</summary>
    public async Task<long> CounterAsync(string name) =>
        (await HealthAsync()).GetProperty("metrics").EnumerateArray().FirstOrDefault(m => m.GetProperty("name").GetString() == name) is { ValueKind: JsonValueKind.Object } metric
            ? metric.GetProperty("value").GetInt64()
            : 0;

    /// <summary>The journal's records, oldest first.</summary>
    public async Task<JsonElement[]> JournalAsync()
    {
        Ran ran = await CliAsync("audit", "list", "--json", "--limit", "1000");
        Assert.True(ran.ExitCode == 0, ran.ToString());
        return [.. ran.Data.GetProperty("records").EnumerateArray()];
    }

    public async Task<bool> HasSessionWithAsync(string deviceId) =>
        (await StatusAsync()).GetProperty("peers").EnumerateArray().Any(p => p.GetProperty("deviceId").GetString() == deviceId && p.GetProperty("edge").GetProperty("state").GetString() == "up");

    public Task JoinedAsync(MeshMember other) =>
        MeshPoll.UntilAsync(() => HasSessionWithAsync(other.DeviceId), $"a session with {other.DeviceId[..12]}…", JoinLimit, async () => (await StatusAsync()).GetProperty("configuredStaticPeers").GetRawText());

    public Task LostAsync(MeshMember other) =>
        MeshPoll.UntilAsync(async () => !await HasSessionWithAsync(other.DeviceId), $"the end of the session with {other.DeviceId[..12]}…", TimeSpan.FromSeconds(20));

    public Task OutputIsAsync(string reference, double ratio, TimeSpan limit) =>
        MeshPoll.UntilAsync(() => Task.FromResult(Node.OutputOnDisk(reference) == ratio), $"{reference} to be at {ratio}", limit);

    public Task WaitUntilArmedAsync() => Node.WaitUntilReadyAsync("sensor:tank-level:tank-1");

    public async ValueTask DisposeAsync()
    {
        if (_node is not null) await _node.DisposeAsync();
        _state.Dispose();
    }

    /// <summary>A port of loopback that nothing listens on now.</summary>
    public static int FreePort()
    {
        for (int tries = 0; tries < Ports; tries++)
        {
            int port = FirstPort + ((Interlocked.Increment(ref s_nextPort) - FirstPort) % Ports);
            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, port);
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
                continue;
            }
        }

        throw new UnreachableException("no port of loopback is free");
    }
}
