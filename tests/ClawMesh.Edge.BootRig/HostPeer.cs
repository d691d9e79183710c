using System.Diagnostics;
using System.Text.Json;

namespace ClawMesh.Edge.BootRig;

/// <summary>The peer on the host: dials the guest's mesh port and tells when the two are joined.</summary>
internal sealed class HostPeer : IDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    private readonly NodeProgram _node;
    private readonly string _state;
    private readonly string _guest;
    private readonly Process _process;

    public HostPeer(NodeProgram node, string state, string guest, int port)
    {
        (_node, _state, _guest) = (node, state, guest);
        _process = node.Start(state, "run", "--site", "simulated", "--listen", "127.0.0.1:0", "--no-discovery", "--mesh-name", "boot-rig", "--name", "host", "--peer", $"{guest}=ws://127.0.0.1:{port}||lan");
        var log = new StreamWriter(Path.Combine(state, "host.log")) { AutoFlush = true };
        _process.OutputDataReceived += (_, line) => Keep(log, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(log, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>When the present session began, by the host's clock; null when there is none, or it is silent.</summary>
    public long? JoinedAtMs()
    {
        ToolResult result = _node.Run(_state, "peers", "--json");
        if (result.Status != 0 || NodeProgram.Data(result.Output) is not { } data) return null;
        foreach (JsonElement peer in data.GetProperty("peers").EnumerateArray())
        {
            if (peer.GetProperty("deviceId").GetString() == _guest && peer.GetProperty("edge").GetProperty("state").GetString() == "up") return peer.GetProperty("connectedAtMs").GetInt64();
        }

        return null;
    }

    /// <summary>Waits for a session other than an earlier one.</summary>
    public bool AwaitJoin(long? other, TimeSpan limit)
    {
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < limit)
        {
            if (JoinedAtMs() is { } at && at != other) return true;
            Thread.Sleep(Pace);
        }

        return false;
    }

    public void Dispose()
    {
        Children.Kill(_process);
        _process.Dispose();
    }

    private static void Keep(StreamWriter log, string? line)
    {
        if (line is null) return;
        lock (log) log.WriteLine(line);
    }
}
