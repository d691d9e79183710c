using System.Text;

namespace ClawMesh.Edge.Benchmarks.Wire;

/// <summary>
/// Unsigned observations of 1,000 keys as a sensor node sends them ([W-69], [W-84]): 250 zones of a farm with four metrics each.
/// The texts are made once; id, time and value are written into them, so that making frames costs the tool next to nothing.
/// </summary>
internal sealed class LoadFrames
{
    public const int Keys = 1_000;

    private const string IdMark = "IIIIIIII-IIII-4III-8III-IIIIIIIIIIII";
    private const string TimeMark = "1795222484456";
    private const string ValueMark = "VV.V";

    private static readonly (string Metric, string Unit, string Name)[] Metrics =
        [("moisture", "%", "Soil moisture"), ("temp", "°C", "Temperature"), ("humidity", "%", "Humidity"), ("light", "klx", "Light")];

    private readonly Template[] _templates = new Template[Keys];
    // Ids of two runs must differ, or the second would be taken for a repetition.
    private readonly ulong _run = (ulong)Random.Shared.NextInt64();
    private ulong _made;

    public LoadFrames(LoadIdentity source)
    {
        for (int key = 0; key < Keys; key++)
        {
            (string metric, string unit, string name) = Metrics[key % Metrics.Length];
            string zone = $"zone-{(key / Metrics.Length) + 1}";
            _templates[key] = new Template(
                $$$"""{"type":"event","event":"context.frame","payload":{"gen":1,"kind":"observation","frameId":"{{{IdMark}}}","sourceDeviceId":"{{{source.DeviceId.Value}}}","sourceDisplayName":"{{{source.Name}}}","timestamp":{{{TimeMark}}},"data":{"zone":"{{{zone}}}","metric":"{{{metric}}}","value":{{{ValueMark}}},"unit":"{{{unit}}}","threshold":20,"status":"normal"},"trust":{"evidence_sources":["sensor"],"evidence_trust_tier":"T2_operational_observation"},"note":"{{{name}}} in {{{zone}}}: {{{ValueMark}}}{{{unit}}} (normal)","hops":0}}""");
        }
    }

    /// <summary>Bytes of a message, on average.</summary>
    public int AverageBytes => (int)_templates.Average(t => t.Utf8.Length);

    /// <summary>The next message; the memory is written to again a thousand frames later.</summary>
    /// <param name="nowMs">Milliseconds since the Unix epoch.</param>
    public ReadOnlyMemory<byte> Next(long nowMs)
    {
        Template template = _templates[_made % Keys];
        Span<byte> text = template.Utf8;
        _made++;
        Hex(text.Slice(template.Id, 8), _run >> 32);
        Hex(text.Slice(template.Id + 9, 4), _run >> 16);
        Hex(text.Slice(template.Id + 15, 3), _run);
        Hex(text.Slice(template.Id + 24, 12), _made);
        Digits(text.Slice(template.Time, TimeMark.Length), nowMs);
        foreach (int at in template.Values)
        {
            text[at] = (byte)('2' + (_made / Keys % 7));
            text[at + 1] = (byte)('0' + (_made % 10));
            text[at + 3] = (byte)('0' + (_made / 10 % 10));
        }

        return template.Utf8;
    }

    /// <summary>The id of the frame that <see cref="Next"/> gave last.</summary>
    public string LastId
    {
        get
        {
            Template template = _templates[(_made - 1) % Keys];
            return Encoding.ASCII.GetString(template.Utf8, template.Id, IdMark.Length);
        }
    }

    private static void Hex(Span<byte> digits, ulong value)
    {
        for (int i = digits.Length - 1; i >= 0; i--, value >>= 4) digits[i] = "0123456789abcdef"u8[(int)(value & 15)];
    }

    private static void Digits(Span<byte> digits, long value)
    {
        for (int i = digits.Length - 1; i >= 0; i--, value /= 10) digits[i] = (byte)('0' + (value % 10));
    }

    private sealed class Template
    {
        public Template(string text)
        {
            Id = Find(text, IdMark);
            Time = Find(text, TimeMark);
            int first = text.IndexOf(ValueMark, StringComparison.Ordinal);
            Values = [Find(text, ValueMark), Encoding.UTF8.GetByteCount(text.AsSpan(0, text.IndexOf(ValueMark, first + 1, StringComparison.Ordinal)))];
            Utf8 = Encoding.UTF8.GetBytes(text.Replace(ValueMark, "00.0", StringComparison.Ordinal).Replace(IdMark, IdMark.Replace('I', '0'), StringComparison.Ordinal));
        }

        public byte[] Utf8 { get; }

        public int Id { get; }

        public int Time { get; }

        /// <summary>Where the value stands: in the data, and in the note.</summary>
        public int[] Values { get; }

        private static int Find(string text, string mark) => Encoding.UTF8.GetByteCount(text.AsSpan(0, text.IndexOf(mark, StringComparison.Ordinal)));
    }
}
