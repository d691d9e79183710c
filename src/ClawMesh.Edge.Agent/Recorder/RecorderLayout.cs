using System.Buffers;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;

namespace ClawMesh.Edge.Agent.Recorder;

/// <summary>The names that records count by, and whose records they are.</summary>
/// <param name="Boot">The nonce of this life, as in the records of the audit journal.</param>
/// <param name="Buses">One per output.</param>
internal sealed record RecorderLayout(string Boot, string Version, string Site, IReadOnlyList<string> Outputs, IReadOnlyList<string> Buses, IReadOnlyList<string> Sensors)
{
    // A sample of so many still is a small record. More than a site of this node has; what is beyond is not recorded.
    public const int MaxOutputs = 128;
    public const int MaxSensors = 512;

    // Of a name, where all are short enough together.
    private const int LongestName = 512;

    /// <summary>Fits a record: where the names are too long together, each keeps its end, which tells it from others.</summary>
    public byte[] Write()
    {
        for (int longest = LongestName; ; longest /= 2)
        {
            byte[] written = Write(longest);
            if (written.Length <= RecordFraming.MaxPayload || longest == 1) return written;
        }
    }

    private byte[] Write(int longest)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var w = new Utf8JsonWriter(buffer, JsonText.Relaxed))
        {
            w.WriteStartObject();
            w.WriteString("boot", Boot);
            w.WriteString("version", End(Version, longest));
            w.WriteString("site", End(Site, longest));
            List(w, "outputs", Outputs, longest);
            List(w, "buses", Buses, longest);
            List(w, "sensors", Sensors, longest);
            w.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Null when it is something else.</summary>
    public static RecorderLayout? Read(ReadOnlySpan<byte> payload)
    {
        try
        {
            var reader = new Utf8JsonReader(payload);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            JsonElement root = document.RootElement;
            return new RecorderLayout(root.Text("boot"), root.Text("version"), root.Text("site"), Names(root, "outputs"), Names(root, "buses"), Names(root, "sensors"));
        }
        catch (Exception other) when (other is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static void List(Utf8JsonWriter w, string name, IReadOnlyList<string> values, int longest)
    {
        w.WriteStartArray(name);
        foreach (string value in values) w.WriteStringValue(End(value, longest));
        w.WriteEndArray();
    }

    private static string End(string name, int longest) => name.Length <= longest ? name : "…" + name[^longest..];

    private static List<string> Names(JsonElement root, string name)
    {
        var names = new List<string>();
        foreach (JsonElement item in root.Items(name)) names.Add(item.GetString() ?? "");
        return names;
    }
}
