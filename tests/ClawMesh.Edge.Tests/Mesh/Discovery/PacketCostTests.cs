using System.Buffers.Binary;
using System.Net;
using System.Text;
using ClawMesh.Edge.Mesh.Discovery;

namespace ClawMesh.Edge.Tests.Mesh.Discovery;

/// <summary>What a packet may cost: the mesh's tick waits for the lock under which it is looked at ([W-38], [W-82]). Counted, not timed.</summary>
public sealed class PacketCostTests
{
    private const int Allowed = 300_000;
    private const int LargestPacket = 9000;

    private readonly LinkState _link = new(new LinkInterface(1, "eth0", [IPAddress.Parse("10.0.0.1")]));
    private readonly Browser _browser = new(() => 0.5, _ => true, (_, _) => { });
    private long _now = 1000;

    [Fact]
    public void The_worst_packet_about_one_host_costs_a_bounded_number_of_comparisons()
    {
        Fill();
        _now += 5000;
        var packet = new RawResponse();
        int i = 0;
        while (packet.TryAddress("host.local", $"10.1.{i / 250}.{i % 250}", 120)) i++;

        Assert.InRange(packet.Records, 500, 600);
        Assert.InRange(Cost(packet), 256, Allowed);
        // Eight addresses of each are kept, and who names more than are compared takes none of them back.
        Assert.All(_browser.Sightings, s => Assert.Equal(8, s.Addresses.Count));
        Assert.All(_browser.Sightings, s => Assert.True(s.Addresses[0].Lease.Holds(_now + 60_000)));
    }

    [Fact]
    public void The_worst_flush_that_is_obeyed_costs_a_bounded_number_of_comparisons_too()
    {
        Fill();
        _now += 5000;
        var packet = new RawResponse();
        for (int i = 0; i < 16; i++)
        {
            packet.TryAddress("host.local", $"10.2.0.{i}", 120);
            packet.TryAddress("host.local", $"2001:db8::{i:x}", 120);
        }

        Assert.InRange(Cost(packet), 256, Allowed);
        Assert.All(_browser.Sightings, s => Assert.False(s.Addresses[0].Lease.Holds(_now + 1000)));
    }

    [Theory]
    [InlineData((int)DnsType.Ptr)]
    [InlineData((int)DnsType.Srv)]
    [InlineData((int)DnsType.Txt)]
    [InlineData((int)DnsType.A)]
    [InlineData(0)]
    public void A_packet_of_any_kind_costs_a_bounded_number_of_comparisons(int type)
    {
        Fill();
        _now += 5000;
        var packet = new RawResponse();
        bool more = true;
        for (int i = 0; more; i++)
        {
            string instance = $"n{i}.{DnsNames.ServiceType}";
            int kind = type > 0 ? type : (int)(i % 2 == 0 ? DnsType.Ptr : DnsType.Txt);
            more = (DnsType)kind switch
            {
                DnsType.Ptr => packet.TryName(DnsNames.ServiceType, DnsType.Ptr, [], $"n{i / 2}.{DnsNames.ServiceType}"),
                DnsType.Srv => packet.TryName(instance, DnsType.Srv, [0, 0, 0, 0, 1, 1], "host.local"),
                DnsType.Txt => packet.TryName($"n{i / 2}.{DnsNames.ServiceType}", DnsType.Txt, [], null),
                _ => packet.TryAddress($"h{i}.local", "10.3.0.1", 120),
            };
        }

        Assert.InRange(Cost(packet), 100, Allowed);
    }

    [Fact]
    public void What_stands_within_the_first_records_of_a_packet_is_heard()
    {
        var packet = new RawResponse();
        for (int i = 0; i < 2 * Browser.MaxRecords; i++) packet.TryName(DnsNames.ServiceType, DnsType.Ptr, [], $"m{i}.{DnsNames.ServiceType}");
        Cost(packet);

        Assert.Equal(Browser.MaxRecords, _browser.Sightings.Count);
    }

    private long Cost(RawResponse packet)
    {
        byte[] bytes = packet.ToArray();
        Assert.InRange(bytes.Length, 12, LargestPacket);
        DnsMessage message = DnsMessage.Read(bytes)!;
        Assert.Equal(packet.Records, message.Answers.Count);
        long before = _browser.Comparisons;
        _browser.OnResponse(_link, message, _now);
        return _browser.Comparisons - before;
    }

    /// <summary>As many services as are remembered, all on one host with as many addresses as are kept.</summary>
    private void Fill()
    {
        for (int i = 0; i < Browser.MaxServices; i++)
        {
            var packet = new RawResponse();
            string instance = $"s{i}.{DnsNames.ServiceType}";
            packet.TryName(DnsNames.ServiceType, DnsType.Ptr, [], instance);
            packet.TryName(instance, DnsType.Srv, [0, 0, 0, 0, 1, 1], "host.local");
            for (int a = 1; a <= LinkInterface.MaxAddresses; a++) packet.TryAddress("host.local", $"10.0.0.{a}", 120);
            Cost(packet);
        }

        Assert.Equal(Browser.MaxServices, _browser.Sightings.Count);
        Assert.All(_browser.Sightings, s => Assert.Equal(LinkInterface.MaxAddresses, s.Addresses.Count));
    }

    /// <summary>A response of up to 9000 bytes, each name written once: more records than any software of good will puts into one.</summary>
    private sealed class RawResponse
    {
        private readonly List<byte> _bytes = [0, 0, 0x84, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        private readonly Dictionary<string, int> _names = [];

        public int Records { get; private set; }

        public bool TryAddress(string name, string address, uint ttl)
        {
            byte[] bytes = IPAddress.Parse(address).GetAddressBytes();
            return TryName(name, bytes.Length == 4 ? DnsType.A : DnsType.Aaaa, bytes, null, ttl);
        }

        public bool TryName(string name, DnsType type, byte[] data, string? target, uint ttl = 4500)
        {
            if (_bytes.Count + name.Length + (target?.Length ?? 0) + data.Length + 16 > LargestPacket) return false;
            Name(name);
            Word((int)type);
            Word(type == DnsType.Ptr ? 1 : 0x8001);
            byte[] life = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(life, ttl);
            _bytes.AddRange(life);
            int length = _bytes.Count;
            Word(0);
            _bytes.AddRange(data);
            if (target is not null) Name(target);
            int size = _bytes.Count - length - 2;
            (_bytes[length], _bytes[length + 1]) = ((byte)(size >> 8), (byte)size);
            Records++;
            return true;
        }

        public byte[] ToArray()
        {
            byte[] bytes = [.. _bytes];
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), (ushort)Records);
            return bytes;
        }

        private void Name(string name)
        {
            while (name.Length > 0)
            {
                if (_names.TryGetValue(name, out int at))
                {
                    Word(0xc000 | at);
                    return;
                }

                _names[name] = _bytes.Count;
                string label = DnsNames.First(name, out name);
                _bytes.Add((byte)label.Length);
                _bytes.AddRange(Encoding.ASCII.GetBytes(label));
            }

            _bytes.Add(0);
        }

        private void Word(int value)
        {
            _bytes.Add((byte)(value >> 8));
            _bytes.Add((byte)value);
        }
    }
}
