using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli.Verbs;
using ClawMesh.Edge.World.Twin;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Views;

/// <summary>Draws <c>edge.twin</c>: one row per property, with the forecast beside the value it belongs to.</summary>
internal static class TwinView
{
    public static void Render(JsonElement twin, IAnsiConsole console)
    {
        Table table = Facts.Table("entity", "property", "value", "forecast", "freshness", "tier", "from");
        table.Columns[2].RightAligned();
        Dictionary<string, string> names = Names(twin);
        foreach (JsonElement entity in twin.Items("entities"))
        {
            JsonElement[] properties = [.. entity.Items("properties")];
            foreach (JsonElement property in properties)
            {
                string name = property.Text("name");
                bool isForecast = name.StartsWith(Classification.ForecastPrefix, StringComparison.Ordinal);
                // Beside its value; a row of its own when nothing was observed.
                if (isForecast && Find(properties, name[Classification.ForecastPrefix.Length..]).ValueKind == JsonValueKind.Object) continue;
                JsonElement forecast = isForecast ? property : Find(properties, Classification.ForecastPrefix + name);
                table.AddRow(
                    new Text(Facts.Plain(entity.Text("id"))), new Text(Facts.Plain(isForecast ? name[Classification.ForecastPrefix.Length..] : name)),
                    new Text(isForecast ? "-" : Value(property)), new Text(forecast.ValueKind == JsonValueKind.Object ? $"{Value(forecast)} {Facts.Plain(forecast.Text("text"))}".TrimEnd() : ""),
                    new Text(property.Text("freshness") + (property.Flag("simulated") ? " (simulated)" : "")), new Text(Short(property.Text("tier"))),
                    new Text(names.GetValueOrDefault(property.Text("origin")) ?? Abbreviated(property.Text("origin"))));
            }
        }

        console.Write(table);
        foreach (JsonElement anomaly in twin.Items("anomalies"))
            console.WriteLine($"{anomaly.Text("kind")}: {Facts.Plain(anomaly.Text("subject"))} shows {Facts.Plain(anomaly.Text("seen"))}; expected {Facts.Plain(anomaly.Text("expected"))}. {anomaly.Text("check")}");
        History(twin, console);
        if (twin.Number("leftOut") is { } leftOut) console.WriteLine($"{leftOut:0} more entities did not fit into one answer; ask for some with --entity.");
        console.WriteLine($"Version {twin.Number("version"):0}, site time {twin.Text("siteTime")}; `world --frames` shows the frames behind it.");
    }

    private static void History(JsonElement twin, IAnsiConsole console)
    {
        if (twin.Member("history") is not { ValueKind: JsonValueKind.Object } history) return;
        string values = string.Join(' ', history.Items("values").Select(v => v.ValueKind == JsonValueKind.Null ? "-" : v.GetDouble().ToString("0.##", CultureInfo.InvariantCulture)));
        console.WriteLine($"{Facts.Plain(history.Text("entity"))} {Facts.Plain(history.Text("property"))}, means of {history.Number("stepMinutes"):0} min, oldest first: {values}");
    }

    private static Dictionary<string, string> Names(JsonElement twin)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonElement entity in twin.Items("entities"))
        {
            if (entity.Text("kind") != "node") continue;
            JsonElement[] properties = [.. entity.Items("properties")];
            if (Find(properties, "name").Text("text") is { Length: > 0 } name) names[entity.Text("id")["node:".Length..]] = Facts.Plain(name);
        }

        return names;
    }

    private static JsonElement Find(JsonElement[] properties, string name)
    {
        foreach (JsonElement property in properties)
        {
            if (property.Text("name") == name) return property;
        }

        return default;
    }

    private static string Value(JsonElement property) =>
        property.Number("value") is { } value && property.Text("unit") is var unit && (unit.Length > 0 || property.Text("text").Length == 0)
            ? $"{value.ToString("0.##", CultureInfo.InvariantCulture)} {Facts.Plain(unit)}".TrimEnd()
            : property.Text("text") is { Length: > 0 } text ? Facts.Plain(text) : "-";

    private static string Short(string tier) => tier.Length > 1 ? tier[..2] : tier;

    private static string Abbreviated(string device) => device.Length > 12 ? device[..12] : device;
}
