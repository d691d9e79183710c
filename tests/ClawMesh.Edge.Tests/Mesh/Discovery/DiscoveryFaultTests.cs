using System.Net;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Mesh.Discovery;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Discovery;

/// <summary>A fault that nobody thought of costs a moment of discovery, never discovery itself ([W-38]).</summary>
public sealed class DiscoveryFaultTests : IMulticastPort, IDisposable
{
    private static readonly NodeId Self = new(new string('a', 64));

    private readonly ManualTime _time = new();
    private readonly List<string> _warnings = [];
    private readonly MdnsDirectory _directory;
    private bool _sendFails;
    private bool _chanceFails;
    private int _sent;
    private int _failed;

    public DiscoveryFaultTests()
    {
        _directory = new MdnsDirectory(Self, "Field One", "1.0", null, this, _time, () => _chanceFails ? throw new InvalidOperationException("no chance") : 0.5, _ => false, _warnings.Add);
        _directory.Use([SimulatedHost.Face(1, "10.0.0.1")], 18789);
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_fault_in_a_turn_of_the_timer_is_told_once_and_the_next_turn_comes()
    {
        _sendFails = true;
        _time.Advance(TimeSpan.FromSeconds(60));
        // Two things try to send at each turn, once a second; more would keep a core busy.
        Assert.InRange(_failed, 20, 140);
        Assert.Contains("NotSupportedException, broken", Assert.Single(_warnings), StringComparison.Ordinal);

        _sendFails = false;
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.InRange(_sent, 1, 20);
        Hear();
        Assert.Equal("Stranger", Assert.Single(_directory.Services).Name);
        _time.Advance(TimeSpan.FromSeconds(5000));
        Assert.Empty(_directory.Services);
    }

    [Fact]
    public void A_fault_in_a_packet_is_told_once_and_the_next_packet_is_heard()
    {
        _time.Advance(TimeSpan.FromSeconds(10));
        _chanceFails = true;
        for (int i = 0; i < 50; i++) Hear();
        Assert.Contains("InvalidOperationException, no chance", Assert.Single(_warnings), StringComparison.Ordinal);

        _chanceFails = false;
        Hear();
        Assert.Equal("Stranger", Assert.Single(_directory.Services).Name);
        int sent = _sent;
        _time.Advance(TimeSpan.FromHours(1));
        Assert.InRange(_sent - sent, 1, 1000);
    }

    [Fact]
    public async Task A_fault_at_the_start_is_told_once_and_it_is_tried_again()
    {
        var events = new EventLog(_time);
        int tries = 0;
        var third = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = new CancellationTokenSource();
        var discovery = new NetworkDiscovery(Self, "Field One", "1.0", Mesh, _time, () => 0.5, _ => false, events);
        Task run = discovery.RunAsync(IPAddress.Loopback, 18789, stop.Token);
        Assert.False(run.IsCompleted, "It gave up.");
        while (!third.Task.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }

        Assert.Contains("InvalidOperationException", Assert.Single(events.Newest(10, e => e.Type == EventTypes.Error)).Message, StringComparison.Ordinal);
        await stop.CancelAsync();
        await run.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        string Mesh()
        {
            if (++tries == 3) third.TrySetResult();
            throw new InvalidOperationException("no mesh");
        }
    }

    void IMulticastPort.Send(LinkInterface link, ReadOnlySpan<byte> packet)
    {
        if (_sendFails)
        {
            _failed++;
            throw new NotSupportedException("broken");
        }

        _sent++;
    }

    void IMulticastPort.SendTo(IPEndPoint host, ReadOnlySpan<byte> packet)
    {
    }

    private void Hear()
    {
        var packet = new DnsWriter(DnsWriter.Response);
        string instance = $"Stranger.{DnsNames.ServiceType}";
        packet.TryAnswer(new DnsRecord(DnsNames.ServiceType, DnsType.Ptr, 4500, [], instance));
        packet.TryAnswer(new DnsRecord(instance, DnsType.Srv, 120, [0, 0, 0, 0, 0x49, 0x65], "stranger.local", flush: true));
        packet.TryAnswer(new DnsRecord(instance, DnsType.Txt, 4500, [(byte)73, .. System.Text.Encoding.ASCII.GetBytes($"deviceId={new string('c', 64)}")], flush: true));
        packet.TryAdditional(DnsRecord.OfAddress("stranger.local", IPAddress.Parse("10.0.0.9"), 120));
        _directory.Receive(1, new IPEndPoint(IPAddress.Parse("10.0.0.9"), MdnsDirectory.Port), packet.Packet);
    }
}
