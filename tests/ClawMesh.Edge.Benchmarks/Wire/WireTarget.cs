using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;

namespace ClawMesh.Edge.Benchmarks.Wire;

/// <summary>A node under load: one that runs somewhere, or a binary to start.</summary>
/// <param name="Url">Null for one to start.</param>
/// <param name="Pid">0 when its process cannot be looked at.</param>
/// <param name="Binary">Null for one that runs.</param>
/// <param name="Limits">Its inbound limits, in words; a figure without them says little ([W-154]).</param>
internal sealed record WireTarget(string Name, Uri? Url, int Pid, string? Binary, bool Classic, string Limits)
{
    /// <summary><c>NAME=ws://host:port[,pid=N][,limits=TEXT]</c>.</summary>
    public static WireTarget? Parse(string text, bool classic)
    {
        string[] parts = text.Split(',');
        int equals = parts[0].IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || !Uri.TryCreate(parts[0][(equals + 1)..], UriKind.Absolute, out Uri? url) || url.Scheme != "ws") return null;
        int pid = 0;
        string limits = classic ? "100 messages in 60 s on a socket it accepted [W-152]" : "not told; an Edge node's default is 2,000/s, burst 10,000";
        foreach (string part in parts[1..])
        {
            if (part.StartsWith("pid=", StringComparison.Ordinal) && int.TryParse(part[4..], NumberStyles.None, CultureInfo.InvariantCulture, out pid)) continue;
            if (!part.StartsWith("limits=", StringComparison.Ordinal)) return null;
            limits = part[7..];
        }

        return new WireTarget(parts[0][..equals], url, pid, Binary: null, classic, limits);
    }

    /// <summary><c>[NAME=]BINARY</c>.</summary>
    public static WireTarget? ToSpawn(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string binary = text[(equals + 1)..];
        return File.Exists(binary)
            ? new WireTarget(equals > 0 ? text[..equals] : "spawned", Url: null, 0, binary, Classic: false, "1,000,000/s, burst 10,000,000")
            : null;
    }
}

/// <summary>What the kernel says about a process.</summary>
internal static class ProcessFigures
{
    // USER_HZ, which is 100 on every Linux .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>User and system time of all threads, in seconds.</summary>
    public static double CpuSeconds(int pid)
    {
        string stat = File.ReadAllText(Path.Combine("/proc", pid.ToString(CultureInfo.InvariantCulture), "stat"));
        // The name in parentheses may hold blanks; utime and stime are fields 14 and 15, the eleventh and twelfth after it.
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>Proportional set size in megabytes of a million bytes.</summary>
    public static double PssMegabytes(int pid)
    {
        string line = File.ReadLines(Path.Combine("/proc", pid.ToString(CultureInfo.InvariantCulture), "smaps_rollup")).First(l => l.StartsWith("Pss:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024 / 1e6;
    }
}

/// <summary>A binary started for the measurement, in a state directory of its own that trusts the tool, with limits that do not set the pace.</summary>
internal sealed class SpawnedNode : IDisposable
{
    private readonly Process _process;

    private SpawnedNode(Process process, string stateDir) => (_process, StateDir) = (process, stateDir);

    public string StateDir { get; }

    public string DeviceId { get; private set; } = "";

    public Uri Url { get; private set; } = new("ws://127.0.0.1");

    public int Pid => _process.Id;

    /// <summary>Starts the node and waits until it says where it listens.</summary>
    /// <param name="trusted">Devices to let in.</param>
    /// <param name="peer">A static peer, or null.</param>
    public static async Task<SpawnedNode> StartAsync(string binary, string meshName, IReadOnlyList<(NodeId Device, string? Key)> trusted, string? peer)
    {
        string state = Directory.CreateTempSubdirectory("cmw-").FullName;
        var store = new TrustedPeersFile(state, TimeProvider.System);
        foreach ((NodeId device, string? key) in trusted) store.Add(device, key);
        await File.WriteAllTextAsync(Path.Combine(state, "node.json"), """{"edge":{"limits":{"messagesPerSecond":1000000,"burst":10000000}}}""");
        var start = new ProcessStartInfo(binary) { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments = ["run", "--site", "simulated", "--state-dir", state, "--listen", "127.0.0.1:0", "--no-discovery", "--mesh-name", meshName];
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        if (peer is not null)
        {
            start.ArgumentList.Add("--peer");
            start.ArgumentList.Add(peer);
        }

        var process = Process.Start(start)!;
        // Drained, so that a full pipe never slows the node.
        _ = process.StandardOutput.ReadToEndAsync();
        Task<string> said = process.StandardError.ReadToEndAsync();
        var node = new SpawnedNode(process, state);
        try
        {
            await node.ReadyAsync(said);
            return node;
        }
        catch
        {
            node.Dispose();
            throw;
        }
    }

    /// <summary>Lets a device in from now on.</summary>
    public void Trust(string deviceId) => new TrustedPeersFile(StateDir, TimeProvider.System).Add(new NodeId(deviceId));

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(StateDir, recursive: true);
    }

    private async Task ReadyAsync(Task<string> said)
    {
        for (int tries = 0; tries < 1500; tries++)
        {
            if (_process.HasExited) throw new IOException($"'{_process.StartInfo.FileName}' ended with {_process.ExitCode}: {await said}");
            try
            {
                using var line = new BenchLine(Path.Combine(StateDir, "edge.sock"));
                JsonElement status = line.Call("mesh.status", "{}");
                string listen = status.GetProperty("edge").GetProperty("listen").GetString() ?? "";
                if (listen.Length > 0)
                {
                    DeviceId = status.GetProperty("localDeviceId").GetString()!;
                    Url = new Uri($"ws://{listen}");
                    return;
                }
            }
            catch (Exception absent) when (absent is SocketException or IOException)
            {
                // Not listening yet.
            }

            await Task.Delay(20);
        }

        throw new TimeoutException("the node did not say where it listens within 30 s");
    }
}
