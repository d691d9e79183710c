using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Agent.Config;

/// <summary>A value with where it came from: <c>flag --name</c>, the file, or <c>default</c>.</summary>
internal sealed record ConfigValue(ConfigKey Key, JsonElement? Value, string Source);

/// <summary>
/// The settings of a node: flag over <c>node.json</c> over default. Checked whole; every problem is reported at once.
/// Immutable.
/// </summary>
internal sealed class NodeConfig
{
    private readonly Dictionary<string, ConfigValue> _values;

    private NodeConfig(Dictionary<string, ConfigValue> values, IReadOnlyList<ConfigProblem> problems) => (_values, Problems) = (values, problems);

    public IReadOnlyList<ConfigProblem> Problems { get; }

    /// <summary>Whether there was a file at all.</summary>
    public bool HasFile { get; private init; }

    public IEnumerable<ConfigValue> Values => ConfigKeys.All.Select(k => _values[k.Key]);

    public bool IsValid => !Problems.Any(p => p.Severity == ProblemSeverity.Error);

    /// <param name="fileText">The text of <c>node.json</c>, or null when there is none.</param>
    /// <param name="flags">Key and JSON value of each flag given on the command line.</param>
    public static NodeConfig Read(string? fileText, string fileName, IReadOnlyDictionary<string, (string Flag, JsonElement Value)> flags)
    {
        var problems = new List<ConfigProblem>();
        var values = ConfigKeys.All.ToDictionary(k => k.Key, k => new ConfigValue(k, k.Default.Length == 0 ? null : Parse(k.Default), "default"));

        if (fileText is not null)
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(fileText, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
                if (document.RootElement.ValueKind == JsonValueKind.Object) Take(document.RootElement, "", fileName, values, problems);
                else problems.Add(new ConfigProblem(ProblemSeverity.Error, fileName, "The file holds no JSON object.", "Write { } with the keys of `clawmesh-edge config show`."));
            }
            catch (JsonException bad)
            {
                problems.Add(new ConfigProblem(
                    ProblemSeverity.Error, fileName, $"The file is not JSON: line {bad.LineNumber + 1}, byte {bad.BytePositionInLine + 1}.",
                    "Mend the file, or start again with `clawmesh-edge config init`."));
            }
            catch (InvalidOperationException)
            {
                // JsonElement hands out no string for half of a surrogate pair.
                problems.Add(new ConfigProblem(ProblemSeverity.Error, fileName, "The file holds an escape such as \\ud800 that is no character.", "Write the character itself."));
            }
        }

        foreach ((string key, (string flag, JsonElement value)) in flags)
        {
            ConfigKey known = ConfigKeys.Find(key)!;
            if (Check(known, value, flag, problems)) values[key] = new ConfigValue(known, value, $"flag {flag}");
        }

        CheckTogether(values, problems);
        return new NodeConfig(values, problems) { HasFile = fileText is not null };
    }

    /// <summary>Reads <c>node.json</c> of a state directory. An absent file is an empty one; an unreadable one is an error.</summary>
    public static NodeConfig Load(StateDirectory state, IReadOnlyDictionary<string, (string Flag, JsonElement Value)> flags)
    {
        string? text = null;
        try
        {
            text = File.ReadAllText(state.NodeConfigFile);
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            text = null;
        }
        catch (IOException disk)
        {
            // Not the configuration's fault: a disk or a table of open files that is full may be well again at the next start.
            throw new EdgeException(
                "storage.read_failed", $"Could not read '{state.NodeConfigFile}'.", disk.Message, "Check the disk: `clawmesh-edge diag storage`.", FailureClass.Storage, disk);
        }
        catch (UnauthorizedAccessException bad)
        {
            throw new EdgeException(
                ErrorCodes.ConfigInvalid, $"Could not read '{state.NodeConfigFile}'.", bad.Message,
                "Let the node's user read the file, or name another directory with --state-dir.", FailureClass.Config, bad);
        }

        return Read(text, state.NodeConfigFile, flags);
    }

    /// <exception cref="EdgeException"><c>config.invalid</c>, with every problem in it.</exception>
    public NodeConfig OrThrow()
    {
        if (IsValid) return this;
        IEnumerable<ConfigProblem> errors = Problems.Where(p => p.Severity == ProblemSeverity.Error);
        throw new EdgeException(
            ErrorCodes.ConfigInvalid,
            "The configuration has errors.",
            string.Join(" ", errors.Select(p => $"{p.Path}: {p.What} {p.Fix}")),
            "`clawmesh-edge config check` lists them one by one.",
            FailureClass.Config);
    }

    public string? Text(string key) => _values[key].Value?.GetString()?.Trim();

    public long Number(string key) => _values[key].Value!.Value.GetInt64();

    public bool Flag(string key) => _values[key].Value!.Value.GetBoolean();

    public IReadOnlyList<string> List(string key) => [.. _values[key].Value!.Value.EnumerateArray().Select(v => v.GetString()!)];

    public JsonElement? ValueOf(string key) => _values[key].Value;

    public string SourceOf(string key) => _values[key].Source;

    private static void Take(JsonElement element, string prefix, string fileName, Dictionary<string, ConfigValue> values, List<ConfigProblem> problems)
    {
        foreach (JsonProperty member in element.EnumerateObject())
        {
            string key = prefix + member.Name;
            if (ConfigKeys.Find(key) is { } known)
            {
                if (Check(known, member.Value, key, problems)) values[key] = new ConfigValue(known, member.Value.Clone(), fileName);
            }
            else if (member.Value.ValueKind == JsonValueKind.Object && ConfigKeys.All.Any(k => k.Key.StartsWith(key + ".", StringComparison.Ordinal)))
            {
                Take(member.Value, key + ".", fileName, values, problems);
            }
            else
            {
                problems.Add(new ConfigProblem(ProblemSeverity.Warning, key, "This key is not known and has no effect.", $"Did you mean '{ConfigKeys.Nearest(key)}'?"));
            }
        }
    }

    // What each allows by itself and both do not together.
    private static void CheckTogether(Dictionary<string, ConfigValue> values, List<ConfigProblem> problems)
    {
        long ping = Number(ConfigKeys.PingAfterMs), down = Number(ConfigKeys.DownAfterMs), healthy = Number(ConfigKeys.UpdateHealthySec), deadline = Number(ConfigKeys.UpdateDeadlineSec);
        if (down < (2 * ping) + ConfigKeys.SuspectForMs)
        {
            problems.Add(new ConfigProblem(
                ProblemSeverity.Error, ConfigKeys.DownAfterMs,
                $"{ConfigKeys.DownAfterMs} is {down}, and {ConfigKeys.PingAfterMs} is {ping}; the first must be at least {(2 * ping) + ConfigKeys.SuspectForMs}: a peer is suspect after two pings, and others are asked about it before it is down.",
                "Raise the first or lower the second."));
        }

        if (deadline <= healthy)
        {
            problems.Add(new ConfigProblem(
                ProblemSeverity.Error, ConfigKeys.UpdateDeadlineSec,
                $"{ConfigKeys.UpdateDeadlineSec} is {deadline}, and {ConfigKeys.UpdateHealthySec} is {healthy}; the first must be the larger one, or no update can be kept.",
                "Raise the first or lower the second."));
        }

        long Number(string key) => values[key].Value!.Value.GetInt64();
    }

    private static bool Check(ConfigKey key, JsonElement value, string path, List<ConfigProblem> problems)
    {
        bool kindFits = key.Kind switch
        {
            ConfigKind.Text => value.ValueKind == JsonValueKind.String,
            ConfigKind.Number => value.ValueKind == JsonValueKind.Number,
            ConfigKind.Flag => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            _ => value.ValueKind == JsonValueKind.Array,
        };
        string? problem = kindFits ? key.Problem(value) : $"is {value.GetRawText()}";
        if (problem is null) return true;
        problems.Add(new ConfigProblem(ProblemSeverity.Error, path, $"{key.Key} {problem}; it must be {key.Allowed}.", key.Default.Length == 0 ? "Leave it out to have none." : $"The default is {key.Default}."));
        return false;
    }

    private static JsonElement Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
