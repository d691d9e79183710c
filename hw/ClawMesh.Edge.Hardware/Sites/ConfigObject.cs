using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Hardware.Sites;

/// <summary>
/// One JSON object of a configuration file, read key by key. A wrong value becomes a problem with its path, what was seen and what is
/// allowed, and reading goes on, so that a file is checked whole. Keys nobody asked for are warnings (<see cref="Done"/>).
/// </summary>
internal sealed class ConfigObject(JsonElement element, string path, List<ConfigProblem> problems)
{
    private const int LongestShownValue = 60;

    private static readonly JsonDocumentOptions Options = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    private readonly List<string> _asked = [];

    public string Path { get; } = path;

    /// <summary>Parses a whole file and hands its root to <paramref name="read"/>; comments and trailing commas are allowed.</summary>
    /// <param name="origin">The file's name in messages.</param>
    public static void Parse(string text, string origin, List<ConfigProblem> problems, Action<ConfigObject> read)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, Options);
            if (document.RootElement.ValueKind == JsonValueKind.Object) read(new ConfigObject(document.RootElement, "", problems));
            else problems.Add(new(ProblemSeverity.Error, "", $"{origin} holds {Shown(document.RootElement)}; it must be one JSON object.", "Begin the file with '{'."));
        }
        catch (JsonException e)
        {
            string line = e.LineNumber is { } n ? (n + 1).ToString(CultureInfo.InvariantCulture) : "?";
            problems.Add(new(ProblemSeverity.Error, $"line {line}", $"{origin} is not JSON: {e.Message}", "Correct the line, or the one before it."));
        }
        catch (InvalidOperationException)
        {
            // JsonElement hands out no string for half of a surrogate pair.
            problems.Add(new(ProblemSeverity.Error, "", $"{origin} holds an escape such as \\ud800 that is no character.", "Write the character itself."));
        }
    }

    public string PathOf(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    public void Error(string key, string what, string fix) => problems.Add(new(ProblemSeverity.Error, PathOf(key), what, fix));

    public void Warn(string key, string what, string fix) => problems.Add(new(ProblemSeverity.Warning, PathOf(key), what, fix));

    /// <summary>The value as it stands; null when the key is absent or JSON null.</summary>
    public JsonElement? Raw(string key)
    {
        if (!_asked.Contains(key)) _asked.Add(key);
        return element.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>A non-empty string.</summary>
    /// <param name="allowed">What the value may be, as the message says it.</param>
    public string? Text(string key, string allowed, bool required = true)
    {
        if (!TryRaw(key, allowed, required, out JsonElement value)) return null;
        if (value.ValueKind == JsonValueKind.String && value.GetString() is { } text && !string.IsNullOrWhiteSpace(text)) return text;
        return Wrong<string>(key, value, allowed);
    }

    /// <summary>A string out of a closed set.</summary>
    public string? Word(string key, bool required, params string[] words)
    {
        string allowed = $"one of {string.Join(", ", words)}";
        if (Text(key, allowed, required) is not { } text) return null;
        if (words.Contains(text)) return text;
        Error(key, $"{PathOf(key)} is '{text}'; it must be {allowed}.", "Choose one of them.");
        return null;
    }

    public double? Number(string key, string allowed, bool required = false)
    {
        if (!TryRaw(key, allowed, required, out JsonElement value)) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)) return number;
        Wrong<string>(key, value, allowed);
        return null;
    }

    public int? WholeNumber(string key, int min, int max)
    {
        string allowed = $"a whole number from {min} to {max}";
        if (!TryRaw(key, allowed, required: false, out JsonElement value)) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= min && number <= max) return number;
        Wrong<string>(key, value, allowed);
        return null;
    }

    public bool? Flag(string key, bool required = false)
    {
        if (!TryRaw(key, "true or false", required, out JsonElement value)) return null;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.GetBoolean();
        Wrong<string>(key, value, "true or false");
        return null;
    }

    /// <summary>A duration as text, positive and at most <paramref name="max"/>.</summary>
    public TimeSpan? Duration(string key, TimeSpan max, bool required = false)
    {
        string allowed = $"{DurationText.Allowed}, at most {DurationText.Format(max)}";
        if (!TryRaw(key, allowed, required, out JsonElement value)) return null;
        if (value.ValueKind == JsonValueKind.String && DurationText.TryParse(value.GetString(), out TimeSpan duration) && duration <= max) return duration;
        Wrong<string>(key, value, allowed);
        return null;
    }

    public ConfigObject? Object(string key)
    {
        if (!TryRaw(key, "an object", required: false, out JsonElement value)) return null;
        return value.ValueKind == JsonValueKind.Object ? new ConfigObject(value, PathOf(key), problems) : Wrong<ConfigObject>(key, value, "an object");
    }

    /// <summary>The objects of an array; empty when the key is absent. Members that are no objects are problems and left out.</summary>
    public IReadOnlyList<ConfigObject> Objects(string key, bool required = false)
    {
        if (!TryRaw(key, "an array of objects", required, out JsonElement value)) return [];
        if (value.ValueKind != JsonValueKind.Array)
        {
            Wrong<string>(key, value, "an array of objects");
            return [];
        }

        var objects = new List<ConfigObject>();
        int index = 0;
        foreach (JsonElement item in value.EnumerateArray())
        {
            string itemKey = $"{key}[{index++}]";
            if (item.ValueKind == JsonValueKind.Object) objects.Add(new ConfigObject(item, PathOf(itemKey), problems));
            else Wrong<string>(itemKey, item, "an object");
        }

        return objects;
    }

    /// <summary>The strings of an array; null when the key is absent or wrong.</summary>
    public IReadOnlyList<string>? Texts(string key, string allowed)
    {
        if (!TryRaw(key, allowed, required: false, out JsonElement value)) return null;
        if (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String))
            return [.. value.EnumerateArray().Select(item => item.GetString()!)];
        return Wrong<IReadOnlyList<string>>(key, value, allowed);
    }

    /// <summary>All members as text, for drivers that know their own keys.</summary>
    public Dictionary<string, string> AllAsText()
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty member in element.EnumerateObject())
        {
            _asked.Add(member.Name);
            if (member.Value.ValueKind == JsonValueKind.String) texts[member.Name] = member.Value.GetString()!;
            else if (member.Value.ValueKind is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False) texts[member.Name] = member.Value.GetRawText();
            else Wrong<string>(member.Name, member.Value, "a text, a number, true or false");
        }

        return texts;
    }

    /// <summary>Reports a value that was read but cannot stand.</summary>
    public T? Wrong<T>(string key, JsonElement seen, string allowed)
        where T : class
    {
        Error(key, $"{PathOf(key)} is {Shown(seen)}; it must be {allowed}.", $"Write {allowed}.");
        return null;
    }

    /// <summary>Call when every known key has been asked for: warns of the others and refuses keys given twice.</summary>
    public void Done()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonProperty member in element.EnumerateObject())
        {
            if (!seen.Add(member.Name)) Error(member.Name, $"{PathOf(member.Name)} is given twice.", "Remove one of them.");
            else if (!_asked.Contains(member.Name))
                Warn(member.Name, $"{PathOf(member.Name)} is not known and has no effect.", $"Did you mean '{NearestText.Find(member.Name, _asked)}'? Known here: {string.Join(", ", _asked)}.");
        }
    }

    private bool TryRaw(string key, string allowed, bool required, out JsonElement value)
    {
        value = default;
        if (Raw(key) is { } found)
        {
            value = found;
            return true;
        }

        if (required) Error(key, $"{PathOf(key)} is missing; it must be {allowed}.", $"Add \"{key}\".");
        return false;
    }

    private static string Shown(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length <= LongestShownValue ? text : text[..LongestShownValue] + "…";
    }
}
