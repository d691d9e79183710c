using System.Net;
using System.Text;
using ClawMesh.Edge.Mesh.Discovery;

namespace ClawMesh.Edge.Tests.Mesh.Discovery;

/// <summary>Packets from anywhere: what is written is read again, and nothing that comes can harm ([W-38], RFC 6762 section 18).</summary>
public sealed class DnsMessageTests
{
    [Fact]
    public void What_is_written_is_read_again_with_its_names_compressed()
    {
        var writer = new DnsWriter(DnsWriter.Response);
        byte[] service = [0, 0, 0, 0, 0x49, 0x65];
        Assert.True(writer.TryAnswer(new DnsRecord(DnsNames.ServiceType, DnsType.Ptr, 4500, [], @"Feld 1\. Süd._clawmesh._tcp.local")));
        Assert.True(writer.TryAnswer(new DnsRecord(@"Feld 1\. Süd._clawmesh._tcp.local", DnsType.Srv, 120, service, "feld.local", flush: true)));
        Assert.True(writer.TryAdditional(DnsRecord.OfAddress("feld.local", IPAddress.Parse("10.1.2.3"), 120)));
        Assert.True(writer.TryAdditional(DnsRecord.OfAddress("feld.local", IPAddress.Parse("fe80::1"), 120)));

        DnsMessage read = DnsMessage.Read(writer.Packet)!;

        Assert.True(read.IsResponse);
        Assert.Equal(@"Feld 1\. Süd._clawmesh._tcp.local", read.Answers[0].Target);
        Assert.Equal("Feld 1. Süd", DnsNames.First(read.Answers[1].Name, out string rest));
        Assert.Equal(DnsNames.ServiceType, rest);
        Assert.Equal((18789, "feld.local", true, 120u), (read.Answers[1].Port, read.Answers[1].Target, read.Answers[1].Flush, read.Answers[1].Ttl));
        Assert.Equal(["10.1.2.3", "fe80::1"], read.Additionals.Select(r => new IPAddress(r.Data).ToString()));
        Assert.Equal(1, Occurrences(writer.Packet, "_clawmesh"));
    }

    [Fact]
    public void A_record_that_does_not_fit_leaves_the_packet_as_it_was()
    {
        var writer = new DnsWriter(0);
        int written = 0;
        while (writer.TryAnswer(new DnsRecord($"n{written}.local", DnsType.Txt, 1, new byte[60]))) written++;
        Assert.True(writer.TryAnswer(new DnsRecord("local", DnsType.A, 1, [1, 2, 3, 4])));

        Assert.InRange(writer.Packet.Length, 1000, DnsWriter.MaxBytes);
        DnsMessage read = DnsMessage.Read(writer.Packet)!;
        Assert.Equal(written + 1, read.Answers.Count);
        Assert.Equal("local", read.Answers[^1].Name);
        Assert.False(writer.TryAnswer(new DnsRecord(new string('x', 64), DnsType.A, 1, [1, 2, 3, 4])));
    }

    [Theory]
    [InlineData("c00c", "a name that points at itself")]
    [InlineData("016100c00e", "a name that points ahead")]
    [InlineData("3f61", "a label longer than the packet")]
    [InlineData("4061", "a label of a kind that does not exist")]
    [InlineData("c0", "half a pointer")]
    [InlineData("c003", "a pointer into the header")]
    public void A_name_that_cannot_be_is_refused(string name, string why)
    {
        byte[] packet = [0, 0, 0, 0, 0, name.StartsWith("0161", StringComparison.Ordinal) ? (byte)2 : (byte)1, 0, 0, 0, 0, 0, 0, .. Convert.FromHexString(name), 0, 12, 0, 1];
        Assert.True(DnsMessage.Read(packet) is null, why);
    }

    [Fact]
    public void Pointers_cannot_make_a_name_longer_than_a_name_may_be()
    {
        // Each name is one label before a pointer to the last: the chain grows until the 255 bytes are full.
        var packet = new List<byte>([0, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 1, (byte)'a', 0, 0, 12, 0, 1]);
        int last = 12;
        for (int i = 1; i < 60; i++)
        {
            int here = packet.Count;
            packet.AddRange([8, .. "abcdefgh"u8, (byte)(0xc0 | (last >> 8)), (byte)last, 0, 12, 0, 1]);
            last = here;
        }

        Assert.Null(DnsMessage.Read(packet.ToArray()));
    }

    [Fact]
    public void Whatever_the_bytes_are_reading_ends_without_an_exception()
    {
        var chance = new Random(20261121);
        var writer = new DnsWriter(DnsWriter.Response);
        writer.TryQuestion(new DnsQuestion(DnsNames.ServiceType, DnsType.Ptr));
        writer.TryAnswer(new DnsRecord(DnsNames.ServiceType, DnsType.Ptr, 4500, [], "a._clawmesh._tcp.local"));
        writer.TryAnswer(new DnsRecord("a._clawmesh._tcp.local", DnsType.Srv, 120, [0, 0, 0, 0, 1, 2], "a.local"));
        writer.TryAnswer(new DnsRecord("a._clawmesh._tcp.local", DnsType.Txt, 120, [3, (byte)'a', (byte)'=', (byte)'b']));
        byte[] good = writer.Packet.ToArray();
        int readable = 0;
        for (int i = 0; i < 50_000; i++)
        {
            byte[] packet = i % 10 == 0 ? new byte[chance.Next(0, 600)] : good.AsSpan(0, i % 3 == 0 ? chance.Next(12, good.Length + 1) : good.Length).ToArray();
            if (i % 10 == 0) chance.NextBytes(packet);
            for (int k = chance.Next(4); k > 0 && packet.Length > 0; k--) packet[chance.Next(packet.Length)] = (byte)chance.Next(256);
            if (DnsMessage.Read(packet) is not { } read) continue;
            readable++;
            foreach (DnsRecord record in read.Answers)
            {
                Assert.True(record.Target is not null == record.Type is DnsType.Ptr or DnsType.Srv);
                Sighting.DeviceOf(record.Data);
            }
        }

        Assert.InRange(readable, 500, 49_500);
    }

    [Fact]
    public void A_packet_beyond_9000_bytes_or_of_another_operation_is_not_read()
    {
        Assert.Null(DnsMessage.Read(new byte[9001]));
        Assert.NotNull(DnsMessage.Read(new byte[12]));
        Assert.Null(DnsMessage.Read([0, 0, 0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        Assert.Null(DnsMessage.Read([0, 0, 0x84, 3, 0, 0, 0, 0, 0, 0, 0, 0]));
    }

    [Theory]
    [Trait("spec", "W-33")]
    [Trait("spec", "W-34")]
    [InlineData("Field One", "Field One", "Field-One")]
    [InlineData("pump.house", "pump-house", "pump-house")]
    [InlineData("", "clawmesh-node", "clawmesh-node")]
    [InlineData(" \u202e\u0007 ", "clawmesh-node", "clawmesh-node")]
    [InlineData("Gewächshaus Süd", "Gewächshaus Süd", "Gew-chshaus-S-d")]
    [InlineData("温室", "温室", "clawmesh-node")]
    public void A_display_name_becomes_an_instance_name_without_dots_and_a_host_name(string name, string instance, string host)
    {
        Assert.Equal(instance, DnsNames.InstanceLabel(name, 1));
        Assert.Equal(host, DnsNames.HostLabel(DnsNames.InstanceLabel(name, 1)));
    }

    [Fact]
    [Trait("spec", "W-33")]
    [Trait("spec", "W-36")]
    public void A_long_name_keeps_room_for_its_number()
    {
        string label = DnsNames.InstanceLabel(new string('ü', 60), 12);
        Assert.EndsWith("ü (12)", label, StringComparison.Ordinal);
        Assert.InRange(Encoding.UTF8.GetByteCount(label), 62, 63);
        Assert.Equal("Name-2", DnsNames.HostLabel(DnsNames.InstanceLabel("Name", 2)));
    }

    private static int Occurrences(ReadOnlySpan<byte> packet, string text) => Encoding.Latin1.GetString(packet).Split(text).Length - 1;
}
