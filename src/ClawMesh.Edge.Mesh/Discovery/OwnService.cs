using System.Buffers.Binary;
using System.Net;
using System.Text;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Discovery;

/// <summary>The records of this node that a question asks for.</summary>
[Flags]
internal enum Parts
{
    None = 0,
    Pointer = 1,
    Service = 2,
    Text = 4,
    Host = 8,
    All = Pointer | Service | Text | Host,

    /// <summary>The kinds of service there are; asked by tools that list everything.</summary>
    Kinds = 16,
}

/// <summary>What this node says of itself: its names, and the records made of them ([W-33] to [W-36]).</summary>
internal sealed class OwnService(NodeId self, string displayName, string version)
{
    /// <summary>Of PTR and TXT, in seconds ([W-36]).</summary>
    public const uint LongLife = 4500;

    /// <summary>Of SRV, A and AAAA.</summary>
    public const uint ShortLife = 120;

    private int _number = 1;

    public string Label { get; private set; } = DnsNames.InstanceLabel(displayName, 1);

    public string Instance => $"{DnsNames.Escape(Label)}.{DnsNames.ServiceType}";

    public string Host => $"{DnsNames.HostLabel(Label)}.local";

    /// <summary>0 before the node listens: then there is nothing to announce.</summary>
    public int Port { get; set; }

    public bool Pairing { get; set; }

    public string? MeshId { get; set; }

    /// <summary>Another device has the name; the next one is tried ([W-36]).</summary>
    public void Rename() => Label = DnsNames.InstanceLabel(displayName, ++_number);

    public DnsRecord Pointer(uint ttl = LongLife) => new(DnsNames.ServiceType, DnsType.Ptr, ttl, [], Instance);

    public DnsRecord Service(uint ttl = ShortLife)
    {
        byte[] data = new byte[6];
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(4), (ushort)Port);
        return new(Instance, DnsType.Srv, ttl, data, Host, flush: true);
    }

    public DnsRecord Text(uint ttl = LongLife)
    {
        var data = new List<byte>();
        Add("deviceId", self.Value);
        Add("version", DnsNames.Printable(version, 64));
        if (MeshId is { Length: > 0 and <= 64 } meshId) Add("meshId", meshId);
        if (Pairing) Add("pairing", "1");
        return new(Instance, DnsType.Txt, ttl, [.. data], flush: true);

        void Add(string key, string value)
        {
            byte[] entry = Encoding.UTF8.GetBytes($"{key}={value}");
            data.Add((byte)entry.Length);
            data.AddRange(entry);
        }
    }

    public static DnsRecord Kinds() => new(DnsNames.AllTypes, DnsType.Ptr, LongLife, [], DnsNames.ServiceType);

    /// <summary>The records of <paramref name="parts"/> as they are on one interface; goodbyes where <paramref name="gone"/>.</summary>
    public List<DnsRecord> Records(Parts parts, IReadOnlyList<IPAddress> addresses, bool gone = false)
    {
        var records = new List<DnsRecord>();
        if ((parts & Parts.Kinds) != 0) records.Add(Kinds());
        if ((parts & Parts.Pointer) != 0) records.Add(Pointer(gone ? 0 : LongLife));
        if ((parts & Parts.Service) != 0) records.Add(Service(gone ? 0 : ShortLife));
        if ((parts & Parts.Text) != 0) records.Add(Text(gone ? 0 : LongLife));
        if ((parts & Parts.Host) == 0) return records;
        foreach (IPAddress address in addresses) records.Add(DnsRecord.OfAddress(Host, address, gone ? 0 : ShortLife));
        return records;
    }

    public Parts Asked(DnsQuestion question)
    {
        string name = question.Name;
        if (DnsNames.Same(name, DnsNames.ServiceType)) return question.Asks(DnsType.Ptr) ? Parts.Pointer : Parts.None;
        if (DnsNames.Same(name, DnsNames.AllTypes)) return question.Asks(DnsType.Ptr) ? Parts.Kinds : Parts.None;
        if (DnsNames.Same(name, Host)) return question.Asks(DnsType.A) || question.Asks(DnsType.Aaaa) ? Parts.Host : Parts.None;
        if (!DnsNames.Same(name, Instance)) return Parts.None;
        return (question.Asks(DnsType.Srv) ? Parts.Service : Parts.None) | (question.Asks(DnsType.Txt) ? Parts.Text : Parts.None);
    }

    /// <summary>What the asker knows already, with more than half of its life left (RFC 6762 section 7.1).</summary>
    public Parts Known(List<DnsRecord> known, IReadOnlyList<IPAddress> addresses)
    {
        Parts parts = Parts.None;
        int hosts = 0;
        foreach (DnsRecord record in known)
        {
            if (record.IsAddress)
            {
                if (DnsNames.Same(record.Name, Host) && record.Ttl >= ShortLife / 2 && Holds(addresses, record)) hosts++;
                continue;
            }

            (Parts part, DnsRecord own) = record.Type switch
            {
                DnsType.Srv => (Parts.Service, Service()),
                DnsType.Txt => (Parts.Text, Text()),
                _ when DnsNames.Same(record.Name, DnsNames.AllTypes) => (Parts.Kinds, Kinds()),
                _ => (Parts.Pointer, Pointer()),
            };
            if (record.Ttl >= own.Ttl / 2 && DnsNames.Same(record.Name, own.Name) && record.HasSameData(own)) parts |= part;
        }

        return hosts >= addresses.Count ? parts | Parts.Host : parts;
    }

    public static bool Holds(IReadOnlyList<IPAddress> addresses, DnsRecord record)
    {
        foreach (IPAddress address in addresses)
        {
            if (address.GetAddressBytes().AsSpan().SequenceEqual(record.Data)) return true;
        }

        return false;
    }
}
