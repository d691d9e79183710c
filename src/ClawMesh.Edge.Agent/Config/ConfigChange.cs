using System.Text.Json;

namespace ClawMesh.Edge.Agent.Config;

/// <summary>One setting that a new reading of the configuration would change.</summary>
/// <param name="Told">Old and new value; of a list what was added and removed.</param>
internal sealed record ConfigChange(string Key, string Told)
{
    // A text may be long; who changed it has it before them.
    private const int MaxShown = 80;

    public override string ToString() => $"{Key} {Told}";

    /// <summary>The settings in which two configurations differ, in the order of the keys.</summary>
    public static IReadOnlyList<ConfigChange> Between(NodeConfig before, NodeConfig after)
    {
        var changes = new List<ConfigChange>();
        foreach (ConfigKey key in ConfigKeys.All)
        {
            (JsonElement? was, JsonElement? becomes) = (before.ValueOf(key.Key), after.ValueOf(key.Key));
            if (Text(was) == Text(becomes)) continue;
            changes.Add(new ConfigChange(key.Key, was?.ValueKind == JsonValueKind.Array && becomes?.ValueKind == JsonValueKind.Array ? Lists(Items(was), Items(becomes)) : $"{Shown(Text(was))} -> {Shown(Text(becomes))}"));
        }

        return changes;
    }

    // Whole: a record that leaves out which output needs no signature any more is none.
    private static string Lists(List<string> was, List<string> becomes)
    {
        List<string> parts = [];
        if (Without(becomes, was) is { Count: > 0 } added) parts.Add($"added {string.Join(", ", added)}");
        if (Without(was, becomes) is { Count: > 0 } removed) parts.Add($"removed {string.Join(", ", removed)}");
        return parts.Count == 0 ? "in another order or number" : string.Join(", ", parts);
    }

    private static List<string> Without(List<string> items, List<string> others)
    {
        var left = new List<string>();
        foreach (string item in items)
        {
            if (!others.Contains(item) && !left.Contains(item)) left.Add(item);
        }

        return left;
    }

    private static List<string> Items(JsonElement? value)
    {
        var items = new List<string>();
        if (value is not { } list) return items;
        foreach (JsonElement item in list.EnumerateArray()) items.Add(item.GetRawText());
        return items;
    }

    // Written anew, so that blanks between the entries of a list are no change.
    private static string Text(JsonElement? value) =>
        value is not { } v ? "none" : v.ValueKind == JsonValueKind.Array ? $"[{string.Join(',', Items(v))}]" : v.GetRawText();

    private static string Shown(string text) => text.Length <= MaxShown ? text : text[..MaxShown] + "…";
}
