using System.Buffers;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary>The body of a journal record for people. Somebody may have changed it into anything; then it is shown as it is.</summary>
internal static class RecordText
{
    /// <summary>What is worth a line of a table.</summary>
    public static string Summary(JournalRecord record)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(record.Body);
            JsonElement body = document.RootElement;
            return record.Type switch
            {
                JournalRecordType.Decision => Joined(body.Text("operation"), body.Text("value"), body.Text("caller"), body.Text("why")),
                JournalRecordType.Outcome => Joined(body.Text("outcome"), body.Text("message")),
                JournalRecordType.LeaseEnd or JournalRecordType.Safe =>
                    Joined(body.Number("onForMs") is > 0 and var on ? $"on for {Views.StatusView.Span(on)}" : "", body.Flag("confirmed") ? "" : "not confirmed", body.Text("detail")),
                JournalRecordType.Operator => Joined(body.Text("by"), body.Text("detail")),
                JournalRecordType.Checkpoint => $"pruned up to record {body.Text("throughSeq")}",
                _ => "",
            };
        }
        catch (Exception changed) when (changed is JsonException or InvalidOperationException)
        {
            return record.Body;
        }
    }

    public static string Indented(string body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            var buffer = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(buffer, JsonText.RelaxedIndented)) document.RootElement.WriteTo(writer);
            return Encoding.UTF8.GetString(buffer.WrittenSpan);
        }
        catch (Exception changed) when (changed is JsonException or InvalidOperationException)
        {
            return Facts.Plain(body);
        }
    }

    private static string Joined(params ReadOnlySpan<string> parts)
    {
        var text = new StringBuilder();
        foreach (string part in parts)
        {
            if (part.Length > 0) text.Append(text.Length > 0 ? ", " : "").Append(part);
        }

        return text.ToString();
    }
}
