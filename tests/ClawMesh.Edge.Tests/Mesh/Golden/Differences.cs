using System.Text.Json;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>
/// Where this node answers otherwise than the recorded one, each with the rule that says so. A comparison is never loosened
/// anywhere else; an entry that a replay does not need is a fault of the table.
/// </summary>
internal sealed class Differences
{
    private readonly Dictionary<(Kind Kind, string Where), (string What, bool Used)> _entries = [];

    private enum Kind
    {
        Free,
        Added,
        Absent,
        Code,
        Sends,
        Withholds,
    }

    public IEnumerable<string> Unused => _entries.Where(e => !e.Value.Used).Select(e => $"the table says '{e.Key.Kind} {e.Key.Where}' and the replay does not need it");

    /// <summary>Same JSON type, another value: a text for people, a moment, a random id.</summary>
    public Differences Free(string path, string why) => Enter(Kind.Free, path, why);

    /// <summary>A member of ours that the recording lacks; unknown members are ignored by consumers ([W-2]).</summary>
    public Differences Added(string path, string rule) => Enter(Kind.Added, path, rule);

    public Differences Absent(string path, string rule) => Enter(Kind.Absent, path, rule);

    /// <summary>Our outcome instead of the recorded one: a code, or <c>ok</c>.</summary>
    /// <param name="request">A method, or the name of a recorded case.</param>
    public Differences Code(string request, string code, string rule) => Enter(Kind.Code, request, code + " by " + rule);

    /// <summary>We send what the recorded node did not.</summary>
    public Differences Sends(string message, string rule) => Enter(Kind.Sends, message, rule);

    /// <summary>The recorded node sent what we do not.</summary>
    public Differences Withholds(string message, string rule) => Enter(Kind.Withholds, message, rule);

    public bool MaySend(string message) => Use(Kind.Sends, message) is not null;

    public bool MayWithhold(string message) => Use(Kind.Withholds, message) is not null;

    /// <summary>The outcome to expect instead of the recorded one; null when the recorded one counts.</summary>
    public string? CodeOf(string request) => Use(Kind.Code, request)?.Split(' ')[0];

    /// <summary>Compares what was recorded with what was said; says each difference that the table does not allow.</summary>
    public IEnumerable<string> Compare(JsonElement recorded, JsonElement ours, string path)
    {
        if (recorded.ValueKind != ours.ValueKind && !(IsFlag(recorded) && IsFlag(ours)))
        {
            yield return $"{path} was {recorded.ValueKind} {Cut(recorded)} and is {ours.ValueKind} {Cut(ours)}";
            yield break;
        }

        switch (recorded.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty member in recorded.EnumerateObject())
                {
                    string at = $"{path}.{member.Name}";
                    if (ours.TryGetProperty(member.Name, out JsonElement value))
                    {
                        foreach (string difference in Compare(member.Value, value, at)) yield return difference;
                    }
                    else if (Use(Kind.Absent, at) is null)
                    {
                        yield return $"{at} is missing";
                    }
                }

                foreach (JsonProperty member in ours.EnumerateObject())
                {
                    if (!recorded.TryGetProperty(member.Name, out _) && Use(Kind.Added, $"{path}.{member.Name}") is null) yield return $"{path}.{member.Name} was not there: {Cut(member.Value)}";
                }

                break;
            case JsonValueKind.Array:
                if (Use(Kind.Free, path) is not null) break;
                if (recorded.GetArrayLength() != ours.GetArrayLength()) yield return $"{path} had {recorded.GetArrayLength()} elements and has {ours.GetArrayLength()}";
                foreach ((JsonElement one, JsonElement other) in recorded.EnumerateArray().Zip(ours.EnumerateArray()))
                {
                    foreach (string difference in Compare(one, other, path + "[]")) yield return difference;
                }

                break;
            default:
                bool same = recorded.ValueKind == JsonValueKind.Number ? recorded.GetDouble() == ours.GetDouble() : recorded.ToString() == ours.ToString();
                if (!same && Use(Kind.Free, path) is null) yield return $"{path} was {Cut(recorded)} and is {Cut(ours)}";
                break;
        }
    }

    private static bool IsFlag(JsonElement e) => e.ValueKind is JsonValueKind.True or JsonValueKind.False;

    private static string Cut(JsonElement e) => e.GetRawText() is { Length: > 120 } text ? text[..120] + "…" : e.GetRawText();

    private Differences Enter(Kind kind, string where, string what)
    {
        _entries.Add((kind, where), (what, false));
        return this;
    }

    private string? Use(Kind kind, string where)
    {
        if (!_entries.TryGetValue((kind, where), out (string What, bool Used) entry)) return null;
        _entries[(kind, where)] = entry with { Used = true };
        return entry.What;
    }
}
