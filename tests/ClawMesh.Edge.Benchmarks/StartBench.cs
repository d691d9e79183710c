namespace ClawMesh.Edge.Benchmarks;

/// <summary>From process creation to safe outputs, to the local socket, to the mesh port; a fresh state directory each time.</summary>
internal static class StartBench
{
    public static async Task RunAsync(string binary, int starts, FigureTable table)
    {
        var safe = new Samples();
        var socket = new Samples();
        var port = new Samples();
        for (int i = 0; i < starts; i++)
        {
            using BenchNode node = BenchNode.Start(binary, benchSite: false);
            port.Add(await node.MarkAsync("port-listening"));
            socket.Add(await node.MarkAsync("local-socket"));
            safe.Add(await node.MarkAsync("outputs-safe"));
        }

        table.Add($"exec → all outputs safe ({starts} starts, fresh state)", Text(safe), "≤ 100 ms", safe.Percentile(50) <= 100);
        table.Add("exec → local socket listening", Text(socket), "", null);
        table.Add("exec → mesh port listening", Text(port), "≤ 200 ms", port.Percentile(50) <= 200);
    }

    private static string Text(Samples s) => $"p50 {s.Percentile(50):0} ms, max {s.Max:0} ms";
}
