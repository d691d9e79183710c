using System.Buffers;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;

namespace ClawMesh.Edge.Journal.Reading;

/// <summary>One journal record as a line of JSON, the form of <c>audit export</c>.</summary>
public static class JournalLine
{
    /// <summary>Members: seq, type, at (ISO 8601, UTC), clock, boot, actuator, commandId, permitId, code, body, hash. Absent ones are left out.</summary>
    public static string Of(JournalRecord record)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("seq", record.Sequence);
            writer.WriteString("type", record.Type.Word());
            writer.WriteString("at", record.At.UtcDateTime);
            writer.WriteString("clock", record.ClockClass);
            writer.WriteString("boot", record.Boot);
            if (record.ActuatorRef is not null) writer.WriteString("actuator", record.ActuatorRef);
            if (record.CommandId is not null) writer.WriteString("commandId", record.CommandId);
            if (record.PermitId is not null) writer.WriteString("permitId", record.PermitId);
            writer.WriteString("code", record.Code);
            WriteBody(writer, record.Body);
            writer.WriteString("hash", record.Hash);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    // A body is a JSON object unless somebody changed it; then it is shown as the text it is.
    private static void WriteBody(Utf8JsonWriter writer, string body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            writer.WritePropertyName("body");
            document.RootElement.WriteTo(writer);
        }
        catch (JsonException)
        {
            writer.WriteString("body", body);
        }
    }
}
