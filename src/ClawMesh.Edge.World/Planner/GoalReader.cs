using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.World.Planner;

/// <summary>
/// One JSON object of the goals file, read key by key. A wrong value becomes a problem with its path, what was seen and what is allowed,
/// and reading goes on; then the value is empty or zero.
/// </summary>
internal sealed class GoalReader(JsonElement element, string path, List<ConfigProblem> problems)
{
    private const int LongestShownValue = 60;

    private readonly List<string> _asked = [];

    public bool IsObject => element.ValueKind == JsonValueKind.Object;

    public void Error(string key, string what, string fix) => problems.Add(new(ProblemSeverity.Error, PathOf(key), what, fix));

    public void Warn(string key, string what, string fix) => problems.Add(new(ProblemSeverity.Warning, PathOf(key), what, fix));

    public string? Text(string key, int longest, bool required = true)
    {
        string allowed = $"a text of 1 to {longest} characters";
        if (!Find(key, allowed, required, out JsonElement value)) return null;
        if (value.ValueKind == JsonValueKind.String && value.GetString() is { } text && !string.IsNullOrWhiteSpace(text) && text.Length <= longest) return text;
        Wrong(key, value, allowed);
        return null;
    }

    public double Number(string key, double min, double max, bool required = true, bool positive = false)
    {
        string allowed = min == max ? Shown(min) : positive ? $"a number above {Shown(min)}, at most {Shown(max)}" : $"a number from {Shown(min)} to {Shown(max)}";
        if (!Find(key, allowed, required, out JsonElement value)) return 0;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= min && number <= max && !(positive && number <= min)) return number;
        Wrong(key, value, allowed);
        return 0;
    }

    /// <summary>L2, which asks an operator, for what is no level.</summary>
    public ApprovalLevel Level(string key)
    {
        const string Allowed = "L0, L1, L2 or L3";
        if (!Find(key, Allowed, required: true, out JsonElement value)) return ApprovalLevel.L2;
        switch (value.ValueKind == JsonValueKind.String ? value.GetString() : null)
        {
            case "L0": return ApprovalLevel.L0;
            case "L1": return ApprovalLevel.L1;
            case "L2": return ApprovalLevel.L2;
            case "L3": return ApprovalLevel.L3;
            default:
                Wrong(key, value, Allowed);
                return ApprovalLevel.L2;
        }
    }

    public IReadOnlyList<GoalReader> Objects(string key, int most, bool required = true)
    {
        string allowed = $"an array of at most {most} objects";
        if (!Find(key, allowed, required, out JsonElement value)) return [];
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > most)
        {
            Error(key, value.ValueKind == JsonValueKind.Array ? $"{PathOf(key)} has {value.GetArrayLength()} members; it must be {allowed}." : $"{PathOf(key)} is {Shown(value)}; it must be {allowed}.", $"Write {allowed}.");
            return [];
        }

        var objects = new List<GoalReader>();
        int index = 0;
        foreach (JsonElement item in value.EnumerateArray())
        {
            string itemKey = $"{key}[{index++}]";
            if (item.ValueKind == JsonValueKind.Object) objects.Add(new GoalReader(item, PathOf(itemKey), problems));
            else Wrong(itemKey, item, "an object");
        }

        return objects;
    }

    /// <summary>Call when every known key has been asked for: a key that is not known or stands twice is an error, because a limit with a slip in it must not go unnoticed.</summary>
    public void Done()
    {
        var seen = new List<string>();
        foreach (JsonProperty member in element.EnumerateObject())
        {
            if (seen.Contains(member.Name)) Error(member.Name, $"{PathOf(member.Name)} is given twice.", "Remove one of them.");
            else if (!_asked.Contains(member.Name)) Error(member.Name, $"{PathOf(member.Name)} is not known.", $"Did you mean '{NearestText.Find(member.Name, _asked)}'? Known here: {string.Join(", ", _asked)}.");
            seen.Add(member.Name);
        }
    }

    private string PathOf(string key) => path.Length == 0 ? key : $"{path}.{key}";

    private bool Find(string key, string allowed, bool required, out JsonElement value)
    {
        _asked.Add(key);
        if (element.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null) return true;
        if (required) Error(key, $"{PathOf(key)} is missing; it must be {allowed}.", $"Add \"{key}\".");
        return false;
    }

    private void Wrong(string key, JsonElement seen, string allowed) => Error(key, $"{PathOf(key)} is {Shown(seen)}; it must be {allowed}.", $"Write {allowed}.");

    private static string Shown(double number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Shown(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length <= LongestShownValue ? text : text[..LongestShownValue] + "…";
    }
}
