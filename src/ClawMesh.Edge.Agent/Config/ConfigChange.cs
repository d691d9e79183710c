using System.Text.Json;

namespace ClawMesh.Edge.Agent.Config;

/// <summary>One setting that a new reading of the configuration would change.</summary>
internal sealed record ConfigChange(string Key, string Before, string After)
{
    // A list may be long; who changed it has it before them.
    private const int MaxShown = 80;

    public override string ToString() => $"{Key} {Before} -> {After}";

    /// <summary>The settings in which two configurations differ, in the order of the keys.</summary>
    public static IReadOnlyList<ConfigChange> Between(NodeConfig before, NodeConfig after)
    {
        var changes = new List<ConfigChange>();
        foreach (ConfigKey key in ConfigKeys.All)
        {
            (string was, string becomes) = (Text(before.ValueOf(key.Key)), Text(after.ValueOf(key.Key)));
            if (was != becomes) changes.Add(new ConfigChange(key.Key, Shown(was), Shown(becomes)));
        }

        return changes;
    }

    // Written anew, so that blanks between the entries of a list are no change.
    private static string Text(JsonElement? value)
    {
        if (value is not { } v) return "none";
        if (v.ValueKind != JsonValueKind.Array) return v.GetRawText();
        var items = new List<string>();
        foreach (JsonElement item in v.EnumerateArray()) items.Add(item.GetRawText());
        return $"[{string.Join(',', items)}]";
    }

    private static string Shown(string text) => text.Length <= MaxShown ? text : text[..MaxShown] + "…";
}
