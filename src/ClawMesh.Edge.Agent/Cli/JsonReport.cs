using System.Buffers;
using System.Text.Json;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli;

/// <summary>A report whose data came from the node: the same JSON is printed, or drawn by <paramref name="render"/>.</summary>
internal sealed class JsonReport(string kind, ReportStatus status, JsonElement data, Action<JsonElement, IAnsiConsole> render) : IReport
{
    public string Kind => kind;

    public ReportStatus Status => status;

    public void WriteData(Utf8JsonWriter writer) => data.WriteTo(writer);

    public void Render(IAnsiConsole console) => render(data, console);
}

/// <summary>Reads members for drawing; what is absent is drawn as nothing.</summary>
internal static class JsonMembers
{
    /// <summary>The value that <paramref name="write"/> writes, for a <see cref="JsonReport"/> whose data is made here and not in the node.</summary>
    public static JsonElement Element(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) write(writer);
        using JsonDocument document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }

    public static string Text(this JsonElement e, string name) =>
        e.ValueKind == JsonValueKind.Object && e.TryGetProperty(name, out JsonElement v)
            ? v.ValueKind switch { JsonValueKind.String => v.GetString()!, JsonValueKind.Null => "", _ => v.GetRawText() }
            : "";

    public static double? Number(this JsonElement e, string name) =>
        e.ValueKind == JsonValueKind.Object && e.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.Number ? v.GetDouble() : null;

    public static bool Flag(this JsonElement e, string name) =>
        e.ValueKind == JsonValueKind.Object && e.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.True;

    public static JsonElement Member(this JsonElement e, string name) =>
        e.ValueKind == JsonValueKind.Object && e.TryGetProperty(name, out JsonElement v) ? v : default;

    public static IEnumerable<JsonElement> Items(this JsonElement e, string name) =>
        e.Member(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];
}
