using System.Text.Json;
using System.Text.Unicode;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Mesh.Envelope;

/// <summary>What a message turned out to be.</summary>
public enum WireKind
{
    /// <summary>Not to be processed; the scan's fault says why.</summary>
    Broken,
    Request,
    Response,
    Event,
}

/// <summary>Why a message is dropped ([W-10]); each is counted under its own name.</summary>
public enum WireFault
{
    None,
    InvalidJson,
    MissingType,
    InvalidType,
}

/// <summary>A value inside a message: where its text begins, how long it is, of which JSON type it is.</summary>
internal readonly record struct Slice(int Start, int Length, JsonTokenType Type)
{
    public static readonly Slice None = new(0, 0, JsonTokenType.None);

    /// <summary>There is a value, and it is not <c>null</c>.</summary>
    public bool Present => Type is not (JsonTokenType.None or JsonTokenType.Null);

    /// <summary>The JSON text: a string with its quotes.</summary>
    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> message) => message.Slice(Start, Length);
}

/// <summary>The members an envelope and a context frame are made of.</summary>
internal enum Member
{
    None,
    Type, Id, Method, Event, Ok, Params, Payload, Error,
    Gen, Kind, FrameId, SourceDeviceId, SourceDisplayName, Timestamp, Data, Trust, Note, Hops,
    Epoch, Seq, Hlc, Sig,
    Zone, Metric,
    EvidenceSources, EvidenceTier,
    Count,
}

/// <summary>
/// One pass over a received text: the strict check of [W-10] and, on the way, where the members lie that an envelope and a context
/// frame are made of. Nothing is copied. One scan belongs to one receive loop and is used again for each message; not thread-safe.
/// Frames are most of what a node hears; a second pass would cost a third of its ingest rate.
/// </summary>
internal sealed class WireScan
{
    // Names of one object are compared with each other up to this many and put into a set from there on:
    // a megabyte of distinct names must not cost a quadratic number of comparisons.
    private const int ListedNames = 32;
    private const int Levels = StrictJson.MaxDepth + 2;

    private readonly (ulong Mark, int Start, int Length)[] _names = new (ulong, int, int)[ListedNames * Levels];
    private readonly int[] _nameCount = new int[Levels];
    private readonly HashSet<string>?[] _manyNames = new HashSet<string>?[Levels];
    private readonly Section[] _sections = new Section[Levels];
    private readonly Slice[] _found = new Slice[(int)Member.Count];

    private enum Section : byte
    {
        Other,
        Root,
        Frame,
        Data,
        Trust,
    }

    public WireFault Fault { get; private set; }

    public Slice this[Member member] => _found[(int)member];

    /// <summary>The method of a request, the name of an event.</summary>
    public Slice Name { get; private set; }

    /// <summary><c>params</c> of a request, <c>payload</c> of the others.</summary>
    public Slice Body { get; private set; }

    /// <summary>Scans a whole message. The slices point into it.</summary>
    public WireKind Message(ReadOnlySpan<byte> utf8)
    {
        Name = Body = Slice.None;
        if (!Walk(utf8, Section.Root)) return Broken(WireFault.InvalidJson);
        Fault = WireFault.None;
        Slice type = this[Member.Type];
        if (!type.Present) return Broken(WireFault.MissingType);
        if (type.Type != JsonTokenType.String) return Broken(WireFault.InvalidType);
        if (Is(utf8, type, "event"u8))
        {
            (Name, Body) = (this[Member.Event], this[Member.Payload]);
            return Name.Type == JsonTokenType.String ? WireKind.Event : Broken(WireFault.InvalidType);
        }

        if (Is(utf8, type, "req"u8))
        {
            (Name, Body) = (this[Member.Method], this[Member.Params]);
            return HasId && Name.Type == JsonTokenType.String ? WireKind.Request : Broken(WireFault.InvalidType);
        }

        if (!Is(utf8, type, "res"u8)) return Broken(WireFault.InvalidType);
        Body = this[Member.Payload];
        return HasId && this[Member.Ok].Type is JsonTokenType.True or JsonTokenType.False ? WireKind.Response : Broken(WireFault.InvalidType);
    }

    /// <summary>Scans the JSON of a context frame on its own, as <c>context.sync</c> returns it. The slices point into it.</summary>
    public bool Frame(ReadOnlySpan<byte> utf8)
    {
        Name = Slice.None;
        bool sound = Walk(utf8, Section.Frame);
        Fault = sound ? WireFault.None : WireFault.InvalidJson;
        Body = new Slice(0, utf8.Length, JsonTokenType.StartObject);
        return sound;
    }

    /// <summary>The text of a string value; a copy.</summary>
    public static string Text(ReadOnlySpan<byte> message, Slice value)
    {
        var reader = new Utf8JsonReader(value.Of(message));
        reader.Read();
        return reader.GetString()!;
    }

    /// <summary>A value as an element of its own; undefined when it is absent or null.</summary>
    public static JsonElement Element(ReadOnlySpan<byte> message, Slice value)
    {
        if (!value.Present) return default;
        var reader = new Utf8JsonReader(value.Of(message));
        return JsonElement.ParseValue(ref reader);
    }

    /// <summary>True when a string value says exactly <paramref name="word"/>, however it is escaped.</summary>
    public static bool Is(ReadOnlySpan<byte> message, Slice value, ReadOnlySpan<byte> word)
    {
        if (value.Type != JsonTokenType.String) return false;
        ReadOnlySpan<byte> raw = message.Slice(value.Start + 1, value.Length - 2);
        if (raw.SequenceEqual(word)) return true;
        if (!raw.Contains((byte)'\\')) return false;
        var reader = new Utf8JsonReader(value.Of(message));
        return reader.Read() && reader.ValueTextEquals(word);
    }

    // An id of 1 to 128 characters ([W-62]); six bytes per character at most, and its quotes.
    private bool HasId => this[Member.Id] is { Type: JsonTokenType.String, Length: > 2 and <= (128 * 6) + 2 };

    private WireKind Broken(WireFault fault)
    {
        Fault = fault;
        return WireKind.Broken;
    }

    private bool Walk(ReadOnlySpan<byte> utf8, Section root)
    {
        Array.Clear(_found);
        if (!Utf8.IsValid(utf8)) return false;
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = StrictJson.MaxDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
            Open(1, root);
            return Walk(ref reader, utf8);
        }
        catch (Exception unsound) when (unsound is JsonException or InvalidOperationException)
        {
            return false;
        }
        finally
        {
            Array.Clear(_manyNames);
        }
    }

    /// <exception cref="InvalidOperationException">A text holds an unpaired surrogate.</exception>
    private bool Walk(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8)
    {
        // Which member the value now being read belongs to, and where the open objects and arrays of interest began.
        Member member = Member.None;
        Span<Member> owner = stackalloc Member[Levels];
        Span<int> began = stackalloc int[Levels];
        while (reader.Read())
        {
            int depth = reader.CurrentDepth;
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    if (!IsNew(ref reader, utf8, depth)) return false;
                    member = MemberOf(ref reader, _sections[depth]);
                    break;
                case JsonTokenType.StartObject:
                case JsonTokenType.StartArray:
                    owner[depth] = member;
                    began[depth] = (int)reader.TokenStartIndex;
                    Open(depth + 1, reader.TokenType == JsonTokenType.StartObject ? SectionOf(member) : Section.Other);
                    member = Member.None;
                    break;
                case JsonTokenType.EndObject:
                case JsonTokenType.EndArray:
                    if (owner[depth] != Member.None)
                    {
                        JsonTokenType opened = reader.TokenType == JsonTokenType.EndObject ? JsonTokenType.StartObject : JsonTokenType.StartArray;
                        _found[(int)owner[depth]] = new Slice(began[depth], (int)reader.BytesConsumed - began[depth], opened);
                    }

                    member = Member.None;
                    break;
                default:
                    if (reader.TokenType == JsonTokenType.String && reader.ValueIsEscaped) CheckText(ref reader);
                    if (member != Member.None)
                    {
                        int start = (int)reader.TokenStartIndex;
                        _found[(int)member] = new Slice(start, (int)reader.BytesConsumed - start, reader.TokenType);
                        member = Member.None;
                    }

                    break;
            }
        }

        return true;
    }

    private void Open(int level, Section section)
    {
        _sections[level] = section;
        _nameCount[level] = 0;
        _manyNames[level] = null;
    }

    private bool IsNew(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8, int level)
    {
        if (_manyNames[level] is { } many) return many.Add(reader.GetString()!);
        int count = _nameCount[level];
        if (reader.ValueIsEscaped || count == ListedNames)
        {
            // The rare case: an escaped name must be compared by its meaning, and so must all before it.
            var set = new HashSet<string>(StringComparer.Ordinal);
            for (int i = 0; i < count; i++)
            {
                (_, int start, int length) = _names[(level * ListedNames) + i];
                set.Add(System.Text.Encoding.UTF8.GetString(utf8.Slice(start, length)));
            }

            _manyNames[level] = set;
            return set.Add(reader.GetString()!);
        }

        ReadOnlySpan<byte> name = reader.ValueSpan;
        ulong mark = Mark(name);
        int at = level * ListedNames;
        for (int i = at; i < at + count; i++)
        {
            if (_names[i].Mark == mark && name.SequenceEqual(utf8.Slice(_names[i].Start, _names[i].Length))) return false;
        }

        _names[at + count] = (mark, (int)reader.TokenStartIndex + 1, name.Length);
        _nameCount[level] = count + 1;
        return true;
    }

    // Length, first, last and middle bytes: tells the names of a frame apart without reading them whole.
    private static ulong Mark(ReadOnlySpan<byte> name)
    {
        if (name.Length == 0) return 0;
        ulong mark = (ulong)name.Length << 32;
        return mark | ((ulong)name[0] << 24) | ((ulong)name[^1] << 16) | ((ulong)name[name.Length / 2] << 8) | name[name.Length / 3];
    }

    private static void CheckText(ref Utf8JsonReader reader)
    {
        if (reader.ValueSpan.Length <= 256)
        {
            Span<char> scratch = stackalloc char[256];
            _ = reader.CopyString(scratch);
            return;
        }

        _ = reader.GetString();
    }

    private static Section SectionOf(Member member) => member switch
    {
        Member.Payload => Section.Frame,
        Member.Data => Section.Data,
        Member.Trust => Section.Trust,
        _ => Section.Other,
    };

    private static Member MemberOf(ref Utf8JsonReader reader, Section section) => section switch
    {
        Section.Root => RootMember(ref reader),
        Section.Frame => FrameMember(ref reader),
        Section.Data => reader.ValueTextEquals("zone"u8) ? Member.Zone : reader.ValueTextEquals("metric"u8) ? Member.Metric : Member.None,
        Section.Trust => reader.ValueTextEquals("evidence_sources"u8) ? Member.EvidenceSources
            : reader.ValueTextEquals("evidence_trust_tier"u8) ? Member.EvidenceTier : Member.None,
        _ => Member.None,
    };

    private static Member RootMember(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("type"u8) ? Member.Type
        : reader.ValueTextEquals("event"u8) ? Member.Event
        : reader.ValueTextEquals("payload"u8) ? Member.Payload
        : reader.ValueTextEquals("id"u8) ? Member.Id
        : reader.ValueTextEquals("method"u8) ? Member.Method
        : reader.ValueTextEquals("params"u8) ? Member.Params
        : reader.ValueTextEquals("ok"u8) ? Member.Ok
        : reader.ValueTextEquals("error"u8) ? Member.Error
        : Member.None;

    private static Member FrameMember(ref Utf8JsonReader reader)
    {
        // By length first: eleven comparisons for each of a frame's members would be most of the work.
        int length = reader.ValueIsEscaped ? 0 : reader.ValueSpan.Length;
        return length switch
        {
            3 => reader.ValueTextEquals("gen"u8) ? Member.Gen : reader.ValueTextEquals("seq"u8) ? Member.Seq
                : reader.ValueTextEquals("hlc"u8) ? Member.Hlc : reader.ValueTextEquals("sig"u8) ? Member.Sig : Member.None,
            4 => reader.ValueTextEquals("kind"u8) ? Member.Kind : reader.ValueTextEquals("data"u8) ? Member.Data
                : reader.ValueTextEquals("hops"u8) ? Member.Hops : reader.ValueTextEquals("note"u8) ? Member.Note : Member.None,
            5 => reader.ValueTextEquals("trust"u8) ? Member.Trust : reader.ValueTextEquals("epoch"u8) ? Member.Epoch : Member.None,
            7 => reader.ValueTextEquals("frameId"u8) ? Member.FrameId : Member.None,
            9 => reader.ValueTextEquals("timestamp"u8) ? Member.Timestamp : Member.None,
            14 => reader.ValueTextEquals("sourceDeviceId"u8) ? Member.SourceDeviceId : Member.None,
            17 => reader.ValueTextEquals("sourceDisplayName"u8) ? Member.SourceDisplayName : Member.None,
            0 => EscapedFrameMember(ref reader),
            _ => Member.None,
        };
    }

    private static Member EscapedFrameMember(ref Utf8JsonReader reader) => reader.GetString() switch
    {
        "gen" => Member.Gen,
        "kind" => Member.Kind,
        "data" => Member.Data,
        "hops" => Member.Hops,
        "epoch" => Member.Epoch,
        "seq" => Member.Seq,
        "hlc" => Member.Hlc,
        "sig" => Member.Sig,
        "note" => Member.Note,
        "trust" => Member.Trust,
        "frameId" => Member.FrameId,
        "timestamp" => Member.Timestamp,
        "sourceDeviceId" => Member.SourceDeviceId,
        "sourceDisplayName" => Member.SourceDisplayName,
        _ => Member.None,
    };
}
