using System.Diagnostics;
using System.Globalization;

namespace ClawMesh.Edge.Benchmarks;

/// <summary>What an idle node with the simulated farm holds in memory and takes of a core. No peer: the mesh is not in this version.</summary>
internal static class IdleBench
{
    private const int Storm = 2_000;

    public static async Task RunAsync(string binary, int seconds, FigureTable table)
    {
        using BenchNode node = BenchNode.Start(binary, benchSite: false);
        await node.ReadyAsync();
        await Task.Delay(TimeSpan.FromSeconds(5));
        using Process process = Process.GetProcessById(node.ProcessId);
        TimeSpan cpuBefore = process.TotalProcessorTime;
        var pss = new Samples();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 5; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(seconds / 5.0));
            pss.Add(PssMegabytes(node.ProcessId));
        }

        process.Refresh();
        double share = (process.TotalProcessorTime - cpuBefore).TotalSeconds / Stopwatch.GetElapsedTime(start).TotalSeconds * 100;
        table.Add($"idle PSS after {seconds + 5} s, simulated farm, no peer", $"median {pss.Percentile(50):0.0} MB, max {pss.Max:0.0} MB", "≤ 30 MB (with one peer)", pss.Percentile(50) <= 30);
        table.Add("idle CPU, of one core", $"{share:0.0} %", "", null);

        // A storm of commands the gate refuses and journals, then rest: what stays is what a node keeps.
        using (BenchLine line = node.Connect())
        {
            for (int i = 0; i < Storm; i++) line.Call("edge.actuate", """{"target":"actuator:valve:zone-1","operation":"open","llmOnly":true}""");
        }

        double right = PssMegabytes(node.ProcessId);
        await Task.Delay(TimeSpan.FromSeconds(40));
        double rested = PssMegabytes(node.ProcessId);
        table.Add($"PSS after {Storm} refused commands in a row, at once and 40 s later", $"{right:0.0} MB, {rested:0.0} MB", "≤ 30 MB at rest", rested <= 30);
    }

    private static double PssMegabytes(int pid)
    {
        string line = File.ReadLines($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/smaps_rollup").First(l => l.StartsWith("Pss:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024 / 1e6;
    }
}
