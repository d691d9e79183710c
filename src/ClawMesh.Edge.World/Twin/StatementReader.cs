using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Core.Frames;

namespace ClawMesh.Edge.World.Twin;

/// <summary>
/// Takes a <see cref="Statement"/> out of a frame in one pass over its text. Words that come again with every frame are kept, so that
/// a known key costs one string, its frame id. Not thread-safe.
/// </summary>
internal sealed class StatementReader
{
    private const int CachedTexts = 4_096;

    // Longer ones are no names of anything.
    private const int MaxText = 128;

    private const int MaxSources = 8;
    private static readonly EvidenceSource[] AllSources = [EvidenceSource.Llm, EvidenceSource.Sensor, EvidenceSource.Device, EvidenceSource.Human, EvidenceSource.Mixed];

    private readonly HashSet<string> _texts = new(StringComparer.Ordinal);
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    // By the set of sources as bits.
    private readonly IReadOnlyList<string>?[] _sources = new IReadOnlyList<string>?[1 << 5];

    public StatementReader() => _lookup = _texts.GetAlternateLookup<ReadOnlySpan<char>>();

    public Statement Said { get; } = new();

    /// <summary>False when the text is no frame; <see cref="Said"/> means nothing then.</summary>
    public bool Read(ReadOnlySpan<byte> frame)
    {
        Said.Clear();
        try
        {
            var reader = new Utf8JsonReader(frame);
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject && Members(ref reader) && Said.FrameId.Length > 0 && Said.Origin.Length > 0;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: half of a surrogate pair.
            return false;
        }
    }

    public bool Read(ContextFrame frame)
    {
        Said.Clear();
        (Said.Kind, Said.FrameId, Said.Origin, Said.OriginName, Said.TimestampMs) = (frame.Kind, frame.FrameId, frame.SourceDeviceId, frame.SourceDisplayName, frame.Timestamp);
        int bits = 0;
        foreach (string word in frame.Trust.EvidenceSources)
        {
            if (TrustWords.Source(word) is not { } source) return false;
            bits |= 1 << (int)source;
        }

        Take(bits);
        if (frame.Data.ValueKind != JsonValueKind.Object) return false;
        try
        {
            var reader = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(frame.Data));
            return reader.Read() && Data(ref reader);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>One string for all equal texts, as long as they come.</summary>
    public string Kept(ReadOnlySpan<char> text)
    {
        if (_lookup.TryGetValue(text, out string? known)) return known;
        if (_texts.Count == CachedTexts) _texts.Clear();
        string kept = new(text);
        _texts.Add(kept);
        return kept;
    }

    private bool Members(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("data"u8))
            {
                if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject || !Data(ref reader)) return false;
            }
            else if (reader.ValueTextEquals("trust"u8))
            {
                if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject || !Trust(ref reader)) return false;
            }
            else if (reader.ValueTextEquals("kind"u8)) Said.Kind = Text(ref reader) ?? "";
            else if (reader.ValueTextEquals("frameId"u8)) Said.FrameId = Fresh(ref reader) ?? "";
            else if (reader.ValueTextEquals("sourceDeviceId"u8)) Said.Origin = Text(ref reader) ?? "";
            else if (reader.ValueTextEquals("sourceDisplayName"u8)) Said.OriginName = Text(ref reader);
            else if (reader.ValueTextEquals("timestamp"u8))
            {
                if (Number(ref reader) is not { } ms) return false;
                Said.TimestampMs = (long)ms;
            }
            else
            {
                reader.Skip();
            }
        }

        return true;
    }

    private bool Trust(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!reader.ValueTextEquals("evidence_sources"u8))
            {
                reader.Skip();
                continue;
            }

            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray) return false;
            int bits = 0;
            for (int i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
            {
                if (i == MaxSources || reader.TokenType != JsonTokenType.String) return false;
                if (reader.ValueTextEquals("sensor"u8)) bits |= 1 << (int)EvidenceSource.Sensor;
                else if (reader.ValueTextEquals("device"u8)) bits |= 1 << (int)EvidenceSource.Device;
                else if (reader.ValueTextEquals("human"u8)) bits |= 1 << (int)EvidenceSource.Human;
                else if (reader.ValueTextEquals("llm"u8)) bits |= 1 << (int)EvidenceSource.Llm;
                else if (reader.ValueTextEquals("mixed"u8)) bits |= 1 << (int)EvidenceSource.Mixed;
                else return false;
            }

            Take(bits);
        }

        return true;
    }

    private void Take(int bits)
    {
        Said.FromModel = (bits & ((1 << (int)EvidenceSource.Llm) | (1 << (int)EvidenceSource.Mixed))) != 0;
        if (_sources[bits] is not { } list)
        {
            var words = new List<string>();
            foreach (EvidenceSource source in AllSources)
            {
                if ((bits & (1 << (int)source)) != 0) words.Add(source.Word());
            }

            _sources[bits] = list = words;
        }

        Said.Sources = list;
    }

    // Members of data that say something to the twin; the rest is passed over, however deep.
    private bool Data(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("zone"u8)) Said.Zone = Text(ref reader);
            else if (reader.ValueTextEquals("metric"u8)) Said.Metric = Text(ref reader);
            else if (reader.ValueTextEquals("value"u8)) Said.Value = Number(ref reader);
            else if (reader.ValueTextEquals("unit"u8)) Said.Unit = Text(ref reader) ?? "";
            else if (reader.ValueTextEquals("sensor"u8)) Said.Sensor = Text(ref reader);
            else if (reader.ValueTextEquals("status"u8)) Said.Status = Text(ref reader);
            else if (reader.ValueTextEquals("simulated"u8)) Said.Simulated = reader.Read() && (reader.TokenType == JsonTokenType.True || Passed(ref reader));
            else if (reader.ValueTextEquals("horizonMinutes"u8)) Said.HorizonMinutes = Number(ref reader);
            else if (reader.ValueTextEquals("type"u8)) Said.Type = Text(ref reader);
            else if (reader.ValueTextEquals("targetRef"u8)) Said.TargetRef = Text(ref reader);
            else if (reader.ValueTextEquals("operation"u8)) Said.Operation = Text(ref reader);
            else if (reader.ValueTextEquals("outcome"u8)) Said.Outcome = Text(ref reader);
            else if (reader.ValueTextEquals("state"u8)) Said.State = Text(ref reader);
            else if (reader.ValueTextEquals("observed"u8)) Observed(ref reader);
            else reader.Skip();
        }

        return reader.TokenType == JsonTokenType.EndObject;
    }

    // Of an actuation.result: the state that was read back when the effect was seen ([X-38]).
    private void Observed(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("state"u8)) Said.State = Text(ref reader);
            else reader.Skip();
        }
    }

    private static bool Passed(ref Utf8JsonReader reader)
    {
        reader.Skip();
        return false;
    }

    private static double? Number(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.Number)
        {
            reader.Skip();
            return null;
        }

        return reader.TryGetDouble(out double number) && double.IsFinite(number) ? number : null;
    }

    private string? Text(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return null;
        }

        ReadOnlySpan<byte> raw = reader.ValueSpan;
        if (raw.Length > MaxText * 6) return null;
        if (reader.ValueIsEscaped || raw.Length > MaxText || !Ascii.IsValid(raw)) return reader.GetString() is { Length: <= MaxText } text ? text : null;
        Span<char> characters = stackalloc char[MaxText];
        Ascii.ToUtf16(raw, characters, out int length);
        return Kept(characters[..length]);
    }

    private static string? Fresh(ref Utf8JsonReader reader)
    {
        if (reader.Read() && reader.TokenType == JsonTokenType.String) return reader.GetString();
        reader.Skip();
        return null;
    }
}
