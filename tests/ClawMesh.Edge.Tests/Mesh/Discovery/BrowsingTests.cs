using System.Net;
using System.Text;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Discovery;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Discovery;

/// <summary>What a node hears of others on a simulated network.</summary>
public sealed class BrowsingTests
{
    private readonly SimulatedLink _link = new(new ManualTime());

    [Fact]
    [Trait("spec", "W-37")]
    public void Two_nodes_find_each_other_and_not_themselves()
    {
        using var a = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        using var b = new SimulatedHost(_link, 'b', "Pump House", "10.0.0.2", seed: 2, port: 4000);
        _link.Run(3);

        FoundService found = Assert.Single(a.Directory.Services);
        Assert.Equal(new FoundService(b.Id, "Pump House", "1.2.3", "mesh-1", Pairing: false, "10.0.0.2", 4000), found);
        Assert.Equal((b.Id, "10.0.0.2", 4000, "mesh-1"), (a.Directory.Found[0].DeviceId, a.Directory.Found[0].Host, a.Directory.Found[0].Port, a.Directory.Found[0].MeshId));
        Assert.NotNull(b.Sees(a));
    }

    [Fact]
    public void A_node_that_comes_later_is_answered_by_those_who_are_there()
    {
        using var a = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        _link.Run(3600);
        using var b = new SimulatedHost(_link, 'b', "Pump House", "10.0.0.2", seed: 2);
        _link.Run(0.3);
        Assert.NotNull(b.Sees(a));
    }

    [Theory]
    [Trait("spec", "W-37")]
    [InlineData("deviceId=short")]
    [InlineData("deviceid=cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc")]
    [InlineData("deviceId=CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC")]
    [InlineData("deviceId=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("version=1")]
    public void Services_without_a_device_id_and_this_node_itself_are_ignored(string text)
    {
        using var a = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        Tell("Stranger", text);
        _link.Run(1);
        Assert.Empty(a.Directory.Services);
    }

    [Theory]
    [Trait("spec", "W-37")]
    [InlineData("fe80::7 2001:db8::7 10.0.0.7 10.0.0.8", "10.0.0.7")]
    [InlineData("fe80::7 2001:db8::7", "2001:db8::7")]
    [InlineData("fe80::7", "fe80::7%eth0")]
    [InlineData("127.0.0.1 ::1 224.0.0.1 0.0.0.0", null)]
    public void The_address_to_dial_is_the_first_of_IPv4_then_any(string addresses, string? host)
    {
        using var a = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        Tell("Stranger", Id('c'), addresses: addresses);
        _link.Run(1);
        Assert.Equal(host, Assert.Single(a.Directory.Services).Host);
    }

    [Fact]
    [Trait("spec", "W-37")]
    public void A_host_that_never_tells_an_address_is_dialled_by_its_name_after_it_was_asked_in_vain()
    {
        using var a = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        Tell("Stranger", Id('c'), addresses: "");
        _link.Run(10);
        Assert.Null(Assert.Single(a.Directory.Services).Host);
        _link.Run(20);
        Assert.Equal("stranger.local", Assert.Single(a.Directory.Services).Host);
        Assert.Equal(4, _link.Queries.Count(q => q.Message.Questions.Any(x => x.Type == DnsType.A)));
    }

    [Fact]
    public void What_is_missing_is_asked_for()
    {
        using var a = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        var packet = new DnsWriter(DnsWriter.Response);
        packet.TryAnswer(Pointer("Stranger"));
        _link.Inject(packet);
        _link.Run(0.3);

        SimulatedLink.Heard asked = _link.Queries.Single(q => q.Message.Questions.Any(x => x.Type == DnsType.Srv));
        Assert.Equal(["Stranger._clawmesh._tcp.local", "Stranger._clawmesh._tcp.local"], asked.Message.Questions.Select(q => q.Name));
        Assert.Contains(asked.Message.Questions, q => q.Type == DnsType.Txt);
    }

    [Fact]
    [Trait("spec", "W-37")]
    public void Changes_of_address_and_port_are_followed()
    {
        using var a = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        using var b = new SimulatedHost(_link, 'b', "Pump House", "10.0.0.2", seed: 2);
        _link.Run(10);
        b.Readdress("10.0.0.77");
        _link.Run(2);
        Assert.Equal("10.0.0.77", a.Sees(b)!.Host);

        b.Readdress("10.0.0.77", port: 5000);
        _link.Run(3);
        Assert.Equal(5000, a.Sees(b)!.Port);
    }

    [Fact]
    [Trait("spec", "W-36")]
    [Trait("spec", "W-37")]
    public void A_goodbye_removes_a_service_within_a_second()
    {
        using var a = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        using var b = new SimulatedHost(_link, 'b', "Pump House", "10.0.0.2", seed: 2);
        _link.Run(10);
        b.Directory.Stop();
        _link.Run(1.1);
        Assert.Null(a.Sees(b));
    }

    /// <summary>RFC 6762 section 5.2.</summary>
    [Fact]
    public void A_silent_service_is_asked_four_times_and_then_no_longer_dialled()
    {
        using var a = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        Tell("Stranger", Id('c'));
        _link.Run(1);
        double told = _link.Now - 1000;
        _link.Run(118);
        Assert.Equal("10.0.0.99", Assert.Single(a.Directory.Services).Host);
        double[] asked = [.. _link.Queries.Where(q => q.Message.Questions.Any(x => x.Type == DnsType.Srv)).Select(q => (q.At - told) / 1200)];
        Assert.Equal(4, asked.Length);
        for (int i = 0; i < 4; i++) Assert.InRange(asked[i], 80 + 5 * i - 0.2, 82 + 5 * i + 0.2);

        _link.Run(3);
        Assert.Null(Assert.Single(a.Directory.Services).Host);
        _link.Run(4500);
        Assert.Empty(a.Directory.Services);
    }

    [Fact]
    public void A_service_that_answers_stays_for_days_and_the_questions_become_rare()
    {
        using var a = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        using var b = new SimulatedHost(_link, 'b', "Pump House", "10.0.0.2", seed: 2);
        _link.Run(86_400);
        Assert.Equal("10.0.0.2", a.Sees(b)?.Host);

        _link.Packets.Clear();
        _link.Run(3600);
        // One asks for both, about every 100 s, and hears at once of all that the other has.
        Assert.InRange(_link.Packets.Count, 20, 200);
    }

    /// <summary>RFC 6762 section 7.1.</summary>
    [Fact]
    public void A_question_says_what_is_known_already_in_as_many_packets_as_it_takes()
    {
        using var a = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        _link.Run(0.5);
        for (int i = 0; i < 200; i++) Tell($"Stranger number {i} with a rather long name", Id('c'));
        _link.Packets.Clear();
        _link.Run(5);

        SimulatedLink.Heard[] query = [.. _link.Queries.Where(q => q.Message.Answers.Count > 0)];
        Assert.InRange(query.Length, 5, 30);
        int first = Array.FindIndex(query, q => q.Message.Questions.Count > 0);
        SimulatedLink.Heard[] one = [.. query.Skip(first).TakeWhile((q, i) => i == 0 || q.Message.Questions.Count == 0)];
        Assert.Equal(200, one.Sum(q => q.Message.Answers.Count));
        Assert.All(one[..^1], q => Assert.True(q.Message.Truncated));
        Assert.False(one[^1].Message.Truncated);
        Assert.All(one, q => Assert.InRange(q.Bytes.Length, 50, 1400));
    }

    [Fact]
    [Trait("spec", "W-38")]
    [Trait("spec", "W-82")]
    public void Of_a_thousand_services_256_are_remembered_and_a_trusted_one_finds_room()
    {
        var friend = new NodeId(new string('f', 64));
        using var a = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1", trusts: id => id == friend);
        for (int i = 0; i < 1000; i++) Tell($"Stranger {i}", $"deviceId={i:x64}");
        _link.Run(1);
        Assert.Equal(256, a.Directory.Services.Count);
        Assert.Equal(256, a.Directory.Found.Count);

        Tell("Friend", Id('f'));
        _link.Run(1);
        Assert.Equal(256, a.Directory.Services.Count);
        Assert.Contains(a.Directory.Services, s => s.DeviceId == friend);
        Tell("One more", Id('e'));
        _link.Run(1);
        Assert.Contains(a.Directory.Services, s => s.DeviceId == friend);
        Assert.DoesNotContain(a.Directory.Services, s => s.Name == "One more");
    }

    [Fact]
    [Trait("spec", "W-38")]
    public void Names_and_versions_of_strangers_are_bounded_and_printable()
    {
        using var a = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        Tell("Evil\u001b[2J\u202e\\.name", Id('c'), $"version={new string('9', 150)}", "meshId=\u0007x");
        _link.Run(1);

        FoundService found = Assert.Single(a.Directory.Services);
        Assert.Equal("Evil [2J .name", found.Name);
        Assert.Equal((64, "x"), (found.Version!.Length, found.MeshId));
    }

    [Fact]
    public void Answers_from_another_port_and_on_an_interface_that_is_gone_are_not_heard()
    {
        using var a = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        Tell("Stranger", Id('c'), port: 5354);
        _link.Run(1);
        Assert.Empty(a.Directory.Services);

        Tell("Stranger", Id('c'));
        _link.Run(1);
        Assert.Single(a.Directory.Services);
        a.Directory.Use([], 18789);
        Assert.Empty(a.Directory.Services);
        Tell("Stranger", Id('c'));
        _link.Run(1);
        Assert.Empty(a.Directory.Services);

        a.Directory.Use([SimulatedHost.Face(1, "10.0.0.1")], 18789);
        Tell("Stranger", Id('c'));
        _link.Run(1);
        Assert.Single(a.Directory.Services);
    }

    [Fact]
    public void Whatever_comes_from_the_network_the_node_goes_on()
    {
        using var a = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        using var b = new SimulatedHost(_link, 'b', "Pump House", "10.0.0.2", seed: 2);
        _link.Run(5);
        byte[][] seen = [.. _link.Packets.Select(p => p.Bytes)];
        var chance = new Random(4711);
        var from = new IPEndPoint(IPAddress.Parse("10.0.0.66"), 5353);
        for (int i = 0; i < 5000; i++)
        {
            byte[] packet = [.. seen[chance.Next(seen.Length)]];
            for (int k = chance.Next(6); k >= 0; k--) packet[chance.Next(packet.Length)] = (byte)chance.Next(256);
            a.Directory.Receive(1, from, packet.AsSpan(0, chance.Next(packet.Length + 1)));
            if (i % 50 == 0) _link.Run(0.2);
        }

        _link.Run(6000);
        Assert.NotNull(b.Sees(a));
        Assert.NotNull(a.Sees(b));
        Assert.All(a.Warnings, w => Assert.StartsWith("Another device", w, StringComparison.Ordinal));
    }

    private static string Id(char digit) => $"deviceId={new string(digit, 64)}";

    private static DnsRecord Pointer(string name) => new(DnsNames.ServiceType, DnsType.Ptr, 4500, [], $"{name}._clawmesh._tcp.local");

    private void Tell(string name, string text, string? version = null, string? mesh = null, string addresses = "10.0.0.99", int port = 5353)
    {
        var packet = new DnsWriter(DnsWriter.Response);
        string instance = $"{name}._clawmesh._tcp.local";
        packet.TryAnswer(Pointer(name));
        packet.TryAnswer(new DnsRecord(instance, DnsType.Srv, 120, [0, 0, 0, 0, 0x49, 0x65], "stranger.local", flush: true));
        var data = new List<byte>();
        foreach (string entry in new[] { text, version, mesh }.OfType<string>())
        {
            data.Add((byte)Encoding.UTF8.GetByteCount(entry));
            data.AddRange(Encoding.UTF8.GetBytes(entry));
        }

        packet.TryAnswer(new DnsRecord(instance, DnsType.Txt, 4500, [.. data], flush: true));
        foreach (string address in addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries)) packet.TryAdditional(DnsRecord.OfAddress("stranger.local", IPAddress.Parse(address), 120));
        _link.Inject(packet, port: port);
    }
}
