using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Views;

/// <summary>Draws <c>mesh.world.query</c>: the current value of every observed key, and how many frames of what kind are known.</summary>
internal static class WorldView
{
    public static void Render(JsonElement world, IAnsiConsole console)
    {
        long now = (long)(world.Number("peerTimestamp") ?? 0);
        var table = new Table().Border(TableBorder.Simple).AddColumns("zone", "metric", "value", "status", "tier", "age", "from");
        table.Columns[2].RightAligned();
        foreach (JsonElement frame in world.Items("current").Where(f => f.Text("kind") == "observation"))
        {
            JsonElement data = frame.Member("data");
            table.AddRow(
                new Text(data.Text("zone")),
                new Text(data.Text("metric")),
                new Text(data.Number("value") is { } value ? $"{value.ToString("0.##", CultureInfo.InvariantCulture)} {data.Text("unit")}" : "-"),
                new Text(data.Text("status") + (data.Flag("simulated") ? " (simulated)" : "")),
                new Text(Tier(world, frame)),
                new Text(StatusView.Span(now - frame.Number("timestamp"))),
                new Text(frame.Text("sourceDisplayName") is { Length: > 0 } name ? name : frame.Text("sourceDeviceId")));
        }

        console.Write(table);
        if (world.Number("currentLeftOut") is { } leftOut) console.WriteLine($"{leftOut:0} more did not fit into one answer.");
        console.WriteLine($"{world.Number("entries"):0} entries; the last {world.Number("count"):0} frames by kind: "
            + string.Join(", ", world.Member("byKind") is { ValueKind: JsonValueKind.Object } kinds ? kinds.EnumerateObject().Select(k => $"{k.Name} {k.Value.GetRawText()}") : []));
    }

    // What this node believes, with what the frame states behind it where the two differ.
    private static string Tier(JsonElement world, JsonElement frame)
    {
        string stated = Short(frame.Member("trust").Text("evidence_trust_tier"));
        string believed = Short(world.Member("believed").Text(frame.Text("frameId")));
        return believed.Length == 0 ? stated : $"{believed} (says {stated})";
    }

    private static string Short(string tier) => tier.Length > 1 ? tier[..2] : tier;
}
