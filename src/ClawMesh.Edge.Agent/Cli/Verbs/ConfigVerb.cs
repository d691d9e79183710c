using System.CommandLine;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Linux;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>config init|show|set|check</c>: <c>node.json</c> of the state directory. A running node reads it again when it is told to reload.</summary>
internal static class ConfigVerb
{
    private static readonly Dictionary<string, (string Flag, JsonElement Value)> NoFlags = [];

    // 0644: nothing in it is secret, and a file written by root must be readable for the user of the service.
    private const UnixFileMode Mode = UnixMode.OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    public static Command Build(GlobalOptions global) => new("config", "The settings of this node, kept in node.json.")
    {
        Init(global), Show(global), Set(global), Check(global),
    };

    private static Command Init(GlobalOptions global)
    {
        var force = new Option<bool>("--force") { Description = "Replace a file that is there; it is kept as node.json.bak." };
        var command = new Command("init", "Write node.json with every default.") { force };
        global.Report(command, (context, parsed, _) =>
        {
            StateDirectory state = context.State;
            string? old = ReadFile(state);
            if (old is not null && !parsed.GetValue(force))
            {
                throw new EdgeException(
                    "config.exists", $"Did not write '{state.NodeConfigFile}'.", "The file exists.",
                    "Change a value with `clawmesh-edge config set KEY VALUE`, or replace the file with --force.", FailureClass.Config);
            }

            UnixMode.CreateDirectory(state.Path, UnixMode.OwnerOnlyDirectory);
            string? backup = old is null ? null : Backup(state, old);
            Write(state.NodeConfigFile, NodeFile.Defaults());
            return Task.FromResult<IReport>(new InitReport(state.NodeConfigFile, backup));
        });
        return command;
    }

    private static Command Show(GlobalOptions global)
    {
        var command = new Command("show", "Every setting, its value and where that came from.");
        global.Report(command, (context, _, _) =>
            Task.FromResult<IReport>(new ShowReport(context.State.NodeConfigFile, File.Exists(context.State.NodeConfigFile), NodeConfig.Load(context.State, NoFlags))));
        return command;
    }

    private static Command Set(GlobalOptions global)
    {
        var key = new Argument<string>("KEY") { Description = "A key as `config show` lists them, e.g. edge.safetyTickMs." };
        var value = new Argument<string>("VALUE") { Description = "The value; a list is written a,b,c or as JSON." };
        var command = new Command("set", "Change one setting. Keys this version does not know stay in the file; comments do not, and the commented file is kept as node.json.bak.") { key, value };
        global.Report(command, (context, parsed, _) => Task.FromResult<IReport>(SetOne(context.State, parsed.GetRequiredValue(key), parsed.GetRequiredValue(value))));
        return command;
    }

    private static Command Check(GlobalOptions global)
    {
        var command = new Command("check", "List every problem of node.json and of the site it names; exit 2 when one is an error.");
        global.Body(command, (context, _, _) =>
        {
            StateDirectory state = context.State;
            NodeConfig config = NodeConfig.Load(state, NoFlags);
            var problems = new List<ConfigProblem>(config.Problems);
            string? site = config.Text(ConfigKeys.Site);
            if (site is not null) problems.AddRange(Node.Sites.Catalog.Read(site).Problems.Select(p => p with { Path = $"site {site}: {p.Path}" }));
            else if (config.SourceOf(ConfigKeys.Site) == "default" && !problems.Any(p => p.Path == ConfigKeys.Site))
                problems.Add(new ConfigProblem(ProblemSeverity.Warning, ConfigKeys.Site, "No site is named, so `run` needs --site.", "Name one with `clawmesh-edge config set site FILE`."));
            var report = new CheckReport("config check", [("file", File.Exists(state.NodeConfigFile) ? state.NodeConfigFile : $"{state.NodeConfigFile} (absent: defaults)"), ("site", site ?? "")], problems);
            context.Write(report);
            return Task.FromResult(report.ExitCode);
        });
        return command;
    }

    private static SetReport SetOne(StateDirectory state, string keyName, string text)
    {
        ConfigKey key = ConfigKeys.Find(keyName) ?? throw new EdgeException(
            ErrorCodes.ConfigInvalid, $"Could not set '{keyName}'.", "There is no such key.", $"Did you mean '{ConfigKeys.Nearest(keyName)}'?", FailureClass.Config);

        // A relative path would be looked for wherever the service happens to start.
        if (key.Key == ConfigKeys.Site && (text.Contains('/') || text.EndsWith(".json", StringComparison.Ordinal))) text = Path.GetFullPath(text);
        JsonElement value = Value(key, text);
        string? old = ReadFile(state);
        string changed = NodeFile.With(old, state.NodeConfigFile, key.Key, value.GetRawText());

        UnixMode.CreateDirectory(state.Path, UnixMode.OwnerOnlyDirectory);
        string? backup = old is not null && NodeFile.HasComments(old) ? Backup(state, old) : null;
        Write(state.NodeConfigFile, changed);
        return new SetReport(key.Key, value, state.NodeConfigFile, backup, Node.NodeLocks.HolderOf(state), NodeConfig.Read(changed, state.NodeConfigFile, NoFlags).Problems);
    }

    private static JsonElement Value(ConfigKey key, string text)
    {
        string json = key.Kind switch
        {
            ConfigKind.Text => Quoted(text),
            ConfigKind.TextList when !text.TrimStart().StartsWith('[') =>
                $"[{string.Join(',', text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Quoted))}]",
            _ => text,
        };
        string problem = $"'{text}' was given";
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement value = document.RootElement.Clone();
            NodeConfig checkedAlone = NodeConfig.Read(null, "", new Dictionary<string, (string, JsonElement)> { [key.Key] = ("VALUE", value) });
            if (checkedAlone.IsValid) return value;
            problem = checkedAlone.Problems[0].What;
        }
        catch (JsonException)
        {
            problem += $"; it must be {key.Allowed}.";
        }

        throw new EdgeException(
            ErrorCodes.ConfigInvalid, $"Could not set '{key.Key}'.", problem,
            key.Default.Length == 0 ? $"Allowed is {key.Allowed}." : $"Allowed is {key.Allowed}; the default is {key.Default}.", FailureClass.Config);
    }

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text, JsonText.Relaxed.Encoder)}\"";

    private static string? ReadFile(StateDirectory state)
    {
        try
        {
            return File.Exists(state.NodeConfigFile) ? File.ReadAllText(state.NodeConfigFile) : null;
        }
        catch (Exception bad) when (bad is IOException or UnauthorizedAccessException)
        {
            throw new EdgeException(
                ErrorCodes.ConfigInvalid, $"Could not read '{state.NodeConfigFile}'.", bad.Message,
                "Run the command as the node's user or as root.", FailureClass.Config, bad);
        }
    }

    private static string Backup(StateDirectory state, string text)
    {
        string path = state.NodeConfigFile + ".bak";
        Write(path, text);
        return path;
    }

    private static void Write(string path, string text) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(text), Mode);

    private sealed record InitReport(string File, string? BackupFile) : IReport
    {
        public string Kind => "config init";

        public ReportStatus Status => ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("file", File);
            if (BackupFile is not null) writer.WriteString("backup", BackupFile);
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            console.Write(Facts.Grid(("written", File), ("old one kept as", BackupFile ?? "")));
            console.WriteLine("Name the site next: `clawmesh-edge config set site FILE`.");
        }
    }

    private sealed record ShowReport(string File, bool Exists, NodeConfig Config) : IReport
    {
        public string Kind => "config show";

        public ReportStatus Status => Config.Problems.Count > 0 ? ReportStatus.Warn : ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("file", File);
            writer.WriteBoolean("exists", Exists);
            writer.WriteStartArray("values");
            foreach (ConfigValue value in Config.Values)
            {
                writer.WriteStartObject();
                writer.WriteString("key", value.Key.Key);
                writer.WritePropertyName("value");
                if (value.Value is { } v) v.WriteTo(writer);
                else writer.WriteNullValue();
                writer.WriteString("source", value.Source);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            ProblemList.Write(writer, Config.Problems);
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            console.Write(Facts.Grid(("file", Exists ? File : $"{File} (absent)")));
            Table table = Facts.Table("key", "value", "source");
            foreach (ConfigValue value in Config.Values)
                table.AddRow(new Text(value.Key.Key), new Text(Shown(value.Value)), new Text(value.Source == File ? Path.GetFileName(File) : value.Source));
            console.Write(table);
            ProblemList.Render(console, Config.Problems);
        }
    }

    private sealed record SetReport(string Key, JsonElement Value, string File, string? BackupFile, int? RunningPid, IReadOnlyList<ConfigProblem> Problems) : IReport
    {
        public string Kind => "config set";

        // Problems of other keys were there before; this one was set.
        public ReportStatus Status => Problems.Count > 0 ? ReportStatus.Warn : ReportStatus.Ok;

        public void WriteData(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("key", Key);
            writer.WritePropertyName("value");
            Value.WriteTo(writer);
            writer.WriteString("file", File);
            if (BackupFile is not null) writer.WriteString("backup", BackupFile);
            writer.WriteBoolean("restartNeeded", RunningPid is not null && !ReloadKeys.IsLive(Key));
            ProblemList.Write(writer, Problems);
            writer.WriteEndObject();
        }

        public void Render(IAnsiConsole console)
        {
            console.WriteLine($"{Key} = {Shown(Value)} in {File}");
            if (BackupFile is not null) console.WriteLine($"Its comments are gone; the file with them is {BackupFile}.");
            if (RunningPid is { } pid) console.WriteLine($"The running node (process {pid}) takes it over {(ReloadKeys.IsLive(Key) ? "when it reloads, `systemctl reload clawmesh-edge`, or" : "")} at its next start.".Replace("  ", " ", StringComparison.Ordinal));
            ProblemList.Render(console, Problems);
        }
    }

    private static string Shown(JsonElement? value) =>
        value is not { } v ? "-" : v.ValueKind == JsonValueKind.String ? v.GetString()! : v.GetRawText();
}
