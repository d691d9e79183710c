using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace ClawMesh.Edge.Benchmarks;

/// <summary>The binary under measurement, in a state directory of its own, and a line to its local socket.</summary>
internal sealed class BenchNode : IDisposable
{
    /// <summary>Four valves without rests and duties, so that the limits do not set the pace.</summary>
    private const string Site =
        """
        {
          "schema": 1, "name": "bench", "board": "simulated", "simulated": true,
          "sensors": [
            { "id": "sensor:tank-level:tank-1", "zone": "tank-1", "metric": "level", "unit": "%", "driver": "simulated", "channel": "tank-level", "interval": "1s", "valid": { "min": 0, "max": 105 } },
            { "id": "sensor:flow:mainline-01", "zone": "mainline-01", "metric": "flow", "unit": "l/min", "driver": "simulated", "channel": "flow", "interval": "1s", "valid": { "min": 0, "max": 150 } }
          ],
          "actuators": [
            { "ref": "actuator:valve:B1", "zone": "zone-1", "kind": "onOff", "driver": "simulated", "channel": "valve-1", "safe": "inactive",
              "operations": ["open", "close"], "maxOn": "1h", "ratePerMinute": 600,
              "effect": { "sensor": "sensor:flow:mainline-01", "rises": 2, "within": "2s" } }
          ]
        }
        """;

    private readonly Process _process;

    private BenchNode(Process process, string stateDir, long startedTimestamp) => (_process, StateDir, StartedTimestamp) = (process, stateDir, startedTimestamp);

    public string StateDir { get; }

    public int ProcessId => _process.Id;

    /// <summary>Monotonic timestamp just before the process was created.</summary>
    public long StartedTimestamp { get; }

    public static BenchNode Start(string binary, bool benchSite)
    {
        string state = Directory.CreateTempSubdirectory("cmb-").FullName;
        string site = "simulated";
        if (benchSite)
        {
            site = Path.Combine(state, "bench-site.json");
            File.WriteAllText(site, Site);
        }

        var start = new ProcessStartInfo(binary) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["run", "--site", site, "--state-dir", state, "--listen", "127.0.0.1:0", "--no-discovery"]) start.ArgumentList.Add(argument);
        start.Environment["CLAWMESH_STARTUP_TRACE"] = Path.Combine(state, "trace");
        long before = Stopwatch.GetTimestamp();
        var process = Process.Start(start)!;
        // Drained, so that a full pipe never slows the node.
        _ = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
        return new BenchNode(process, state, before);
    }

    /// <summary>Milliseconds from before the process was created to a mark of its start.</summary>
    public async Task<double> MarkAsync(string name)
    {
        string trace = Path.Combine(StateDir, "trace");
        for (int tries = 0; tries < 2000; tries++)
        {
            if (File.Exists(trace) && File.ReadAllLines(trace).FirstOrDefault(l => l.StartsWith(name + " ", StringComparison.Ordinal)) is { } line)
            {
                double started = StartedTimestamp * (1e9 / Stopwatch.Frequency);
                return (double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture) - started) / 1e6;
            }

            await Task.Delay(5);
        }

        throw new TimeoutException($"no mark '{name}' in {trace}");
    }

    public async Task ReadyAsync()
    {
        for (int tries = 0; tries < 2000; tries++)
        {
            try
            {
                using var line = Connect();
                if (line.Call("mesh.status", "{}").GetProperty("edge").GetProperty("readiness").GetProperty("level").GetString() == "actuation_ready") return;
            }
            catch (Exception absent) when (absent is SocketException or IOException)
            {
                // Not listening yet.
            }

            await Task.Delay(5);
        }

        throw new TimeoutException("the node did not become ready");
    }

    public BenchLine Connect() => new(Path.Combine(StateDir, "edge.sock"));

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(StateDir, recursive: true);
    }
}

/// <summary>One connection to the local socket.</summary>
internal sealed class BenchLine : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly StreamReader _reader;
    private readonly NetworkStream _stream;

    public BenchLine(string path)
    {
        _socket.Connect(new UnixDomainSocketEndPoint(path));
        _stream = new NetworkStream(_socket);
        _reader = new StreamReader(_stream);
    }

    public void Send(string method, string parameters) =>
        _stream.Write(Encoding.UTF8.GetBytes($$"""{"type":"req","id":"b","method":"{{method}}","params":{{parameters}}}""" + "\n"));

    public JsonElement Receive()
    {
        string line = _reader.ReadLine() ?? throw new IOException("the node hung up");
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement root = document.RootElement.Clone();
        return root.GetProperty("ok").GetBoolean() ? root.GetProperty("payload") : throw new InvalidOperationException(line);
    }

    public JsonElement Call(string method, string parameters)
    {
        Send(method, parameters);
        return Receive();
    }

    public void Dispose()
    {
        _reader.Dispose();
        _stream.Dispose();
        _socket.Dispose();
    }
}
