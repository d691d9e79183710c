using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Sites;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Views;

/// <summary>Draws <c>edge.proposals</c>, and one decided proposal for <c>approve</c> and <c>reject</c>.</summary>
internal static class ProposalsView
{
    public static void Render(JsonElement data, IAnsiConsole console)
    {
        if (data.Text("paused") is { Length: > 0 } paused) console.WriteLine($"The planner of this node proposes nothing at present: {paused}.");
        var table = new Table().Border(TableBorder.Simple).AddColumns("id", "level", "status", "what", "at", "by");
        int rows = 0;
        foreach (JsonElement item in data.Items("proposals"))
        {
            JsonElement p = item.Member("proposal");
            rows++;
            table.AddRow(
                new Text(Clip(p.Text("taskId"), 8)), new Text(p.Text("approvalLevel")), new Markup(Coloured(p.Text("status"))),
                new Text($"{p.Text("summary")}\n{What(p)}"), new Text(Clip(p.Text("peerDeviceId"), 12)), new Text(Owner(item)));
        }

        if (rows == 0)
        {
            console.WriteLine(data.Flag("planner") ? "Nothing is proposed." : "No planner that this node hears proposes anything.");
            return;
        }

        console.Write(table);
        foreach (JsonElement item in data.Items("proposals")) Explain(item.Member("proposal"), console);
        if (data.Number("leftOut") is { } more) console.WriteLine($"{more:0} more are not shown.");
    }

    public static void RenderOne(JsonElement data, IAnsiConsole console)
    {
        JsonElement p = data.Member("proposal");
        console.WriteLine($"{Clip(p.Text("taskId"), 8)} {p.Text("status")}{(p.Text("resolvedBy") is { Length: > 0 } by ? $" by {by}" : "")}: {p.Text("summary")}");
        JsonElement result = p.Member("result");
        JsonElement payload = result.Member("payload");
        if (payload.Text("outcome") is { Length: > 0 } outcome) console.WriteLine($"outcome {outcome} ({payload.Text("code")}), command {payload.Text("commandId")}");
        if (result.Text("error") is { Length: > 0 } error) console.WriteLine(error);
        if (p.Text("approvalLevel") == "L3" && p.Text("status") == "approved") console.WriteLine($"Somebody at the site must agree: clawmesh-edge approve {Clip(p.Text("taskId"), 8)} --confirm, on the node {Clip(p.Text("peerDeviceId"), 12)}.");
        if (p.Text("status") is "executing" or "approved" && p.Text("approvalLevel") != "L3") console.WriteLine("It is being carried out; `clawmesh-edge proposals --all` will tell what came of it.");
    }

    private static void Explain(JsonElement p, IAnsiConsole console)
    {
        if (p.Text("status") is "awaiting_approval" or "proposed" or "approved" && p.Text("reasoning") is { Length: > 0 } why) console.WriteLine($"{Clip(p.Text("taskId"), 8)}: {why}");
        if (p.Member("edge").Member("comparison") is { ValueKind: JsonValueKind.Object } seen)
            console.WriteLine($"{Clip(p.Text("taskId"), 8)}: {Percent(seen, "measuredPercent")} measured, {Percent(seen, "expectedPercent")} expected, {(seen.Flag("inside") ? "inside" : "outside")} the forecast.");
    }

    private static string What(JsonElement p)
    {
        string what = $"{p.Text("operation")} {p.Text("targetRef")}";
        if (p.Member("operationParams").Number("durationSec") is { } seconds and > 0 and < 1e6) what += $" for {DurationText.Format(TimeSpan.FromSeconds(seconds))}";
        if (p.Member("result").Text("error") is { Length: > 0 } error) what += $"\n{error}";
        return what;
    }

    private static string Owner(JsonElement item) =>
        item.Flag("own") ? "this node" : $"{Clip(item.Text("planner"), 12)}{(item.Flag("connected") ? item.Flag("leads") ? "" : ", does not lead" : ", not connected")}";

    private static string Coloured(string status) =>
        status is "awaiting_approval" or "approved" or "failed" ? $"[yellow]{Markup.Escape(status)}[/]" : Markup.Escape(status);

    private static string Percent(JsonElement e, string name) => e.Number(name) is { } value ? value.ToString("0.0", CultureInfo.InvariantCulture) + " %" : "-";

    private static string Clip(string text, int length) => text.Length <= length ? text : text[..length];
}
