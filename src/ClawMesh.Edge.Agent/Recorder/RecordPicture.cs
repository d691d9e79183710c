using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Time;

namespace ClawMesh.Edge.Agent.Recorder;

/// <summary>One value of a picture.</summary>
internal sealed class PictureValue(string subject, string field, string text, bool isText)
{
    public string Subject => subject;

    public string Field => field;

    /// <summary>As JSON has it, except for the quotes of a text.</summary>
    public string Text => text;

    public bool IsText => isText;
}

/// <summary>One second or one sample of a burst, with its names: subject, field and value, in the order they are shown.</summary>
internal sealed class RecordPicture
{
    private const string Node = "node";

    private readonly List<PictureValue> _values = [];

    public RecordPicture(RecordKind kind, ReadOnlySpan<byte> payload, RecorderLayout layout)
    {
        bool second = kind == RecordKind.Second;
        Kind = second ? "second" : "burst";
        var r = new PayloadReader(payload);
        At = DateTimeOffset.FromUnixTimeMilliseconds(r.Number64());
        UptimeMs = (r.Number64() / 1000.0).ToString("0.###", CultureInfo.InvariantCulture);
        Whole(Node, "tickLateUs", r.Number32());
        if (second) ReadNode(ref r);
        for (int i = 0; i < layout.Outputs.Count; i++) ReadOutput(ref r, layout.Outputs[i], second);
        foreach (string sensor in layout.Sensors)
        {
            if (second) Word(sensor, "state", ((DriverState)Math.Min(r.Byte(), (byte)DriverState.Failed)).Word());
            Real(sensor, "value", r.Real());
            if (second && r.Number32() is >= 0 and var age) Whole(sensor, "ageMs", age);
        }
    }

    public string Kind { get; }

    public DateTimeOffset At { get; }

    public string UptimeMs { get; }

    public static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public IReadOnlyList<PictureValue> Values => _values;

    /// <summary>Writes the members into an open object: those of the node flat, then one object for each output and sensor.</summary>
    public void WriteTo(Utf8JsonWriter w)
    {
        w.WriteString("kind", Kind);
        w.WriteString("at", Instant(At));
        Raw(w, "uptimeMs", UptimeMs);
        string open = Node;
        foreach (PictureValue value in _values)
        {
            if (value.Subject != open)
            {
                if (open != Node) w.WriteEndObject();
                w.WriteStartObject(value.Subject);
                open = value.Subject;
            }

            if (value.IsText) w.WriteString(value.Field, value.Text);
            else Raw(w, value.Field, value.Text);
        }

        if (open != Node) w.WriteEndObject();
    }

    private void ReadNode(ref PayloadReader r)
    {
        Word(Node, "readiness", ((ReadinessLevel)Math.Min(r.Byte(), (byte)ReadinessLevel.ActuationReady)).Word());
        Word(Node, "clock", ((ClockClass)Math.Min(r.Byte(), (byte)ClockClass.Unsynchronised)).Word());
        byte bits = r.Byte();
        Word(Node, "journal", (bits & 1) != 0 ? "ready" : "unavailable");
        if ((bits & 2) != 0) Flag(Node, "burstsSpent");
        Whole(Node, "peers", r.Number32());
        Whole(Node, "lateTicks", r.Number64());
        Whole(Node, "memoryKiB", r.Number32());
        if (r.Number32() is > 0 and var lost) Whole(Node, "lostEvents", lost);
    }

    private void ReadOutput(ref PayloadReader r, string output, bool second)
    {
        byte flags = r.Byte();
        Real(output, "commanded", r.Real());
        int lease = r.Number32();
        if ((flags & 1) != 0) Whole(output, "leaseMs", lease);
        if ((flags & 2) != 0) Flag(output, "safePending");
        if ((flags & 4) != 0) Flag(output, "latched");
        if ((flags & 8) != 0) Flag(output, "busBlocked");
        if (second) Real(output, "readBack", r.Real());
    }

    private void Word(string subject, string field, string value) => _values.Add(new PictureValue(subject, field, value, isText: true));

    private void Flag(string subject, string field) => _values.Add(new PictureValue(subject, field, "true", isText: false));

    private void Whole(string subject, string field, long value) => _values.Add(new PictureValue(subject, field, value.ToString(CultureInfo.InvariantCulture), isText: false));

    // What was not measured shows nothing.
    private void Real(string subject, string field, float value)
    {
        if (float.IsFinite(value)) _values.Add(new PictureValue(subject, field, value.ToString("R", CultureInfo.InvariantCulture), isText: false));
    }

    private static void Raw(Utf8JsonWriter w, string field, string number)
    {
        w.WritePropertyName(field);
        w.WriteRawValue(number);
    }
}
