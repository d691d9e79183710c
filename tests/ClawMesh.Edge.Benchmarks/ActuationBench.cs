using System.Diagnostics;
using System.IO.MemoryMappedFiles;
using System.Text.Json;
using ClawMesh.Edge.Hardware.Simulated;

namespace ClawMesh.Edge.Benchmarks;

/// <summary>
/// A command over the local socket until the pin is seen written from outside: another process watches the mapped file. The journal
/// record is durable before the write, so the figure holds one flush. The flush of the same disk is measured beside it, and every
/// lease's end is taken from the journal's own <c>lateMs</c>.
/// </summary>
internal static class ActuationBench
{
    private const string Valve = "actuator:valve:B1";

    public static async Task RunAsync(string binary, int leases, FigureTable table)
    {
        using BenchNode node = BenchNode.Start(binary, benchSite: true);
        await node.ReadyAsync();
        using BenchLine line = node.Connect();
        string outputs = SimulatedOutputs.PathIn(node.StateDir);
        using var watcher = new OutputWatcher(outputs, Valve);
        Samples flush = MeasureFlush(node.StateDir, 300);

        var driven = new Samples();
        var late = new Samples();
        for (int i = 0; i < leases; i++)
        {
            long sent = Stopwatch.GetTimestamp();
            line.Send("edge.actuate", $$"""{"target":"{{Valve}}","operation":"open","params":{"durationSec":0.3} }""");
            long seen = watcher.WaitUntil(1);
            JsonElement answer = line.Receive();
            if (answer.GetProperty("outcome").GetString() != "done") throw new InvalidOperationException($"bench: {answer.GetRawText()}");
            driven.Add(Stopwatch.GetElapsedTime(sent, seen).TotalMilliseconds);
            watcher.WaitUntil(0);

            // The flow of the lease before must be gone: the effect is a rise over what flows already.
            await Task.Delay(300);
        }

        await Task.Delay(1500);
        JsonElement gate = line.Call("mesh.status", "{}").GetProperty("edge").GetProperty("safety").GetProperty("gate");
        double gateP99 = gate.GetProperty("p99Microseconds").GetDouble();
        foreach (double ms in await LateAsync(binary, node.StateDir)) late.Add(ms);

        table.Add(
            $"judge twice + mint + arm, journal excluded, AOT node between real commands ({gate.GetProperty("commands").GetInt32()} commands)",
            $"p50 {gate.GetProperty("p50Microseconds").GetDouble():0.0} µs, p99 {gateP99:0.0} µs", "p99 ≤ 20 µs", gateP99 <= 20);
        table.Add("fsync of 4 KiB in the same directory", $"p50 {flush.Percentile(50):0.00} ms, p99 {flush.Percentile(99):0.00} ms", "", null);
        table.Add(
            $"command received → pin written, journal durable ({driven.Count} commands, seen from outside)",
            $"p50 {driven.Percentile(50):0.00} ms, p99 {driven.Percentile(99):0.00} ms, max {driven.Max:0.00} ms", "p99 ≤ 10 ms", driven.Percentile(99) <= 10);
        table.Add(
            $"lease end → output safe ({late.Count} leases)",
            $"p50 {late.Percentile(50):0.0} ms, p99.9 {late.Percentile(99.9):0.0} ms, max {late.Max:0.0} ms", "p99.9 ≤ 50 ms", late.Percentile(99.9) <= 50);
    }

    private static Samples MeasureFlush(string directory, int count)
    {
        var samples = new Samples();
        string path = Path.Combine(directory, "flush-probe");
        using (var file = new FileStream(path, FileMode.CreateNew))
        {
            byte[] block = new byte[4096];
            for (int i = 0; i < count; i++)
            {
                file.Write(block);
                long start = Stopwatch.GetTimestamp();
                file.Flush(flushToDisk: true);
                samples.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        }

        File.Delete(path);
        return samples;
    }

    private static async Task<List<double>> LateAsync(string binary, string stateDir)
    {
        var start = new ProcessStartInfo(binary) { RedirectStandardOutput = true };
        foreach (string argument in (string[])["audit", "export", "--state-dir", stateDir]) start.ArgumentList.Add(argument);
        using Process export = Process.Start(start)!;
        var late = new List<double>();
        while (await export.StandardOutput.ReadLineAsync() is { } line)
        {
            using JsonDocument record = JsonDocument.Parse(line);
            if (record.RootElement.GetProperty("type").GetString() != "lease_end") continue;
            JsonElement body = record.RootElement.GetProperty("body");
            if (body.ValueKind == JsonValueKind.String)
            {
                using JsonDocument inner = JsonDocument.Parse(body.GetString()!);
                late.Add(inner.RootElement.GetProperty("lateMs").GetDouble());
            }
            else
            {
                late.Add(body.GetProperty("lateMs").GetDouble());
            }
        }

        return late;
    }

    /// <summary>Watches one output of the mapped file from outside.</summary>
    private sealed class OutputWatcher : IDisposable
    {
        private readonly MemoryMappedFile _file;
        private readonly MemoryMappedViewAccessor _view;
        private readonly long _offset;

        public OutputWatcher(string path, string reference)
        {
            int index = SimulatedOutputs.ReadFile(path).ToList().FindIndex(o => o.Ref == reference);
            _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            _offset = OutputsLayout.HeaderBytes + (index * OutputsLayout.RecordBytes) + OutputsLayout.RatioInRecord;
        }

        public long WaitUntil(double ratio)
        {
            long start = Stopwatch.GetTimestamp();
            while (_view.ReadDouble(_offset) != ratio)
            {
                if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(10)) throw new TimeoutException($"the output did not become {ratio}");
                // Given up between two looks: a spinning watcher would take the core the node wakes on.
                Thread.Yield();
            }

            return Stopwatch.GetTimestamp();
        }

        public void Dispose()
        {
            _view.Dispose();
            _file.Dispose();
        }
    }
}
