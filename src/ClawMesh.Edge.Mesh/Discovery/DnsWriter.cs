using System.Buffers.Binary;
using System.Text;

namespace ClawMesh.Edge.Mesh.Discovery;

/// <summary>Fills one packet, questions first and then the sections in their order. What does not fit is left out and reported.</summary>
internal sealed class DnsWriter
{
    /// <summary>Fits every Ethernet without fragments, IPv6 and UDP headers included.</summary>
    public const int MaxBytes = 1400;

    public const ushort Response = 0x8400;

    private const int TruncatedBit = 0x0200;

    private readonly byte[] _bytes = new byte[MaxBytes];
    private readonly Dictionary<string, int> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly bool _legacy;
    private int _at = 12;

    /// <param name="legacy">For a plain resolver: no cache-flush bit, and lives of at most 10 s (RFC 6762 section 6.7).</param>
    public DnsWriter(ushort flags, ushort id = 0, bool legacy = false)
    {
        _legacy = legacy;
        Put(0, id);
        Put(2, flags);
    }

    public ReadOnlySpan<byte> Packet => _bytes.AsSpan(0, _at);

    public bool IsEmpty => _at == 12;

    /// <summary>More known answers follow.</summary>
    public void Truncated() => Put(2, Word(2) | TruncatedBit);

    public bool TryQuestion(DnsQuestion question)
    {
        int before = _at;
        if (!TryName(question.Name) || !TryWords((ushort)question.Type, (ushort)(question.Unicast ? 0x8001 : 1))) return Undo(before);
        Put(4, Word(4) + 1);
        return true;
    }

    public bool TryAnswer(DnsRecord record) => TryRecord(record, 6);

    public bool TryAuthority(DnsRecord record) => TryRecord(record, 8);

    public bool TryAdditional(DnsRecord record) => TryRecord(record, 10);

    private bool TryRecord(DnsRecord record, int counter)
    {
        int before = _at;
        // What is proposed in a probe is no claim yet, so it carries no flush bit (RFC 6762 section 10.2).
        bool flush = record.Flush && !_legacy && counter != 8;
        if (!TryName(record.Name) || !TryWords((ushort)record.Type, (ushort)(flush ? 0x8001 : 1)) || _at + 6 + record.Data.Length > MaxBytes) return Undo(before);
        BinaryPrimitives.WriteUInt32BigEndian(_bytes.AsSpan(_at), _legacy ? Math.Min(record.Ttl, 10) : record.Ttl);
        int length = _at + 4;
        _at += 6;
        record.Data.CopyTo(_bytes, _at);
        _at += record.Data.Length;
        if (record.Target is not null && !TryName(record.Target)) return Undo(before);
        Put(length, _at - length - 2);
        Put(counter, Word(counter) + 1);
        return true;
    }

    private bool TryName(string name)
    {
        while (name.Length > 0)
        {
            if (_names.TryGetValue(name, out int known)) return TryWords((ushort)(0xc000 | known));
            byte[] label = Encoding.UTF8.GetBytes(DnsNames.First(name, out string rest));
            if (label.Length is 0 or > DnsNames.MaxLabelBytes || _at + 1 + label.Length > MaxBytes) return false;
            _names.Add(name, _at);
            _bytes[_at++] = (byte)label.Length;
            label.CopyTo(_bytes, _at);
            _at += label.Length;
            name = rest;
        }

        if (_at >= MaxBytes) return false;
        _bytes[_at++] = 0;
        return true;
    }

    private bool TryWords(params ReadOnlySpan<ushort> words)
    {
        if (_at + 2 * words.Length > MaxBytes) return false;
        foreach (ushort word in words)
        {
            Put(_at, word);
            _at += 2;
        }

        return true;
    }

    // Names that were written behind the mark are gone with it.
    private bool Undo(int mark)
    {
        _at = mark;
        var gone = new List<string>();
        foreach (KeyValuePair<string, int> name in _names)
        {
            if (name.Value >= mark) gone.Add(name.Key);
        }

        foreach (string name in gone) _names.Remove(name);
        return false;
    }

    private int Word(int at) => BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(at));

    private void Put(int at, int value) => BinaryPrimitives.WriteUInt16BigEndian(_bytes.AsSpan(at), (ushort)value);
}
