using System.Buffers;
using System.Text.Json;

namespace ClawMesh.Edge.Mesh.Envelope;

/// <summary>Writes the three message types ([W-61]).</summary>
internal static class Messages
{
    private static readonly byte[] FramePrefix = [.. "{\"type\":\"event\",\"event\":\"context.frame\",\"payload\":"u8];

    public static byte[] Request(string id, string method, Action<Utf8JsonWriter>? parameters) => Write(w =>
    {
        w.WriteString("type", "req");
        w.WriteString("id", id);
        w.WriteString("method", method);
        w.WriteStartObject("params");
        parameters?.Invoke(w);
        w.WriteEndObject();
    });

    public static byte[] Event(string name, Action<Utf8JsonWriter> payload) => Write(w =>
    {
        w.WriteString("type", "event");
        w.WriteString("event", name);
        w.WriteStartObject("payload");
        payload(w);
        w.WriteEndObject();
    });

    public static byte[] Result(string id, Action<Utf8JsonWriter> payload) => Write(w =>
    {
        w.WriteString("type", "res");
        w.WriteString("id", id);
        w.WriteBoolean("ok", true);
        w.WriteStartObject("payload");
        payload(w);
        w.WriteEndObject();
    });

    /// <summary>The message begins with its code ([W-66]).</summary>
    public static byte[] Error(string id, string code, string message) => Write(w =>
    {
        w.WriteString("type", "res");
        w.WriteString("id", id);
        w.WriteBoolean("ok", false);
        w.WriteStartObject("error");
        w.WriteString("code", code);
        w.WriteString("message", $"{code}: {message}");
        w.WriteEndObject();
    });

    /// <summary>The event that carries a frame whose JSON is the three parts together.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> head, ReadOnlySpan<byte> middle = default, ReadOnlySpan<byte> tail = default)
    {
        byte[] message = new byte[FramePrefix.Length + head.Length + middle.Length + tail.Length + 1];
        Span<byte> rest = message;
        FramePrefix.CopyTo(rest);
        rest = rest[FramePrefix.Length..];
        head.CopyTo(rest);
        rest = rest[head.Length..];
        middle.CopyTo(rest);
        rest = rest[middle.Length..];
        tail.CopyTo(rest);
        message[^1] = (byte)'}';
        return message;
    }

    private static byte[] Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
