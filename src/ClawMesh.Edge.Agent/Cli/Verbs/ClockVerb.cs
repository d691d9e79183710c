using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Journal.Reading;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>clock show|set</c>: what the wall clock rests on ([X-37]), and an operator's word for it. Through the node when it runs.</summary>
internal static class ClockVerb
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BehindTolerance = TimeSpan.FromSeconds(5);

    public static Command Build(GlobalOptions global) => new("clock", "What the wall clock rests on. Leases and limits never depend on it.")
    {
        Show(global), Set(global),
    };

    private static Command Show(GlobalOptions global)
    {
        var command = new Command("show", "Class, source, offset, floor, and what would make it better.");
        global.Report(command, async (context, _, cancellationToken) =>
        {
            using LocalClient? node = LocalClient.TryConnect(context.State);
            return Report("clock show", node is not null ? await OfNodeAsync(node, cancellationToken) : WithoutNode(context.State, context.Time));
        });
        return command;
    }

    private static Command Set(GlobalOptions global)
    {
        var time = new Argument<string>("TIME|now") { Description = "UTC unless it says otherwise, e.g. 2026-11-21T06:30:00Z; now vouches for the system's clock." };
        var command = new Command("set", "Say what time it is; journaled, and good until the next boot of the machine.") { time };
        global.Report(command, async (context, parsed, cancellationToken) =>
        {
            // What a person says was meant when they said it; finding the node and writing the journal take their time.
            long askedAt = context.Time.GetTimestamp();
            DateTimeOffset asked = Instant(parsed.GetRequiredValue(time), context.Time);
            DateTimeOffset Now() => asked + context.Time.GetElapsedTime(askedAt);
            using LocalClient? node = LocalClient.TryConnect(context.State);
            if (node is null) return Report("clock set", await SetWithoutNodeAsync(context.State, context.Time, Now, cancellationToken));
            await node.CallAsync(
                "edge.config",
                w =>
                {
                    w.WriteString("key", "clock");
                    w.WriteString("value", Now().ToString("O", CultureInfo.InvariantCulture));
                },
                CallLimit, cancellationToken);
            return Report("clock set", await OfNodeAsync(node, cancellationToken));
        });
        return command;
    }

    private static async Task<JsonElement> OfNodeAsync(LocalClient node, CancellationToken cancellationToken)
    {
        JsonElement status = await node.CallAsync("mesh.status", null, CallLimit, cancellationToken);
        return Data("node", w =>
        {
            foreach (JsonProperty member in status.Member("edge").Member("clock").EnumerateObject()) member.WriteTo(w);
        });
    }

    /// <summary>The clock as a node that started now would have it.</summary>
    private static JsonElement WithoutNode(StateDirectory state, TimeProvider time)
    {
        DateTimeOffset? floor = NewestRecord(state);
        var keeper = new ClockKeeper(new NodeClock(time), state.ClockFile, () => floor);
        keeper.Start();
        return Data("files", keeper.Facts().WriteMembers);
    }

    private static async Task<JsonElement> SetWithoutNodeAsync(StateDirectory state, TimeProvider time, Func<DateTimeOffset> now, CancellationToken cancellationToken)
    {
        ClockKeeper.CheckPlausible(now());
        UnixMode.CreateDirectory(state.Path, UnixMode.OwnerOnlyDirectory);
        using OperatorJournal journal = OperatorJournal.Hold(state, time, "Could not set the clock.");
        journal.Open();
        await journal.AppendAsync("clock-set", $"{journal.Time.GetUtcNow():O} -> {now():O}", cancellationToken);
        journal.Clock.Set(now(), journal.By);
        return Data("files", journal.Clock.Facts().WriteMembers);
    }

    // Without a readable journal there is no floor; why it cannot be read is for `diag` and `audit` to say.
    private static DateTimeOffset? NewestRecord(StateDirectory state)
    {
        try
        {
            return new JournalReader(state.Path).List(new JournalQuery(1)) is [JournalRecord newest] ? newest.At : null;
        }
        catch (EdgeException)
        {
            return null;
        }
    }

    private static DateTimeOffset Instant(string text, TimeProvider time)
    {
        if (text == "now") return time.GetUtcNow();
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset at)) return at;
        throw new EdgeException(ErrorCodes.Usage, "Could not set the clock.", $"'{text}' is not a time.", "Write it as 2026-11-21T06:30:00Z, or `now`.", FailureClass.Config);
    }

    private static JsonElement Data(string through, Action<Utf8JsonWriter> members) => JsonMembers.Element(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("through", through);
        members(writer);
        writer.WriteEndObject();
    });

    private static JsonReport Report(string kind, JsonElement data)
    {
        bool unsure = data.Text("class") == ClockClass.Unsynchronised.Word() || IsBehind(data);
        return new JsonReport(kind, unsure ? ReportStatus.Warn : ReportStatus.Ok, data, Render);
    }

    // [X-47]: with the clock behind the journal an old command could be fresh again.
    private static bool IsBehind(JsonElement data) =>
        data.Member("floor") is { ValueKind: JsonValueKind.String } floor && floor.GetDateTimeOffset() - data.Member("now").GetDateTimeOffset() > BehindTolerance;

    /// <summary>What the Edge peers say about the clock; empty when none was asked.</summary>
    public static string PeersSay(JsonElement peers) => peers.Number("aheadMs") is not { } ahead ? ""
        : $"{peers.Text("agree")} of {peers.Text("known")} Edge peers agree within 10 s; their median is {Math.Abs(ahead) / 1000:0.0##} s {(ahead < 0 ? "behind" : "ahead")}";

    private static void Render(JsonElement data, IAnsiConsole console)
    {
        console.Write(Facts.Grid(
            ("now", data.Text("now")),
            ("class", data.Text("class")),
            ("source", data.Text("source")),
            ("offset", $"{data.Text("offsetMs")} ms to the system's clock{(data.Flag("liftedByFloor") ? ", lifted to the newest journal record" : "")}"),
            ("floor", data.Text("floor") is { Length: > 0 } floor ? $"{floor}, the newest journal record" : "none, the journal is empty or cannot be read"),
            ("peers", PeersSay(data.Member("peers"))),
            ("would help", data.Text("clears")),
            ("asked", data.Text("through") == "node" ? "the running node" : "the files; no node runs here")));
        if (IsBehind(data))
            console.MarkupLine("[yellow]The clock is behind the newest journal record: remote commands are refused (CLOCK_UNTRUSTED) until it has caught up.[/]");
    }
}
