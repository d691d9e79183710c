using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace ClawMesh.Edge.Mesh.Discovery;

internal enum DnsType : ushort
{
    A = 1,
    Ptr = 12,
    Txt = 16,
    Aaaa = 28,
    Srv = 33,
    Any = 255,
}

/// <param name="unicast">The asker would take an answer for itself alone (RFC 6762 section 5.4).</param>
internal sealed class DnsQuestion(string name, DnsType type, bool unicast = false)
{
    public string Name => name;

    public DnsType Type => type;

    public bool Unicast => unicast;

    public bool Asks(DnsType wanted) => type == wanted || type == DnsType.Any;
}

/// <summary>One record of class IN.</summary>
/// <param name="ttl">Seconds.</param>
/// <param name="data">The record's bytes; of SRV and PTR those before the name in it.</param>
/// <param name="target">The name in the data of SRV and PTR.</param>
/// <param name="flush">What others hold under this name and type is outdated (RFC 6762 section 10.2).</param>
internal sealed class DnsRecord(string name, DnsType type, uint ttl, byte[] data, string? target = null, bool flush = false)
{
    public string Name => name;

    public DnsType Type => type;

    public uint Ttl => ttl;

    public byte[] Data => data;

    public string? Target => target;

    public bool Flush => flush;

    public int Port => data.Length >= 6 ? BinaryPrimitives.ReadUInt16BigEndian(data.AsSpan(4)) : 0;

    public bool IsAddress => type is DnsType.A or DnsType.Aaaa;

    public static DnsRecord OfAddress(string name, IPAddress address, uint ttl)
    {
        byte[] bytes = address.GetAddressBytes();
        return new(name, bytes.Length == 4 ? DnsType.A : DnsType.Aaaa, ttl, bytes, flush: true);
    }

    public bool Is(DnsType wanted, string owner) => type == wanted && DnsNames.Same(name, owner);

    public bool HasSameData(DnsRecord other) =>
        type == other.Type && data.AsSpan().SequenceEqual(other.Data) && (target is null ? other.Target is null : other.Target is not null && DnsNames.Same(target, other.Target));

    /// <summary>By type, then by the data's bytes with names written out (RFC 6762 section 8.2).</summary>
    public int CompareTo(DnsRecord other) =>
        type != other.Type ? ((ushort)type).CompareTo((ushort)other.Type) : WrittenOut().AsSpan().SequenceCompareTo(other.WrittenOut());

    private byte[] WrittenOut() => target is null ? data : [.. data, .. DnsNames.WrittenOut(target)];
}

/// <summary>A DNS packet as it came from the network. Reading never throws and never loops, whatever the bytes are.</summary>
internal sealed class DnsMessage
{
    /// <summary>The largest packet that is read (RFC 6762 section 17).</summary>
    public const int MaxBytes = 9000;

    private const int HeaderBytes = 12;

    // A name's length on the wire, its dots and its end included (RFC 1035 section 3.1).
    private const int MaxNameBytes = 255;

    public ushort Id { get; private init; }

    public bool IsResponse { get; private init; }

    /// <summary>More known answers follow in another packet.</summary>
    public bool Truncated { get; private init; }

    public List<DnsQuestion> Questions { get; } = [];

    public List<DnsRecord> Answers { get; } = [];

    public List<DnsRecord> Authorities { get; } = [];

    public List<DnsRecord> Additionals { get; } = [];

    /// <summary>Null for what is no packet, or one of a kind that is to be ignored (RFC 6762 section 18).</summary>
    public static DnsMessage? Read(ReadOnlySpan<byte> packet)
    {
        if (packet.Length is < HeaderBytes or > MaxBytes) return null;
        int flags = Word(packet, 2);
        // Another operation than a query, or an error.
        if ((flags & 0x780f) != 0) return null;
        var message = new DnsMessage { Id = (ushort)Word(packet, 0), IsResponse = (flags & 0x8000) != 0, Truncated = (flags & 0x0200) != 0 };
        int at = HeaderBytes;
        for (int left = Word(packet, 4); left > 0; left--)
        {
            if (Name(packet, ref at) is not { } name || at + 4 > packet.Length) return null;
            int kind = Word(packet, at + 2);
            if ((kind & 0x7fff) is 1 or 255) message.Questions.Add(new DnsQuestion(name, (DnsType)Word(packet, at), (kind & 0x8000) != 0));
            at += 4;
        }

        return Records(packet, ref at, Word(packet, 6), message.Answers) && Records(packet, ref at, Word(packet, 8), message.Authorities)
            && Records(packet, ref at, Word(packet, 10), message.Additionals) ? message : null;
    }

    private static bool Records(ReadOnlySpan<byte> packet, ref int at, int count, List<DnsRecord> into)
    {
        for (; count > 0; count--)
        {
            if (Name(packet, ref at) is not { } name || at + 10 > packet.Length) return false;
            var type = (DnsType)Word(packet, at);
            int kind = Word(packet, at + 2);
            uint ttl = BinaryPrimitives.ReadUInt32BigEndian(packet[(at + 4)..]);
            int start = at + 10, end = start + Word(packet, at + 8);
            if (end > packet.Length) return false;
            at = end;
            if ((kind & 0x7fff) != 1) continue;
            int before = type switch { DnsType.Ptr => 0, DnsType.Srv => 6, DnsType.A => 4, DnsType.Aaaa => 16, DnsType.Txt => end - start, _ => -1 };
            if (before < 0) continue;
            if (start + before > end) return false;
            string? target = null;
            if (type is DnsType.Ptr or DnsType.Srv)
            {
                int inside = start + before;
                target = Name(packet, ref inside);
                if (target is null || inside > end) return false;
            }

            into.Add(new DnsRecord(name, type, ttl, packet.Slice(start, before).ToArray(), target, (kind & 0x8000) != 0));
        }

        return true;
    }

    // A pointer may only lead to before where this name, or the part already followed, began: so the walk ends.
    private static string? Name(ReadOnlySpan<byte> packet, ref int at)
    {
        var text = new StringBuilder();
        int here = at, bound = at, length = 1, behind = -1;
        while (here < packet.Length)
        {
            int size = packet[here];
            if (size == 0)
            {
                at = behind >= 0 ? behind : here + 1;
                return text.ToString();
            }

            if (size >= 0xc0)
            {
                if (here + 1 >= packet.Length) return null;
                int to = ((size & 0x3f) << 8) | packet[here + 1];
                if (to >= bound || to < HeaderBytes) return null;
                if (behind < 0) behind = here + 2;
                here = bound = to;
                continue;
            }

            length += size + 1;
            if (size > DnsNames.MaxLabelBytes || length > MaxNameBytes || here + 1 + size > packet.Length) return null;
            if (text.Length > 0) text.Append('.');
            text.Append(DnsNames.Escape(Encoding.UTF8.GetString(packet.Slice(here + 1, size))));
            here += 1 + size;
        }

        return null;
    }

    private static int Word(ReadOnlySpan<byte> packet, int at) => BinaryPrimitives.ReadUInt16BigEndian(packet[at..]);
}
