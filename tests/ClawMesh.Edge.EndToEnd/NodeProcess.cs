using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Hardware.Simulated;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>One node in a state directory of its own, on a port of its own, with the simulated farm.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    private NodeProcess(Process process, string stateDir)
    {
        _process = process;
        StateDir = stateDir;
        _output = process.StandardOutput.ReadToEndAsync();
        _error = process.StandardError.ReadToEndAsync();
    }

    public string StateDir { get; }

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Everything it logged; complete once it has ended.</summary>
    public Task<string> LogAsync() => _output;

    /// <summary>Starts a node and waits until its local socket answers.</summary>
    public static async Task<NodeProcess> StartAsync(string stateDir, params string[] more)
    {
        NodeProcess node = Launch(stateDir, more);
        await node.WaitUntilReadyAsync("sensor:tank-level:tank-1");
        return node;
    }

    /// <summary>Starts a node and waits for nothing.</summary>
    public static NodeProcess Launch(string stateDir, params string[] more) => Launch(stateDir, [], more);

    /// <summary>The same, with variables of its environment.</summary>
    public static NodeProcess Launch(string stateDir, Dictionary<string, string> environment, params string[] more)
    {
        string[] site = more.Contains("--site") ? [] : ["--site", "simulated"];
        string[] listen = more.Contains("--listen") ? [] : ["--listen", "127.0.0.1:0"];
        ProcessStartInfo start = EdgeBinary.StartInfo(["run", .. site, "--state-dir", stateDir, .. listen, "--no-discovery", .. more]);
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        return new NodeProcess(Process.Start(start)!, stateDir);
    }

    /// <summary>Waits until the node may arm and has read <paramref name="sensor"/> once.</summary>
    public Task WaitUntilReadyAsync(string sensor) => WaitAsync(
        status => status.GetProperty("edge").GetProperty("readiness").GetProperty("level").GetString() == "actuation_ready"
            && status.GetProperty("edge").GetProperty("sensors").EnumerateArray().Any(s => s.GetProperty("id").GetString() == sensor && s.TryGetProperty("value", out _)));

    /// <summary>Waits until the local socket answers: the outputs were made safe before that.</summary>
    public Task WaitForSocketAsync() => WaitAsync(_ => true);

    private async Task WaitAsync(Func<JsonElement, bool> condition)
    {
        long started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < StartLimit)
        {
            if (_process.HasExited) throw new InvalidOperationException($"The node ended with {_process.ExitCode}: {await _output} {await _error}");
            if (await TryCallAsync("mesh.status", "{}") is { } status && condition(status)) return;
            await Task.Delay(5);
        }

        throw new TimeoutException($"The node was not ready within {StartLimit.TotalSeconds} s.");
    }

    /// <summary>One request over the local socket; null while nobody listens.</summary>
    public async Task<JsonElement?> TryCallAsync(string method, string parameters)
    {
        try
        {
            return await CallAsync(method, parameters);
        }
        catch (Exception absent) when (absent is SocketException or IOException)
        {
            return null;
        }
    }

    public async Task<JsonElement> CallAsync(string method, string parameters)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(StateDir, "edge.sock")));
        await using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        await stream.WriteAsync(Encoding.UTF8.GetBytes($$"""{"type":"req","id":"t1","method":"{{method}}","params":{{parameters}}}""" + "\n"));
        string line = await reader.ReadLineAsync() ?? throw new IOException("the node hung up");
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement root = document.RootElement.Clone();
        return root.GetProperty("ok").GetBoolean() ? root.GetProperty("payload") : throw new InvalidOperationException(line);
    }

    public Task<Ran> CliAsync(params string[] arguments) => EdgeBinary.RunAsync([.. arguments, "--state-dir", StateDir]);

    /// <summary>SIGKILL: nothing of the process runs any more.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and the exit code it led to.</summary>
    public Task<int> TerminateAsync() => SignalAsync("TERM");

    /// <summary>Sends a signal that the node is to live through.</summary>
    public async Task SendAsync(string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    public async Task<int> SignalAsync(string signal)
    {
        await SendAsync(signal);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public Task<int> WaitForExitAsync() => _process.WaitForExitAsync().ContinueWith(_ => _process.ExitCode, TaskScheduler.Default);

    /// <summary>What the mapped file says of an output, read from outside the node.</summary>
    public double OutputOnDisk(string reference) => OutputOnDisk(StateDir, reference);

    public static double OutputOnDisk(string stateDir, string reference) =>
        SimulatedOutputs.ReadFile(SimulatedOutputs.PathIn(stateDir)).Single(o => o.Ref == reference).Ratio;

    /// <summary>How often the mapped file says that an output was written.</summary>
    public uint WritesOnDisk(string reference) => SimulatedOutputs.ReadFile(SimulatedOutputs.PathIn(StateDir)).Single(o => o.Ref == reference).Writes;

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }
}

/// <summary>A state directory that is removed afterwards.</summary>
internal sealed class TempState : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("cme-").FullName;

    public static implicit operator string(TempState state) => state.Path;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
