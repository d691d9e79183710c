using System.Net;
using ClawMesh.Edge.Mesh.Discovery;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Discovery;

/// <summary>What a node says of itself on a simulated network.</summary>
public sealed class AnnouncingTests
{
    private readonly SimulatedLink _link = new(new ManualTime());

    [Fact]
    [Trait("spec", "W-36")]
    public void A_node_probes_three_times_and_announces_three_times()
    {
        using var host = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        _link.Run(10);

        SimulatedLink.Heard[] probes = [.. _link.Packets.Where(p => p.Message.Authorities.Count > 0)];
        SimulatedLink.Heard[] announced = [.. _link.Packets.Where(p => p.Message.IsResponse)];
        Assert.Equal(3, probes.Length);
        Assert.Equal(3, announced.Length);
        Assert.InRange(probes[0].At, 0, 251);
        Assert.All(new[] { probes[1].At - probes[0].At, probes[2].At - probes[1].At, announced[0].At - probes[2].At }, gap => Assert.InRange(gap, 249, 252));
        Assert.InRange(announced[1].At - announced[0].At, 999, 1002);
        Assert.InRange(announced[2].At - announced[1].At, 1999, 2002);
        Assert.Equal(["Field One._clawmesh._tcp.local", "Field-One.local"], probes[0].Message.Questions.Select(q => q.Name));
        Assert.All(probes[0].Message.Authorities, r => Assert.False(r.Flush));
    }

    [Fact]
    [Trait("spec", "W-33")]
    [Trait("spec", "W-34")]
    [Trait("spec", "W-36")]
    public void What_is_announced_has_the_names_the_keys_and_the_lives_of_the_wire()
    {
        using var host = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1 10.0.0.2 2001:db8::1");
        _link.Run(3);

        DnsMessage told = _link.Responses.First();
        DnsRecord Of(DnsType type) => told.Answers.First(r => r.Type == type);
        Assert.Equal(("_clawmesh._tcp.local", "Field One._clawmesh._tcp.local", 4500u, false), (Of(DnsType.Ptr).Name, Of(DnsType.Ptr).Target, Of(DnsType.Ptr).Ttl, Of(DnsType.Ptr).Flush));
        Assert.Equal(("Field-One.local", 18789, 120u, true), (Of(DnsType.Srv).Target, Of(DnsType.Srv).Port, Of(DnsType.Srv).Ttl, Of(DnsType.Srv).Flush));
        Assert.Equal((4500u, true), (Of(DnsType.Txt).Ttl, Of(DnsType.Txt).Flush));
        string text = System.Text.Encoding.UTF8.GetString(Of(DnsType.Txt).Data);
        Assert.Equal($"IdeviceId={host.Id.Value}\rversion=1.2.3\rmeshId=mesh-1", text);
        Assert.Equal(["10.0.0.1", "10.0.0.2", "2001:db8::1"], told.Answers.Where(r => r.IsAddress).Select(r => new IPAddress(r.Data).ToString()));
        Assert.All(told.Answers.Where(r => r.IsAddress), r => Assert.Equal((120u, true), (r.Ttl, r.Flush)));
    }

    [Theory]
    [Trait("spec", "W-35")]
    [InlineData("_clawmesh._tcp.local", (int)DnsType.Ptr)]
    [InlineData("field one._CLAWMESH._tcp.local", (int)DnsType.Srv)]
    [InlineData("Field One._clawmesh._tcp.local", (int)DnsType.Txt)]
    [InlineData("Field One._clawmesh._tcp.local", (int)DnsType.Any)]
    [InlineData("Field-One.local", (int)DnsType.A)]
    public void Each_answer_holds_the_whole_service_in_one_packet(string name, int type)
    {
        using SimulatedHost host = Announced();
        Ask(new DnsQuestion(name, (DnsType)type));
        _link.Run(0.2);

        DnsMessage answer = Assert.Single(_link.Responses);
        IEnumerable<DnsType> types = answer.Answers.Concat(answer.Additionals).Select(r => r.Type).Order();
        Assert.Equal([DnsType.A, DnsType.Ptr, DnsType.Txt, DnsType.Srv], types);
        Assert.Contains(answer.Answers, r => r.Type == (DnsType)type || (DnsType)type == DnsType.Any);
    }

    [Fact]
    public void A_tool_that_lists_every_kind_of_service_is_told_of_this_one()
    {
        using SimulatedHost host = Announced();
        Ask(new DnsQuestion(DnsNames.AllTypes, DnsType.Ptr));
        _link.Run(0.2);

        Assert.Equal(DnsNames.ServiceType, Assert.Single(Assert.Single(_link.Responses).Answers).Target);
    }

    /// <summary>RFC 6762 section 7.1.</summary>
    [Theory]
    [InlineData(2250u, 0)]
    [InlineData(2249u, 1)]
    public void What_the_asker_knows_for_more_than_half_of_its_life_is_not_said_again(uint ttl, int answers)
    {
        using SimulatedHost host = Announced();
        var query = new DnsWriter(0);
        query.TryQuestion(new DnsQuestion(DnsNames.ServiceType, DnsType.Ptr));
        query.TryAnswer(new DnsRecord(DnsNames.ServiceType, DnsType.Ptr, ttl, [], "Field One._clawmesh._tcp.local"));
        _link.Inject(query);
        _link.Run(2);

        Assert.Equal(answers, _link.Responses.Count());
    }

    /// <summary>RFC 6762 section 7.2: known answers may come in a second packet.</summary>
    [Fact]
    public void An_answer_waits_for_the_rest_of_what_the_asker_knows()
    {
        using SimulatedHost host = Announced();
        var first = new DnsWriter(0);
        first.TryQuestion(new DnsQuestion(DnsNames.ServiceType, DnsType.Ptr));
        first.Truncated();
        _link.Inject(first);
        _link.Run(0.3);
        var second = new DnsWriter(0);
        second.TryAnswer(new DnsRecord(DnsNames.ServiceType, DnsType.Ptr, 4000, [], "Field One._clawmesh._tcp.local"));
        _link.Inject(second);
        _link.Run(3);
        Assert.Empty(_link.Responses);

        _link.Inject(first);
        _link.Run(0.6);
        Assert.Single(_link.Responses);
    }

    [Fact]
    public void Answers_about_the_shared_name_wait_a_little_and_are_not_repeated_within_a_second()
    {
        using SimulatedHost host = Announced();
        double asked = _link.Now;
        for (int i = 0; i < 20; i++) Ask(new DnsQuestion(DnsNames.ServiceType, DnsType.Ptr));
        _link.Run(0.5);
        Ask(new DnsQuestion(DnsNames.ServiceType, DnsType.Ptr));
        _link.Run(5);

        double[] answers = [.. _link.Packets.Where(p => p.Message.IsResponse).Select(p => p.At - asked)];
        Assert.Equal(2, answers.Length);
        Assert.InRange(answers[0], 20, 123);
        Assert.InRange(answers[1] - answers[0], 999, 1010);
    }

    /// <summary>RFC 6762 sections 5.4 and 6.7.</summary>
    [Fact]
    public void Who_asks_for_itself_alone_is_answered_alone_and_a_plain_resolver_gets_its_question_back()
    {
        using SimulatedHost host = Announced();
        Ask(new DnsQuestion(DnsNames.ServiceType, DnsType.Ptr, unicast: true));
        var plain = new DnsWriter(0, id: 4711);
        plain.TryQuestion(new DnsQuestion("Field-One.local", DnsType.A));
        _link.Inject(plain, port: 40000);
        _link.Run(1);

        Assert.Empty(_link.Responses);
        Assert.Equal(2, _link.Unicast.Count);
        DnsMessage legacy = _link.Unicast[1].Message;
        Assert.Equal((4711, "Field-One.local"), (legacy.Id, Assert.Single(legacy.Questions).Name));
        Assert.All(legacy.Answers.Concat(legacy.Additionals), r => Assert.True(r.Ttl <= 10 && !r.Flush));

        // Long after the last time everybody heard, everybody hears again.
        _link.Run(60);
        Ask(new DnsQuestion(DnsNames.ServiceType, DnsType.Ptr, unicast: true));
        _link.Run(1);
        Assert.Single(_link.Responses);
    }

    [Fact]
    [Trait("spec", "W-36")]
    public void A_node_that_comes_second_takes_the_next_name()
    {
        using SimulatedHost first = Announced();
        using var second = new SimulatedHost(_link, 'b', "Field One", "10.0.0.2", seed: 2);
        _link.Run(5);
        using var third = new SimulatedHost(_link, 'c', "field one", "10.0.0.3", seed: 3);
        _link.Run(5);

        Assert.Equal(["Field One", "Field One (2)", "field one (3)"], new[] { first, second, third }.Select(h => h.Directory.InstanceName));
        Assert.Equal("Field One (2)", first.Sees(second)?.Name);
        Assert.Equal("10.0.0.2", first.Sees(second)?.Host);
        Assert.Contains("'Field One (2)'", Assert.Single(second.Warnings), StringComparison.Ordinal);
        Assert.Empty(first.Warnings);
    }

    /// <summary>RFC 6762 section 8.2: the records that sort later keep the name.</summary>
    [Theory]
    [Trait("spec", "W-36")]
    [InlineData(1000, 2000)]
    [InlineData(2000, 1000)]
    public void Of_two_that_probe_at_the_same_time_the_later_records_win(int portOfA, int portOfB)
    {
        using var a = new SimulatedHost(_link, 'a', "Same", "10.0.0.1", seed: 7, port: portOfA);
        using var b = new SimulatedHost(_link, 'b', "Same", "10.0.0.2", seed: 7, port: portOfB);
        _link.Run(10);

        // TXT sorts before SRV and begins with the device id, so b's are later whatever the ports are.
        Assert.Equal(("Same (2)", "Same"), (a.Directory.InstanceName, b.Directory.InstanceName));
        Assert.NotNull(a.Sees(b));
        Assert.NotNull(b.Sees(a));
    }

    [Fact]
    [Trait("spec", "W-36")]
    public void Two_networks_that_are_joined_end_with_two_names()
    {
        using var a = new SimulatedHost(_link, 'a', "Same", "10.0.0.1");
        var other = new SimulatedLink(_link.Time);
        using var b = new SimulatedHost(other, 'b', "Same", "10.0.0.2", seed: 2);
        _link.Run(5);
        Assert.Equal(a.Directory.InstanceName, b.Directory.InstanceName);

        // A bridge: each now hears what the other sends.
        using var relayed = new Bridge(_link, other);
        b.Directory.AnnouncePairing = true;
        _link.Run(20);

        Assert.Equal(["Same", "Same (2)"], new[] { a.Directory.InstanceName, b.Directory.InstanceName }.Order());
    }

    [Fact]
    public void Many_conflicts_slow_the_search_for_a_name_down()
    {
        using var host = new SimulatedHost(_link, 'a', "Same", "10.0.0.1");
        for (int i = 0; i < 600; i++)
        {
            var claim = new DnsWriter(DnsWriter.Response);
            claim.TryAnswer(new DnsRecord($"{host.Directory.InstanceName}._clawmesh._tcp.local", DnsType.Srv, 120, [0, 0, 0, 0, 0, 1], "thief.local", flush: true));
            _link.Inject(claim);
            _link.Run(0.1);
        }

        // 60 s of a claim to every name: fifteen at once, then one for each of the claims that a probe waits for.
        int probes = _link.Packets.Count(p => p.Message.Authorities.Count > 0);
        Assert.InRange(probes, 0, 40);
    }

    [Fact]
    [Trait("spec", "W-36")]
    public void A_stop_takes_everything_back()
    {
        using SimulatedHost host = Announced();
        host.Directory.Stop();
        DnsMessage goodbye = Assert.Single(_link.Responses);
        Assert.All(goodbye.Answers, r => Assert.Equal(0u, r.Ttl));
        Assert.Equal([DnsType.A, DnsType.Ptr, DnsType.Txt, DnsType.Srv], goodbye.Answers.Select(r => r.Type).Order());
    }

    [Fact]
    [Trait("spec", "X-53")]
    public void Pairing_is_told_while_a_window_is_open()
    {
        using SimulatedHost host = Announced();
        using var other = new SimulatedHost(_link, 'b', "Other", "10.0.0.2", seed: 2);
        _link.Run(5);
        Assert.False(other.Sees(host)!.Pairing);

        host.Directory.AnnouncePairing = true;
        _link.Run(0.1);
        Assert.True(other.Sees(host)!.Pairing);

        host.Directory.AnnouncePairing = false;
        _link.Run(0.1);
        Assert.False(other.Sees(host)!.Pairing);
        Assert.Empty(host.Warnings);
    }

    [Fact]
    public void Two_interfaces_on_one_network_do_not_dispute_each_other_s_name()
    {
        using var host = new SimulatedHost([(_link, "10.0.0.1"), (_link, "10.0.0.2")], 'a', "Field One");
        using var other = new SimulatedHost(_link, 'b', "Other", "10.0.0.3", seed: 2);
        _link.Run(30);

        Assert.Equal("Field One", host.Directory.InstanceName);
        Assert.Empty(host.Warnings);
        Assert.StartsWith("10.0.0.", other.Sees(host)?.Host, StringComparison.Ordinal);
        Assert.Single(other.Directory.Services);
    }

    [Fact]
    public void A_node_that_does_not_listen_announces_nothing_and_still_looks()
    {
        using SimulatedHost host = Announced();
        using var silent = new SimulatedHost(_link, 'b', "Silent", "10.0.0.2", port: 0, seed: 2);
        _link.Run(10);

        Assert.NotNull(silent.Sees(host));
        Assert.Null(host.Sees(silent));
        Assert.DoesNotContain(_link.Packets, p => p.Message.Authorities.Count > 0);
    }

    private SimulatedHost Announced()
    {
        var host = new SimulatedHost(_link, 'a', "Field One", "10.0.0.1");
        _link.Run(20);
        _link.Packets.Clear();
        return host;
    }

    private void Ask(DnsQuestion question)
    {
        var query = new DnsWriter(0);
        query.TryQuestion(question);
        _link.Inject(query);
    }

    private sealed class Bridge : IDisposable
    {
        private readonly ITimer _timer;
        private readonly Dictionary<SimulatedLink, int> _carried = [];

        public Bridge(SimulatedLink a, SimulatedLink b)
        {
            (_carried[a], _carried[b]) = (a.Packets.Count, b.Packets.Count);
            _timer = a.Time.CreateTimer(
                _ =>
                {
                    int fromA = a.Packets.Count, fromB = b.Packets.Count;
                    Carry(a, b, fromA);
                    Carry(b, a, fromB);
                    (_carried[a], _carried[b]) = (a.Packets.Count, b.Packets.Count);
                },
                null, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1));
        }

        public void Dispose() => _timer.Dispose();

        private void Carry(SimulatedLink from, SimulatedLink to, int until)
        {
            for (int i = _carried[from]; i < until; i++) to.Carry(from.Packets[i].Bytes, new IPEndPoint(from.Packets[i].From, 5353));
        }
    }
}
