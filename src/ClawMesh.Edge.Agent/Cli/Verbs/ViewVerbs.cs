using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli.Views;
using ClawMesh.Edge.Agent.LocalApi;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>status</c>, <c>peers</c>, <c>world</c>, <c>events</c>, <c>proposals</c>: views of the running node, or of any node by <c>--url</c>, once or every second.</summary>
internal static class ViewVerbs
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WatchPace = TimeSpan.FromSeconds(1);

    public static Command Status(GlobalOptions global) =>
        View(global, "status", "Sensors, outputs, leases, readiness and storage of the running node.", "mesh.status", _ => null, StatusView.Render);

    public static Command Peers(GlobalOptions global) =>
        View(
            global, "peers", "Who is connected: roles, links, silence, capabilities; with -v features, posture, pacing, lag and clock of each.", _ => "mesh.peers", _ => null,
            verbose => verbose ? PeersView.RenderAll : PeersView.Render);

    public static Command World(GlobalOptions global)
    {
        var entity = new Option<string?>("--entity") { Description = "Only this entity, or those whose id begins so, e.g. zone:zone-1 or tank:.", HelpName = "ID" };
        var history = new Option<string?>("--history") { Description = "With --entity: this property's last day in quarter hours of the site's time, too.", HelpName = "PROPERTY" };
        var frames = new Option<bool>("--frames") { Description = "The frames behind it instead: the current one of every key, and the log." };
        var kind = new Option<string?>("--kind") { Description = "With --frames: only frames of this kind in the log.", HelpName = "KIND" };
        var limit = new Option<int>("--limit") { Description = "With --frames: frames of the log to show, 1 to 200.", DefaultValueFactory = _ => 50 };
        return View(
            global, "world", "What the node believes of its site: zones, tanks, lines, outputs and nodes, with forecasts beside.", parsed => parsed.GetValue(frames) ? "mesh.world.query" : "edge.twin",
            parsed => w =>
            {
                if (parsed.GetValue(frames))
                {
                    w.WriteBoolean("current", true);
                    w.WriteNumber("limit", parsed.GetValue(limit));
                    if (parsed.GetValue(kind) is { } k) w.WriteString("kind", k);
                    return;
                }

                if (parsed.GetValue(entity) is not { } id) return;
                w.WriteString("entity", id);
                if (parsed.GetValue(history) is not { } property) return;
                w.WriteStartObject("history");
                w.WriteString("entity", id);
                w.WriteString("property", property);
                w.WriteEndObject();
            },
            _ => (data, console) => (data.Member("entities").ValueKind == JsonValueKind.Array ? (Action<JsonElement, IAnsiConsole>)TwinView.Render : WorldView.Render)(data, console),
            entity, history, frames, kind, limit);
    }

    public static Command Events(GlobalOptions global)
    {
        var type = new Option<string?>("--type") { Description = "Only events of this type, e.g. actuation.outcome.", HelpName = "TYPE" };
        var limit = new Option<int>("--limit") { Description = "How many, 1 to 200.", DefaultValueFactory = _ => 50 };
        var trace = new Option<string?>("--trace") { Description = "Only events of this trace, which an answer or an error named.", HelpName = "ID" };
        Command events = View(
            global, "events", "What happened lately, in the words of the log.", "mesh.events",
            parsed => w =>
            {
                w.WriteNumber("limit", parsed.GetValue(limit));
                if (parsed.GetValue(type) is { } t) w.WriteString("type", t);
                if (parsed.GetValue(trace) is { } id) w.WriteString("trace", id);
            },
            EventsView.Render, type, limit, trace);
        events.Subcommands.Add(RecordVerb.Build(global));
        return events;
    }

    public static Command Proposals(GlobalOptions global)
    {
        var all = new Option<bool>("--all") { Description = "Also those that are decided, carried out or expired, as far as they are remembered." };
        return View(
            global, "proposals", "What planners ask for: this node's, and those of connected planners.", "edge.proposals",
            parsed => w => w.WriteBoolean("all", parsed.GetValue(all)), ProposalsView.Render, all);
    }

    private static Command View(
        GlobalOptions global, string name, string description, string method,
        Func<ParseResult, Action<Utf8JsonWriter>?> parameters, Action<JsonElement, IAnsiConsole> render, params ReadOnlySpan<Option> options) =>
        View(global, name, description, _ => method, parameters, _ => render, options);

    // What has a version is shown again only when it has changed. How it is drawn may depend on -v.
    private static Command View(
        GlobalOptions global, string name, string description, Func<ParseResult, string> method,
        Func<ParseResult, Action<Utf8JsonWriter>?> parameters, Func<bool, Action<JsonElement, IAnsiConsole>> render, params ReadOnlySpan<Option> options)
    {
        var watch = new Option<bool>("--watch") { Description = "Again every second, until interrupted; with --json one object per line." };
        var url = new Option<string?>("--url") { Description = "Another node's port: ws://host:port, or wss://host:port|fingerprint.", HelpName = "URL" };
        var command = new Command(name, description) { watch, url };
        foreach (Option option in options) command.Options.Add(option);
        global.Body(command, async (context, parsed, cancellationToken) =>
        {
            await using INodeClient client = parsed.GetValue(url) is { } other
                ? await PortClient.ConnectAsync(context, other, cancellationToken)
                : LocalClient.Connect(context.State);
            using var timer = new PeriodicTimer(WatchPace, context.Time);
            double? shown = null;
            try
            {
                do
                {
                    JsonElement data = await client.CallAsync(method(parsed), parameters(parsed), CallLimit, cancellationToken);
                    double? version = data.Number("version");
                    if (version is not null && version == shown) continue;
                    shown = version;
                    context.Write(new JsonReport(name, StatusOf(data), data, render(context.Verbose)));
                }
                while (parsed.GetValue(watch) && await timer.WaitForNextTickAsync(cancellationToken));
            }
            catch (OperationCanceledException)
            {
                // The person pressed Ctrl-C: that is how a watch ends.
                return ExitCodes.Ok;
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    // A view that could be read is never a failure; what it shows may still ask for attention.
    private static ReportStatus StatusOf(JsonElement data) =>
        data.Member("edge") is { ValueKind: JsonValueKind.Object } edge && edge.Member("readiness").Text("level") != "actuation_ready" ? ReportStatus.Warn : ReportStatus.Ok;
}
