using System.Buffers;
using System.Text;
using System.Text.Json;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>
/// Edits JSON without reading more of it than the edit needs: what is not touched keeps its bytes, numbers and escapes included. For
/// texts that were found sound before, such as by <see cref="Core.Wire.StrictJson"/>.
/// </summary>
internal static class RawJson
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The value that <paramref name="write"/> writes.</summary>
    public static byte[] Value(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Relaxed)) write(writer);
        return buffer.WrittenSpan.ToArray();
    }

    public static byte[] Text(string text) => Value(writer => writer.WriteStringValue(text));

    /// <summary>The elements of an array, each as it stands.</summary>
    public static List<byte[]> Items(byte[] array)
    {
        var items = new List<byte[]>();
        var reader = new Utf8JsonReader(array);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) items.Add(TakeValue(array, ref reader));
        return items;
    }

    public static byte[] Array(IReadOnlyList<byte[]> items)
    {
        var text = new ArrayBufferWriter<byte>();
        text.Write("["u8);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0) text.Write(","u8);
            text.Write(items[i]);
        }

        text.Write("]"u8);
        return text.WrittenSpan.ToArray();
    }

    /// <summary>The same values laid out as <c>JSON.stringify(…, null, 2)</c> lays them out, and a line end.</summary>
    public static byte[] Indented(byte[] json)
    {
        var text = new ArrayBufferWriter<byte>(json.Length * 2);
        var reader = new Utf8JsonReader(json);
        bool open = true;
        bool afterName = false;
        while (reader.Read())
        {
            bool closes = reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray;
            if (!afterName && !(closes && open) && text.WrittenCount > 0)
            {
                if (!open && !closes) text.Write(","u8);
                NewLine(text, reader.CurrentDepth);
            }

            Token(text, ref reader);
            afterName = reader.TokenType == JsonTokenType.PropertyName;
            open = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        }

        text.Write("\n"u8);
        return text.WrittenSpan.ToArray();
    }

    /// <summary>The value on which the reader stands; it stands on its last token afterwards.</summary>
    internal static byte[] TakeValue(byte[] text, ref Utf8JsonReader reader)
    {
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return text[start..(int)reader.BytesConsumed];
    }

    private static void NewLine(ArrayBufferWriter<byte> text, int depth)
    {
        text.Write("\n"u8);
        for (int i = 0; i < depth; i++) text.Write("  "u8);
    }

    private static void Token(ArrayBufferWriter<byte> text, ref Utf8JsonReader reader)
    {
        bool quoted = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName;
        if (quoted) text.Write("\""u8);
        text.Write(reader.ValueSpan);
        if (quoted) text.Write("\""u8);
        if (reader.TokenType == JsonTokenType.PropertyName) text.Write(": "u8);
    }
}

/// <summary>The members of one JSON object in the order of the text; names that are not set or removed, and their values, stay byte for byte.</summary>
internal sealed class RawObject
{
    private readonly List<RawMember> _members = [];

    /// <summary>An object without members.</summary>
    public RawObject()
    {
    }

    public RawObject(byte[] text)
    {
        var reader = new Utf8JsonReader(text);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            byte[] written = [(byte)'"', .. reader.ValueSpan, (byte)'"'];
            reader.Read();
            _members.Add(new RawMember(name, written) { Value = RawJson.TakeValue(text, ref reader) });
        }
    }

    /// <summary>The value as it stands, or null when there is no such member.</summary>
    public byte[]? this[string name] => Find(name)?.Value;

    /// <summary>The member when it is an object; null otherwise.</summary>
    public RawObject? ObjectAt(string name) => this[name] is [(byte)'{', ..] text ? new RawObject(text) : null;

    /// <summary>The member when it is a text; null otherwise.</summary>
    public string? TextAt(string name)
    {
        if (this[name] is not [(byte)'"', ..] text) return null;
        var reader = new Utf8JsonReader(text);
        reader.Read();
        return reader.GetString();
    }

    /// <summary>Changes the member in its place, or adds it: before <paramref name="before"/> where there is one, else at the end.</summary>
    public void Set(string name, byte[] value, string before = "")
    {
        if (Find(name) is { } member)
        {
            member.Value = value;
            return;
        }

        int at = _members.FindIndex(m => m.Name == before);
        _members.Insert(at < 0 ? _members.Count : at, new RawMember(name, RawJson.Text(name)) { Value = value });
    }

    /// <summary>Sets every member that <paramref name="over"/> has.</summary>
    public void Lay(RawObject over)
    {
        foreach (RawMember member in over._members) Set(member.Name, member.Value);
    }

    public byte[] ToBytes()
    {
        var text = new ArrayBufferWriter<byte>();
        text.Write("{"u8);
        for (int i = 0; i < _members.Count; i++)
        {
            if (i > 0) text.Write(","u8);
            text.Write(_members[i].WrittenName);
            text.Write(":"u8);
            text.Write(_members[i].Value);
        }

        text.Write("}"u8);
        return text.WrittenSpan.ToArray();
    }

    private RawMember? Find(string name) => _members.Find(m => m.Name == name);

    private sealed class RawMember(string name, byte[] writtenName)
    {
        public string Name => name;

        public byte[] WrittenName => writtenName;

        public required byte[] Value { get; set; }
    }
}
