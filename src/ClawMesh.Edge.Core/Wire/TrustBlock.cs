using System.Text;
using System.Text.Json;

namespace ClawMesh.Edge.Core.Wire;

/// <summary>
/// A trust object as a sender wrote it ([W-93]). Words stay text, so that a gate can tell an unknown word from an absent one;
/// a member of a wrong JSON type is kept as its JSON text, which no vocabulary knows.
/// </summary>
public sealed record TrustBlock
{
    /// <summary>The wire allows eight sources ([W-71]); a longer list is cut here and fails the equality test.</summary>
    public const int MaxListEntries = 64;

    public string? ActionType { get; init; }

    public string? EvidenceTier { get; init; }

    public string? MinimumTier { get; init; }

    public string? VerificationRequired { get; init; }

    public bool? VerificationSatisfied { get; init; }

    public IReadOnlyList<string>? EvidenceSources { get; init; }

    public IReadOnlyList<string>? ApprovedBy { get; init; }

    /// <summary>Null for an absent or null element; an element that is no object becomes a block without members.</summary>
    public static TrustBlock? From(JsonElement? element)
    {
        if (element is not { } e || e.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined) return null;
        if (e.ValueKind != JsonValueKind.Object) return new TrustBlock();
        return new TrustBlock
        {
            ActionType = Word(e, "action_type"),
            EvidenceTier = Word(e, "evidence_trust_tier"),
            MinimumTier = Word(e, "minimum_trust_tier"),
            VerificationRequired = Word(e, "verification_required"),
            VerificationSatisfied = Flag(e, "verification_satisfied"),
            EvidenceSources = Words(e, "evidence_sources"),
            ApprovedBy = Words(e, "approved_by"),
        };
    }

    /// <summary>The comparison text of [W-96]: fixed member order, arrays sorted by UTF-16 code unit, absent members left out.</summary>
    public string ComparisonText()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer)) Write(writer, sorted: true);
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    internal void Write(Utf8JsonWriter writer) => Write(writer, sorted: false);

    private void Write(Utf8JsonWriter writer, bool sorted)
    {
        writer.WriteStartObject();
        WriteWord(writer, "action_type", ActionType);
        WriteWord(writer, "evidence_trust_tier", EvidenceTier);
        WriteWord(writer, "minimum_trust_tier", MinimumTier);
        WriteWord(writer, "verification_required", VerificationRequired);
        if (VerificationSatisfied is { } satisfied) writer.WriteBoolean("verification_satisfied", satisfied);
        WriteList(writer, "evidence_sources", EvidenceSources, sorted);
        WriteList(writer, "approved_by", ApprovedBy, sorted);
        writer.WriteEndObject();
    }

    private static string? Word(JsonElement e, string name) => !e.TryGetProperty(name, out JsonElement value) ? null : value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => value.GetString(),
        _ => value.GetRawText(),
    };

    private static bool? Flag(JsonElement e, string name) => !e.TryGetProperty(name, out JsonElement value) ? null : value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.Null => null,
        // Only a JSON true satisfies; 1 and "true" do not.
        _ => false,
    };

    private static List<string>? Words(JsonElement e, string name)
    {
        if (!e.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind != JsonValueKind.Array) return [value.GetRawText()];
        var words = new List<string>();
        foreach (JsonElement item in value.EnumerateArray())
        {
            if (words.Count == MaxListEntries) break;
            words.Add(item.ValueKind == JsonValueKind.String ? item.GetString()! : item.GetRawText());
        }

        return words;
    }

    private static void WriteWord(Utf8JsonWriter writer, string name, string? word)
    {
        if (word is not null) writer.WriteString(name, word);
    }

    private static void WriteList(Utf8JsonWriter writer, string name, IReadOnlyList<string>? words, bool sorted)
    {
        if (words is null) return;
        writer.WriteStartArray(name);
        foreach (string word in sorted ? [.. words.Order(StringComparer.Ordinal)] : words) writer.WriteStringValue(word);
        writer.WriteEndArray();
    }
}
