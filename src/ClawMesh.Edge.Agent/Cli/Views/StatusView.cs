using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Sites;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ClawMesh.Edge.Agent.Cli.Views;

/// <summary>Draws <c>mesh.status</c> with its <c>edge</c> member: for <c>status</c>, and live for <c>run</c> on a terminal.</summary>
internal static class StatusView
{
    public static void Render(JsonElement status, IAnsiConsole console) => console.Write(Draw(status, lastEvents: []));

    /// <param name="lastEvents">Lines to show above the sensors, oldest first: a small terminal cuts off the end.</param>
    public static IRenderable Draw(JsonElement status, IReadOnlyList<string> lastEvents)
    {
        JsonElement edge = status.Member("edge");
        var parts = new List<IRenderable> { Heading(status, edge), Outputs(edge) };
        if (StaticPeers(status) is { } peers) parts.Add(peers);
        if (Troubles(edge) is { } troubles) parts.Add(troubles);
        parts.AddRange(Proposals(status, edge));
        parts.AddRange(lastEvents.Select(line => new Text(line) { Overflow = Overflow.Ellipsis }));
        parts.Add(Sensors(edge));
        return new Rows(parts);
    }

    private static Rows Heading(JsonElement status, JsonElement edge)
    {
        string level = edge.Member("readiness").Text("level");
        string simulated = edge.Flag("simulated") ? " (simulated)" : "";
        string journal = edge.Member("journal").Text("state");
        return new Rows(
            new Markup($"[bold]{Markup.Escape(edge.Text("name"))}[/]  {Markup.Escape(Clip(status.Text("localDeviceId"), 12))}  site {Markup.Escape(edge.Text("site"))}{simulated}  up {Span(edge.Number("uptimeMs"))}  {Markup.Escape(edge.Text("listen"))}"),
            new Markup($"readiness {Coloured(level, level == "actuation_ready")}  journal {Coloured(journal, journal == "ready")}  clock {Markup.Escape(edge.Member("clock").Text("class"))}  frames {edge.Member("frames").Number("stored"):0} stored"),
            new Text($"peers {status.Number("connectedPeers"):0} connected  planner {status.Member("plannerActivity").Text("state")}{Leader(status)}{SelfDoubt(edge)}"),
            new Text(WorldModel(edge.Member("worldModel"))),
            new Text(""));
    }

    private static string Leader(JsonElement status) =>
        status.Member("plannerActivity").Member("leader") is { ValueKind: JsonValueKind.Object } leader && leader.Text("deviceId") is { Length: > 0 } id ? $", led by {Clip(id, 12)}" : "";

    private static string WorldModel(JsonElement model) =>
        model.Text("unavailable") is { Length: > 0 } why ? $"no forecasts: {why}"
        : model.Text("engine") is { Length: > 0 } engine ? $"{model.Text("model")} on {engine}, {model.Items("forecasts").Count(f => f.Text("unavailable").Length == 0)} of {model.Items("forecasts").Count()} zones forecast"
        : "no forecasts yet";

    // [X-36]: several peers silent at once speak for a fault on this side.
    private static string SelfDoubt(JsonElement edge) => edge.Member("mesh").Number("health") is > 0 and { } m ? $"  this node suspects itself ({m:0} of 8)" : "";

    // Only what keeps a static peer away is worth a line; who is connected is in `peers`.
    private static IRenderable? StaticPeers(JsonElement status)
    {
        List<IRenderable> lines =
        [
            .. status.Items("configuredStaticPeers").Where(p => p.Member("edge").Text("state") is not ("connected" or "stood-down"))
                .Select(p => new Markup($"[yellow]peer {Markup.Escape(Clip(p.Text("deviceId"), 12))}[/] {Markup.Escape(p.Text("url"))}: {Markup.Escape(p.Member("edge").Text("state"))} {Markup.Escape(p.Member("edge").Text("lastFault"))}")),
        ];
        return lines.Count == 0 ? null : new Rows(lines);
    }

    // What waits for a person is worth a line wherever it was proposed.
    private static List<IRenderable> Proposals(JsonElement status, JsonElement edge)
    {
        var lines = new List<IRenderable>();
        foreach (JsonElement p in status.Items("pendingProposals")) Add(p);
        foreach (JsonElement p in edge.Items("heardProposals")) Add(p);
        return lines;

        void Add(JsonElement p) => lines.Add(new Markup($"[yellow]proposal {Markup.Escape(Clip(p.Text("taskId"), 8))}[/] {Markup.Escape($"{p.Text("approvalLevel")} {p.Text("status")}: {p.Text("summary")}")}"));
    }

    private static IRenderable Outputs(JsonElement edge)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("output", "state", "lease left", "on in last hour", "note");
        foreach (JsonElement output in edge.Items("actuators"))
        {
            string state = output.Text("state");
            bool atSafe = state == output.Text("safe");
            string note = output.Member("latch") is { ValueKind: JsonValueKind.Object } latch ? $"latched by {latch.Text("cause")}: {latch.Text("why")}"
                : output.Flag("safePending") ? "going safe"
                : output.Member("fence") is { ValueKind: JsonValueKind.Object } fence ? $"fenced by {fence.Text("holder")} until {DateTimeOffset.FromUnixTimeMilliseconds((long)(fence.Number("expiresAtMs") ?? 0)):HH:mm:ss}Z"
                : "";
            table.AddRow(
                new Text(output.Text("ref")),
                new Markup(atSafe ? Markup.Escape(state) : $"[yellow]{Markup.Escape(state.Length == 0 ? "unreadable" : state)}[/]"),
                new Text(Span(output.Number("leaseLeftMs"))),
                new Text(Span(output.Number("onInLastHourMs"))),
                new Text(note));
        }

        return table;
    }

    private static IRenderable Sensors(JsonElement edge)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("sensor", "value", "status", "age");
        table.Columns[1].RightAligned();
        foreach (JsonElement sensor in edge.Items("sensors"))
        {
            string state = sensor.Text("state");
            string status = state is "active" ? sensor.Text("status") : state;
            bool calm = status is "normal" or "off" or "";
            table.AddRow(
                new Text(sensor.Text("id")),
                new Text(sensor.Number("value") is { } value ? $"{value.ToString("0.##", CultureInfo.InvariantCulture)} {sensor.Text("unit")}" : "-"),
                new Markup(calm ? Markup.Escape(status) : $"[yellow]{Markup.Escape(status)}[/]"),
                new Text(Span(sensor.Number("ageMs"))));
        }

        return table;
    }

    private static IRenderable? Troubles(JsonElement edge)
    {
        List<IRenderable> lines =
        [
            .. edge.Member("readiness").Items("evidence").Where(e => !e.Flag("holds"))
                .Select(e => new Markup($"[red]{Markup.Escape(e.Text("subject"))}[/]: {Markup.Escape(e.Text("detail"))}")),
        ];
        if (edge.Member("journal").Text("fix") is { Length: > 0 } fix) lines.Add(new Text($"fix: {fix}"));
        return lines.Count == 0 ? null : new Rows(lines);
    }

    private static string Coloured(string word, bool good) => $"[{(good ? "green" : "red")}]{Markup.Escape(word)}[/]";

    internal static string Span(double? milliseconds)
    {
        if (milliseconds is not { } ms) return "";
        if (ms < 1000) return $"{ms:0} ms";
        return ms < 10_000 ? $"{(ms / 1000).ToString("0.0", CultureInfo.InvariantCulture)} s" : DurationText.Format(TimeSpan.FromSeconds(Math.Round(ms / 1000)));
    }

    private static string Clip(string text, int length) => text.Length <= length ? text : text[..length];
}
