using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Agent.Recorder;

/// <summary>What of a recording is wanted; both ends included.</summary>
internal sealed record RecorderSpan(DateTimeOffset From, DateTimeOffset To);

/// <summary>What an export wrote.</summary>
internal sealed class RecorderCounts
{
    public long Seconds { get; set; }

    public long BurstSamples { get; set; }

    public long Events { get; set; }

    /// <summary>Bytes that belonged to no whole record: what a power cut tore.</summary>
    public long SkippedBytes { get; set; }

    public DateTimeOffset? First { get; set; }

    public DateTimeOffset? Last { get; set; }

    public long Records => Seconds + BurstSamples + Events;
}

/// <summary>Reads a recording, of a living node or of a dead one, and writes what it holds as JSON lines or CSV.</summary>
internal sealed class RecorderReader(IRecorderDisk disk)
{
    // Around the first and the last event of a trace: what a burst holds.
    private static readonly TimeSpan Before = BurstRing.Before;
    private static readonly TimeSpan After = TimeSpan.FromSeconds(5);

    /// <summary>True once the recording itself could not be read; what fails otherwise is the file it is written to.</summary>
    public bool Failed { get; private set; }

    public const string CsvHeader = "at,uptimeMs,kind,subject,field,value";

    /// <summary>From two seconds before the first event that carries the trace to five after the last; null when none does.</summary>
    public RecorderSpan? FindTrace(string trace)
    {
        DateTimeOffset? first = null, last = null;
        trace = PlainText.Visible(trace, EventLog.MaxText);
        var counts = new RecorderCounts();
        Walk(counts, (kind, payload, _) =>
        {
            if (kind != RecordKind.Event || Event(payload) is not { } e || e.Text("trace") != trace || At(e) is not { } at) return;
            if (first is null || at < first) first = at;
            if (last is null || at > last) last = at;
        });
        return first is { } f && last is { } l ? new RecorderSpan(f - Before, l + After) : null;
    }

    public RecorderCounts Export(RecorderSpan span, bool csv, TextWriter to)
    {
        var counts = new RecorderCounts();
        string boot = "";
        if (csv) to.WriteLine(CsvHeader);
        Walk(counts, (kind, payload, layout) =>
        {
            JsonElement? e = kind == RecordKind.Event ? Event(payload) : null;
            if ((e is { } known ? At(known) : Time(payload)) is not { } at || at < span.From || at > span.To) return;
            if (counts.First is null || at < counts.First) counts.First = at;
            if (counts.Last is null || at > counts.Last) counts.Last = at;
            if (layout.Boot != boot && !csv) to.WriteLine(Start(layout));
            boot = layout.Boot;
            switch (kind)
            {
                case RecordKind.Event when e is { } told:
                    counts.Events++;
                    to.WriteLine(csv ? Line(at, "", "event", told.Text("subject"), told.Text("type"), told.Text("message")) : Line(told));
                    break;
                case RecordKind.Second or RecordKind.Burst:
                    if (kind == RecordKind.Second) counts.Seconds++;
                    else counts.BurstSamples++;
                    if (csv) Csv(kind, payload, layout, to);
                    else to.WriteLine(Json(kind, payload, layout));
                    break;
            }
        });
        return counts;
    }

    private void Walk(RecorderCounts counts, Taker take)
    {
        // Set while the disk is asked: what is thrown then is its fault.
        Failed = true;
        foreach (RecorderSegment segment in disk.Segments())
        {
            if (segment.Bytes > SegmentRing.LargestSegment)
            {
                // No node wrote it, and it would not fit into memory.
                counts.SkippedBytes += segment.Bytes;
                continue;
            }

            Failed = true;
            byte[] data;
            try
            {
                data = disk.Read(segment.Number);
            }
            catch (FileNotFoundException)
            {
                // A living node has let it go meanwhile.
                continue;
            }

            Failed = false;
            RecorderLayout? layout = null;
            int at = 0;
            long skipped = 0;
            while (RecordFraming.TryNext(data, ref at, ref skipped, out RecordKind kind, out ReadOnlySpan<byte> payload))
            {
                if (kind == RecordKind.Layout) layout = RecorderLayout.Read(payload) ?? layout;
                // Without the names a sample says nothing.
                else if (layout is not null) take(kind, payload, layout);
            }

            counts.SkippedBytes += skipped;
        }

        Failed = false;
    }

    private static JsonElement? Event(ReadOnlySpan<byte> payload)
    {
        try
        {
            var reader = new Utf8JsonReader(payload);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static DateTimeOffset? At(JsonElement e) =>
        DateTimeOffset.TryParse(e.Text("at"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset at) ? at : null;

    private static DateTimeOffset? Time(ReadOnlySpan<byte> payload) =>
        new PayloadReader(payload).Number64() is > 0 and < 253_402_300_799_999 and var ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;

    private static string Start(RecorderLayout layout) => Text(w =>
    {
        w.WriteString("kind", "start");
        w.WriteString("boot", layout.Boot);
        w.WriteString("version", layout.Version);
        w.WriteString("site", layout.Site);
    });

    private static string Line(JsonElement e) => Text(w =>
    {
        w.WriteString("kind", "event");
        foreach (JsonProperty member in e.EnumerateObject()) member.WriteTo(w);
    });

    private static string Json(RecordKind kind, ReadOnlySpan<byte> payload, RecorderLayout layout)
    {
        var picture = new RecordPicture(kind, payload, layout);
        return Text(w => picture.WriteTo(w));
    }

    private static void Csv(RecordKind kind, ReadOnlySpan<byte> payload, RecorderLayout layout, TextWriter to)
    {
        var picture = new RecordPicture(kind, payload, layout);
        foreach (PictureValue value in picture.Values)
            to.WriteLine(Line(picture.At, picture.UptimeMs, picture.Kind, value.Subject, value.Field, value.Text));
    }

    private static string Line(DateTimeOffset at, string uptimeMs, string kind, string subject, string field, string value) =>
        $"{RecordPicture.Instant(at)},{uptimeMs},{kind},{Cell(subject)},{Cell(field)},{Cell(value)}";

    // RFC 4180: quotes around what holds a comma, a quote or a line break.
    private static string Cell(string text)
    {
        // A spreadsheet would take it for a formula.
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' && !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _)) text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static string Text(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var w = new Utf8JsonWriter(buffer, JsonText.Relaxed))
        {
            w.WriteStartObject();
            members(w);
            w.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private delegate void Taker(RecordKind kind, ReadOnlySpan<byte> payload, RecorderLayout layout);
}
