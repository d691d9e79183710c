using System.CommandLine;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Journal.Reading;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>audit list|show|verify|export</c>: reads the actuation journal beside a live node, of a stopped one, or on a read-only directory.</summary>
internal static class AuditVerb
{
    private const int PublicKeyBytes = 32;

    // A command leaves a decision, an outcome and an end; the rest are repeats of its way to the safe state.
    private const int MaxTraced = 100;

    private static readonly JournalRecordType[] Types = Enum.GetValues<JournalRecordType>();

    public static Command Build(GlobalOptions global) => new("audit", "The actuation journal: what was asked, decided and done.")
    {
        List(global), Show(global), Verify(global), Export(global),
    };

    private static Command List(GlobalOptions global)
    {
        var limit = new Option<int>("--limit") { Description = "At most this many.", DefaultValueFactory = _ => 20, HelpName = "N" };
        limit.Validators.Add(given =>
        {
            if (given.Tokens.Count > 0 && int.TryParse(given.Tokens[0].Value, out int n) && n < 1) given.AddError($"--limit is {n}; it must be at least 1.");
        });
        var actuator = new Option<string?>("--actuator") { Description = "Only records of this output.", HelpName = "REF" };
        var type = new Option<string?>("--type") { Description = "Only records of this type.", HelpName = "T" };
        type.AcceptOnlyFromAmong([.. Types.Select(t => t.Word())]);
        var trace = new Option<string?>("--trace") { Description = "Only records of this command: the trace that an answer or an error named.", HelpName = "ID" };
        var command = new Command("list", "The newest records, the oldest of them first.") { limit, actuator, type, trace };
        global.Report(command, (context, parsed, _) =>
        {
            var query = new JournalQuery(parsed.GetValue(limit), parsed.GetValue(actuator), JournalRecordTypeWords.Parse(parsed.GetValue(type)), parsed.GetValue(trace));
            return Task.FromResult<IReport>(new ListReport([.. Reader(context).List(query).Reverse()]));
        });
        return command;
    }

    private static Command Show(GlobalOptions global)
    {
        var which = new Argument<string>("SEQ|TRACE") { Description = "The number of a record, or a trace: then every record of that command." };
        var command = new Command("show", "One record, whole, or all of one command.") { which };
        global.Report(command, (context, parsed, _) =>
        {
            string text = parsed.GetRequiredValue(which);
            if (!long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long seq)) return Task.FromResult<IReport>(Traced(Reader(context), text));
            JournalRecord record = Reader(context).Find(seq) ?? throw new EdgeException(
                "journal.no_record", $"Could not show journal record {seq}.", "The journal has no record of this number.",
                "`clawmesh-edge audit list` shows the newest; old ones are pruned behind a checkpoint.", FailureClass.Storage);
            return Task.FromResult<IReport>(new RecordReport(record));
        });
        return command;
    }

    private static TraceReport Traced(JournalReader reader, string trace)
    {
        // One more than is shown tells whether there are more.
        List<JournalRecord> records = [.. reader.List(new JournalQuery(MaxTraced + 1, Trace: trace, OldestFirst: true))];
        if (records.Count > MaxTraced)
        {
            // How it began and how it stands; what repeats is between them. Read after the others, so that none stands twice.
            records.RemoveRange(MaxTraced / 2, records.Count - (MaxTraced / 2));
            records.AddRange(reader.List(new JournalQuery(MaxTraced / 2, Trace: trace)).Reverse());
            return new TraceReport(trace, records, Truncated: true);
        }

        if (records.Count > 0) return new TraceReport(trace, records, Truncated: false);
        throw new EdgeException(
            "journal.no_record", $"Could not show what trace '{trace}' led to.", "The journal has no record of it.",
            "What was refused before the journal was asked stands in the log and in `events record export --trace`; old records are pruned behind a checkpoint.", FailureClass.Storage);
    }

    private static Command Verify(GlobalOptions global)
    {
        var publicKey = new Option<string?>("--public-key")
        {
            Description = "The key of the device, as `identity` prints it; needed for a copy of the journal without its identity.", HelpName = "K",
        };
        var command = new Command("verify", "Check every record, the chain and the signed head; exit 1 names each place that is wrong.") { publicKey };
        global.Report(command, (context, parsed, _) =>
        {
            StateDirectory state = context.State;
            string database = Path.Combine(state.Path, "edge.db");
            if (!File.Exists(database) && !File.Exists(database + ".head"))
            {
                throw new EdgeException(
                    "journal.absent", "Could not verify the actuation journal.", $"'{database}' does not exist.",
                    "Name the state directory of the node with --state-dir, or start the node once.", FailureClass.Storage);
            }

            byte[] key = parsed.GetValue(publicKey) is { } text ? Key(text) : KeyOf(state);
            return Task.FromResult<IReport>(new VerifyReport(database, new JournalVerifier(state.Path, new Ed25519Verifier()).Verify(key)));
        });
        return command;
    }

    private static Command Export(GlobalOptions global)
    {
        var file = new Option<string?>("--out") { Description = "Write to this file instead of standard output.", HelpName = "FILE" };
        var command = new Command("export", "Every record, oldest first, one JSON object per line; with --json and without --out as one array.") { file };
        global.Body(command, (context, parsed, _) =>
        {
            JournalReader reader = Reader(context);
            if (parsed.GetValue(file) is { } path) context.Write(ExportTo(path, reader));
            else if (context.Json) context.Write(new ListReport([.. reader.All()], "audit export"));
            else foreach (string line in reader.Lines()) context.Output.WriteLine(line);
            return Task.FromResult(ExitCodes.Ok);
        });
        return command;
    }

    private static JournalReader Reader(CliContext context) => new(context.State.Path);

    private static byte[] KeyOf(StateDirectory state)
    {
        using DeviceIdentity identity = DeviceIdentity.TryLoad(state.Path) ?? throw new EdgeException(
            GateCodes.NoIdentity, "Could not verify the actuation journal.", $"'{Path.Combine(state.Path, DeviceIdentity.RelativePath)}' does not exist, and the key inside the journal proves nothing.",
            "Give the device's key with --public-key; `clawmesh-edge identity` prints it on the node.", FailureClass.Auth);
        return identity.PublicKey.ToArray();
    }

    private static byte[] Key(string text)
    {
        try
        {
            byte[] key = System.Buffers.Text.Base64Url.DecodeFromChars(text);
            if (key.Length == PublicKeyBytes) return key;
        }
        catch (FormatException)
        {
            // Said below, the same way as a key of another length.
        }

        throw new EdgeException(
            ErrorCodes.Usage, "Could not verify the actuation journal.", $"--public-key '{text}' is no Ed25519 key; that is 43 base64url characters.",
            "Copy it from `clawmesh-edge identity`.", FailureClass.Config);
    }

    private static ExportReport ExportTo(string path, JournalReader reader)
    {
        // Beside the target and renamed at the end: a file of this name is a whole export.
        string partial = path + ".partial";
        long records = 0;
        try
        {
            using (var writer = new StreamWriter(partial, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)))
            {
                foreach (string line in reader.Lines())
                {
                    writer.Write(line);
                    writer.Write('\n');
                    records++;
                }
            }

            File.Move(partial, path, overwrite: true);
            return new ExportReport(Path.GetFullPath(path), records);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new EdgeException(
                "storage.write_failed", $"Could not write the export to '{path}'.", failed.Message, "Name a file in a directory with room that you may write to.", FailureClass.Storage, failed);
        }
    }

    private sealed record ListReport(IReadOnlyList<JournalRecord> Records, string Kind = "audit list") : IReport
    {
        public ReportStatus Status => ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteNumber("count", Records.Count);
            writer.WriteStartArray("records");
            foreach (JournalRecord record in Records) writer.WriteRawValue(JournalLine.Of(record));
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            if (Records.Count == 0)
            {
                console.WriteLine("No record matches.");
                return;
            }

            Table table = Facts.Table("seq", "at (UTC)", "type", "output", "code", "what");
            table.Columns[0].RightAligned();
            foreach (JournalRecord record in Records)
            {
                table.AddRow(
                    new Text($"{record.Sequence}"), new Text(Facts.Instant(record.At)), new Text(record.Type.Word()),
                    new Text(Facts.Plain(record.ActuatorRef ?? "")), new Text(Facts.Plain(record.Code)), new Text(Facts.Plain(Facts.Clip(RecordText.Summary(record), 120))));
            }

            console.Write(table);
        }
    }

    private sealed record RecordReport(JournalRecord Record) : IReport
    {
        public string Kind => "audit show";

        public ReportStatus Status => ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter writer) => writer.WriteRawValue(JournalLine.Of(Record));

        public void Render(IAnsiConsole console) => Render(console, Record);

        public static void Render(IAnsiConsole console, JournalRecord record)
        {
            console.Write(Facts.Grid(
                ("seq", $"{record.Sequence}"), ("type", record.Type.Word()), ("at", Facts.Instant(record.At)), ("clock", Facts.Plain(record.ClockClass)),
                ("boot", Facts.Plain(record.Boot)), ("output", Facts.Plain(record.ActuatorRef ?? "")), ("command", Facts.Plain(record.CommandId ?? "")),
                ("permit", Facts.Plain(record.PermitId ?? "")), ("code", Facts.Plain(record.Code)), ("hash", record.Hash)));
            console.WriteLine(RecordText.Indented(record.Body));
        }
    }

    private sealed record TraceReport(string Trace, IReadOnlyList<JournalRecord> Records, bool Truncated) : IReport
    {
        public string Kind => "audit show";

        public ReportStatus Status => ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("trace", Trace);
            writer.WriteNumber("count", Records.Count);
            writer.WriteBoolean("truncated", Truncated);
            writer.WriteStartArray("records");
            foreach (JournalRecord record in Records) writer.WriteRawValue(JournalLine.Of(record));
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            for (int i = 0; i < Records.Count; i++)
            {
                if (Truncated && i == MaxTraced / 2) console.WriteLine($"Records between were left out: the {MaxTraced / 2} oldest and the {MaxTraced / 2} newest are shown; `clawmesh-edge audit list --trace ID --limit N` shows more.");
                RecordReport.Render(console, Records[i]);
            }
        }
    }

    private sealed record VerifyReport(string Database, JournalVerification Result) : IReport
    {
        public string Kind => "audit verify";

        public ReportStatus Status => Result.Ok ? ReportStatus.Ok : ReportStatus.Fail;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteBoolean("verified", Result.Ok);
            writer.WriteString("file", Database);
            writer.WriteNumber("records", Result.Records);
            writer.WriteNumber("firstSeq", Result.FirstSequence);
            writer.WriteNumber("lastSeq", Result.LastSequence);
            writer.WriteNumber("headSeq", Result.HeadSequence);
            writer.WriteStartArray("findings");
            foreach (JournalFinding finding in Result.Findings)
            {
                writer.WriteStartObject();
                if (finding.Sequence is { } sequence) writer.WriteNumber("seq", sequence);
                writer.WriteString("place", finding.Place);
                writer.WriteString("what", finding.What);
                writer.WriteString("failureClass", finding.FailureClass.Word());
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            console.Write(Facts.Grid(
                ("journal", Database),
                ("records", Result.Records == 0 ? "none" : $"{Result.Records}, numbers {Result.FirstSequence} to {Result.LastSequence}"),
                ("signed head", $"{Result.HeadSequence}")));
            foreach (JournalFinding finding in Result.Findings)
                console.MarkupLine($"[red]{(finding.Sequence is { } sequence ? $"record {sequence}" : "journal")}[/], {Markup.Escape(Facts.Plain($"{finding.Place}: {finding.What}"))}");
            if (Result.Ok) console.WriteLine("Every record, the chain and the signed head agree.");
            else console.WriteLine("The journal is not what this device wrote. Keep a copy; `clawmesh-edge journal reset --yes` begins a new one and keeps this.");
        }
    }

    private sealed record ExportReport(string File, long Records) : IReport
    {
        public string Kind => "audit export";

        public ReportStatus Status => ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteNumber("count", Records);
            writer.WriteString("file", File);
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console) => console.WriteLine($"{Records} records in {File}");
    }
}
