using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>actuate TARGET OP</c>: a command through the gate of the running node. Returns when the effect is known, not when the lease ends.</summary>
internal static class ActuateVerb
{
    // The slowest effect a site may declare, and the wait for an earlier command of the same output.
    private static readonly TimeSpan CallLimit = TimeSpan.FromMinutes(2);

    // The wire ignores what it does not know; a person who mistyped a limit must not find the output open without one.
    private static readonly string[] KnownParameters = ["state", "value", "durationSec"];

    public static Command Build(GlobalOptions global)
    {
        var target = new Argument<string>("TARGET") { Description = "The output, e.g. actuator:valve:zone-1." };
        var operation = new Argument<string>("OP") { Description = "open, close, start, stop, on, off, enable, disable or set." };
        var parameter = new Option<string[]>("--param") { Description = "A parameter of the operation: state, value or durationSec.", HelpName = "k=v" };
        var duration = new Option<string?>("--for") { Description = "How long, e.g. 30s; without it the site's defaultOn. The limits of the site cap it.", HelpName = "D" };
        var note = new Option<string?>("--note") { Description = "A sentence for the journal.", HelpName = "T" };
        var commandId = new Option<string?>("--command-id") { Description = "A command id acts at most once; a repeat gets the recorded answer.", HelpName = "ID" };
        var llmOnly = new Option<bool>("--llm-only") { Description = "Label the evidence as coming from a model alone: a self-check that must be refused." };
        var peer = new Option<string?>("--peer") { Description = "Carry it out at this peer: its device id, or the first 8 or more digits.", HelpName = "ID" };
        var url = new Option<string?>("--url") { Description = "Where to dial the peer when no node runs here; otherwise the static peer's URL.", HelpName = "URL" };
        var command = new Command("actuate", "Send a command through the gate; prints permit, outcome, lease and journal sequence.")
        {
            target, operation, parameter, duration, note, commandId, peer, url, llmOnly,
        };
        global.Body(command, async (context, parsed, cancellationToken) =>
        {
            Action<Utf8JsonWriter>? parameters = Parameters(parsed.GetValue(parameter) ?? [], parsed.GetValue(duration));
            string? peerId = parsed.GetValue(peer);
            // Known before anything is asked, so that also an error with no answer leads to what was done.
            string trace = parsed.GetValue(commandId) is { Length: > 0 } given ? given : Guid.NewGuid().ToString("D");
            if (peerId is null && parsed.GetValue(url) is not null) throw Usage("--url without --peer names no device.", "Add --peer with the device id of the node at that URL.");
            Action<Utf8JsonWriter> request = w =>
            {
                w.WriteString("target", parsed.GetValue(target));
                w.WriteString("operation", parsed.GetValue(operation));
                if (parameters is not null)
                {
                    w.WriteStartObject("params");
                    parameters(w);
                    w.WriteEndObject();
                }

                if (parsed.GetValue(note) is { } n) w.WriteString("note", n);
                w.WriteString("commandId", trace);
                if (parsed.GetValue(llmOnly)) w.WriteBoolean("llmOnly", true);
                if (peerId is not null) w.WriteString("peer", peerId);
            };
            JsonElement data = await AskAsync(context, peerId, parsed.GetValue(url), request, trace, cancellationToken);
            ActuationOutcome? outcome = ActuationOutcomeWords.Parse(data.Text("outcome"));
            context.Write(new JsonReport("actuate", outcome == ActuationOutcome.Done ? ReportStatus.Ok : ReportStatus.Fail, data, Render));
            return outcome switch
            {
                ActuationOutcome.Done => ExitCodes.Ok,
                ActuationOutcome.Refused => ExitCodes.Refused,
                _ => ExitCodes.Failed,
            };
        });
        return command;
    }

    // A second dial with this node's key would displace its session, so a running node sends for itself.
    private static async Task<JsonElement> AskAsync(CliContext context, string? peer, string? url, Action<Utf8JsonWriter> request, string trace, CancellationToken cancellationToken)
    {
        try
        {
            using LocalClient? client = peer is null ? LocalClient.Connect(context.State) : LocalClient.TryConnect(context.State);
            return client is not null
                ? await client.CallAsync("edge.actuate", request, CallLimit, cancellationToken)
                : await DirectCommand.SendAsync(context, peer!, url, JsonMembers.Element(w =>
                {
                    w.WriteStartObject();
                    request(w);
                    w.WriteEndObject();
                }), cancellationToken);
        }
        catch (EdgeException fault)
        {
            fault.Trace ??= trace;
            throw;
        }
    }

    private static Action<Utf8JsonWriter>? Parameters(string[] pairs, string? duration)
    {
        var members = new List<(string Key, string Value)>();
        foreach (string pair in pairs)
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0) throw Usage($"--param '{pair}' is not of the form k=v.", "For example --param state=active.");
            if (!KnownParameters.Contains(pair[..equals]))
                throw Usage($"--param {pair[..equals]} is not known; an operation takes {string.Join(", ", KnownParameters)}.", "A duration is given by --for.");
            if (members.Any(m => m.Key == pair[..equals])) throw Usage($"--param {pair[..equals]} is given twice.", "Give it once.");
            members.Add((pair[..equals], pair[(equals + 1)..]));
        }

        if (duration is not null)
        {
            if (!DurationText.TryParse(duration, out TimeSpan span)) throw Usage($"--for '{duration}' is not a duration.", $"Write {DurationText.Allowed}.");
            if (members.Any(m => m.Key == "durationSec")) throw Usage("The duration is given twice, by --for and by --param durationSec.", "Give one of them.");
            members.Add(("durationSec", span.TotalSeconds.ToString("R", CultureInfo.InvariantCulture)));
        }

        if (members.Count == 0) return null;
        return w =>
        {
            foreach ((string key, string value) in members)
            {
                // Numbers travel as numbers: durationSec=30 is 30 seconds, state=active is a word.
                if (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)) w.WriteNumber(key, number);
                else w.WriteString(key, value);
            }
        };
    }

    private static void Render(JsonElement data, IAnsiConsole console)
    {
        var grid = new Grid().AddColumn().AddColumn();
        void Row(string name, string value)
        {
            if (value.Length > 0) grid.AddRow(new Text(name), new Text(value));
        }

        Row("outcome", $"{data.Text("outcome")} ({data.Text("code")}){(data.Flag("repeat") ? ", repeat of an earlier command" : "")}");
        Row("", data.Text("message"));
        Row("permit", data.Text("permitId"));
        Row("lease", data.Number("leaseMs") is { } lease ? $"{DurationText.Format(TimeSpan.FromMilliseconds(lease))}{(data.Flag("leaseCapped") ? " (capped by the site's limits)" : "")}" : "");
        Row("journal", data.Text("journalSeq"));
        Row("trace", data.Text("commandId"));
        console.Write(grid);
    }

    private static EdgeException Usage(string why, string fix) => new(ErrorCodes.Usage, "The command line was not understood.", why, fix, FailureClass.Config);
}
