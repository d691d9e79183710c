using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Core.Actuation;

/// <summary>The one JSON form of an answer: in the journal, in the replay table, on the local socket, in <c>actuate --json</c>; the members of .</summary>
public static class ActuationAnswerJson
{
    public static string ToText(ActuationAnswer answer)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            WriteMembers(writer, answer, answer.Outcome.Word());
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>Writes the members into an object the caller has opened. <paramref name="outcomeWord"/> differs between journal and wire.</summary>
    public static void WriteMembers(Utf8JsonWriter writer, ActuationAnswer answer, string outcomeWord)
    {
        writer.WriteString("commandId", answer.CommandId);
        writer.WriteString("targetRef", answer.TargetRef);
        writer.WriteString("operation", answer.Operation);
        writer.WriteString("outcome", outcomeWord);
        writer.WriteString("code", answer.Code);
        writer.WriteString("message", answer.Message);
        // JSON has no infinity; what is no number shows nothing and is left out.
        if (answer.Observed is { } observed && double.IsFinite(observed.Value))
        {
            writer.WriteStartObject("observed");
            writer.WriteString("state", observed.State.ToString());
            writer.WriteNumber("value", Math.Round(observed.Value, 4));
            writer.WriteString("unit", observed.Unit);
            writer.WriteNumber("atMs", observed.At.ToUnixTimeMilliseconds());
            writer.WriteString("by", observed.By.Value);
            writer.WriteEndObject();
        }

        if (answer.PermitId is not null) writer.WriteString("permitId", answer.PermitId);
        writer.WriteNumber("journalSeq", answer.JournalSequence);
        if (answer.LeaseMs is { } lease) writer.WriteNumber("leaseMs", lease);
        if (answer.LeaseCapped) writer.WriteBoolean("leaseCapped", true);
        writer.WriteNumber("startedAtMs", answer.StartedAtMs);
        writer.WriteNumber("finishedAtMs", answer.FinishedAtMs);
        if (answer.Repeat) writer.WriteBoolean("repeat", true);
    }

    /// <summary>Reads what <see cref="ToText"/> wrote. Null when the text is something else.</summary>
    public static ActuationAnswer? Parse(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return Parse(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static ActuationAnswer? Parse(JsonElement e)
    {
        if (e.ValueKind != JsonValueKind.Object || ActuationOutcomeWords.Parse(Text(e, "outcome")) is not { } outcome) return null;
        return new ActuationAnswer(
            Text(e, "commandId") ?? "",
            Text(e, "targetRef") ?? "",
            Text(e, "operation") ?? "",
            outcome,
            Text(e, "code") ?? "",
            Text(e, "message") ?? "",
            Text(e, "permitId"),
            Number(e, "journalSeq") ?? 0,
            Number(e, "leaseMs"),
            Flag(e, "leaseCapped"),
            Effect(e),
            Number(e, "startedAtMs") ?? 0,
            Number(e, "finishedAtMs") ?? 0,
            Flag(e, "repeat"));
    }

    private static ObservedEffect? Effect(JsonElement e)
    {
        if (!e.TryGetProperty("observed", out JsonElement o) || o.ValueKind != JsonValueKind.Object
            || OutputValue.Parse(Text(o, "state")) is not { } state
            || !o.TryGetProperty("value", out JsonElement v) || v.ValueKind != JsonValueKind.Number
            || Number(o, "atMs") is not { } atMs || atMs is < -62_135_596_800_000 or > 253_402_300_799_999)
        {
            return null;
        }

        return new ObservedEffect(state, v.GetDouble(), Text(o, "unit") ?? "", DateTimeOffset.FromUnixTimeMilliseconds(atMs), new SensorId(Text(o, "by") ?? ""));
    }

    private static string? Text(JsonElement e, string name) =>
        e.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.String ? v.GetString() : null;

    private static long? Number(JsonElement e, string name) =>
        e.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.Number && v.TryGetInt64(out long number) ? number : null;

    private static bool Flag(JsonElement e, string name) => e.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.True;
}
