using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Agent.Recorder;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>events record export</c>: what the flight recorder holds, of a living node or of a dead one. Asks no node.</summary>
internal static class RecordVerb
{
    private const string What = "The recording was not exported.";

    public static Command Build(GlobalOptions global) => new("record", "The flight recorder: what the node saw, second by second, and at full rate around each actuation and fault.") { Export(global) };

    private static Command Export(GlobalOptions global)
    {
        var from = new Option<string?>("--from") { Description = "From this moment on, e.g. 2026-11-21T06:30:00Z.", HelpName = "T" };
        var to = new Option<string?>("--to") { Description = "Up to this moment.", HelpName = "T" };
        var last = new Option<string?>("--last") { Description = "The last so long, e.g. 10m.", HelpName = "DURATION" };
        var trace = new Option<string?>("--trace") { Description = "From two seconds before the first event of this trace to five after the last.", HelpName = "ID" };
        var format = new Option<string>("--format") { Description = "jsonl: a JSON object per record; csv: a line per value.", DefaultValueFactory = _ => "jsonl", HelpName = "jsonl|csv" };
        format.AcceptOnlyFromAmong("jsonl", "csv");
        var output = new Option<string?>("--output") { Description = "Write to this file instead of standard output; needed with --json.", HelpName = "FILE" };
        var command = new Command("export", "Write what was recorded as JSON lines or CSV.") { from, to, last, trace, format, output };
        global.Body(command, (context, parsed, _) =>
        {
            string? file = parsed.GetValue(output);
            if (file is null && context.Json) throw Usage("--json prints one object, and a recording is many.", "Add --output FILE: then the object says what was written there.");
            var reader = new RecorderReader(new RecorderFolder(RecorderFolder.PathIn(context.State.Path)));
            bool csv = parsed.GetValue(format) == "csv";
            try
            {
                RecorderSpan span = Span(reader, context.Time, parsed.GetValue(from), parsed.GetValue(to), parsed.GetValue(last), parsed.GetValue(trace));
                if (file is null)
                {
                    reader.Export(span, csv, context.Output);
                    context.Output.Flush();
                    return Task.FromResult(ExitCodes.Ok);
                }

                context.Write(new ExportReport(Path.GetFullPath(file), To(file, reader, span, csv)));
                return Task.FromResult(ExitCodes.Ok);
            }
            catch (DirectoryNotFoundException)
            {
                throw new EdgeException(
                    "recorder.absent", What, $"'{RecorderFolder.PathIn(context.State.Path)}' does not exist.",
                    "Name the state directory of the node with --state-dir; a node records when edge.recorder.megabytes is not 0.", FailureClass.Storage);
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                throw new EdgeException(
                    "recorder.unreadable", What, unreadable.Message, "Run the command as the node's user or as root.", FailureClass.Storage, unreadable);
            }
        });
        return command;
    }

    private static RecorderSpan Span(RecorderReader reader, TimeProvider time, string? from, string? to, string? last, string? trace)
    {
        int ways = (from is not null || to is not null ? 1 : 0) + (last is not null ? 1 : 0) + (trace is not null ? 1 : 0);
        if (ways > 1) throw Usage("More than one of --from and --to, --last and --trace was given.", "Choose one of them.");
        if (trace is not null)
        {
            return reader.FindTrace(trace) ?? throw new EdgeException(
                "recorder.no_trace", What, $"No recorded event carries the trace '{trace}'.",
                "Its time is no longer, or not yet, on disk; `clawmesh-edge audit show TRACE` and the log may know it.", FailureClass.Storage);
        }

        if (last is not null)
        {
            if (!DurationText.TryParse(last, out TimeSpan span)) throw Usage($"--last '{last}' is not a duration.", $"Write {DurationText.Allowed}.");
            return new RecorderSpan(time.GetUtcNow() - span, DateTimeOffset.MaxValue);
        }

        return new RecorderSpan(from is null ? DateTimeOffset.MinValue : Instant("--from", from), to is null ? DateTimeOffset.MaxValue : Instant("--to", to));
    }

    private static DateTimeOffset Instant(string flag, string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset at)
            ? at
            : throw Usage($"{flag} '{text}' is not a time.", "Write it as 2026-11-21T06:30:00Z.");

    private static RecorderCounts To(string path, RecorderReader reader, RecorderSpan span, bool csv)
    {
        // Beside the target and renamed at the end: a file of this name is a whole export.
        string partial = path + ".partial";
        try
        {
            RecorderCounts counts;
            using (var writer = new StreamWriter(partial, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" }) counts = reader.Export(span, csv, writer);
            File.Move(partial, path, overwrite: true);
            return counts;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException && !reader.Failed)
        {
            throw new EdgeException(
                "storage.write_failed", $"Could not write the recording to '{path}'.", failed.Message, "Name a file in a directory with room that you may write to.", FailureClass.Storage, failed);
        }
    }

    private static EdgeException Usage(string why, string fix) => new(ErrorCodes.Usage, "The command line was not understood.", why, fix, FailureClass.Config);

    private sealed record ExportReport(string File, RecorderCounts Counts) : IReport
    {
        public string Kind => "events record export";

        public ReportStatus Status => Counts.SkippedBytes > 0 || Counts.Records == 0 ? ReportStatus.Warn : ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("file", File);
            writer.WriteNumber("count", Counts.Records);
            writer.WriteNumber("seconds", Counts.Seconds);
            writer.WriteNumber("burstSamples", Counts.BurstSamples);
            writer.WriteNumber("events", Counts.Events);
            writer.WriteNumber("skippedBytes", Counts.SkippedBytes);
            if (Counts.First is { } first) writer.WriteString("first", RecordPicture.Instant(first));
            if (Counts.Last is { } last) writer.WriteString("last", RecordPicture.Instant(last));
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console) => console.Write(Facts.Grid(
            ("written", File),
            ("seconds", $"{Counts.Seconds}"), ("burst samples", $"{Counts.BurstSamples}"), ("events", $"{Counts.Events}"),
            ("from", Counts.First is { } first ? RecordPicture.Instant(first) : "nothing was recorded then"),
            ("to", Counts.Last is { } last ? RecordPicture.Instant(last) : ""),
            ("torn", Counts.SkippedBytes > 0 ? $"{Counts.SkippedBytes} bytes belonged to no whole record: a power cut or a full disk" : "")));
    }
}
