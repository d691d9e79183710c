using System.Buffers;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Lifecycle;

namespace ClawMesh.Edge.Agent.Logs;

/// <summary>The one JSON form of an event: in the log, in the flight recorder and in what is exported of it.</summary>
internal static class EventJson
{
    public static ReadOnlyMemory<byte> Utf8(EdgeEvent e)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var w = new Utf8JsonWriter(buffer, JsonText.Relaxed))
        {
            w.WriteStartObject();
            w.WriteString("at", e.At.UtcDateTime.ToString("O"));
            w.WriteString("severity", Word(e.Severity));
            w.WriteString("type", e.Type);
            w.WriteString("subject", e.Subject);
            w.WriteString("message", e.Message);
            if (e.FailureClass is { } failure) w.WriteString("failureClass", failure.Word());
            if (e.Trace is not null) w.WriteString("trace", e.Trace);
            if (e.Data is { } data)
            {
                foreach ((string key, string value) in data) w.WriteString(key, value);
            }

            w.WriteNumber("sequence", e.Sequence);
            w.WriteNumber("schema", EdgeEvent.Schema);
            w.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    public static string Word(EventSeverity severity) => severity switch { EventSeverity.Info => "info", EventSeverity.Warning => "warning", _ => "error" };
}
