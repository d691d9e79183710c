using System.Net;
using System.Net.Sockets;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Discovery;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Discovery;

/// <summary>One local network in memory: what one sends all hear a millisecond later, the sender included.</summary>
internal sealed class SimulatedLink(ManualTime time)
{
    private readonly List<ITimer> _timers = [];
    private readonly List<SimulatedHost> _hosts = [];
    private readonly long _started = time.GetTimestamp();

    public ManualTime Time => time;

    /// <summary>Every packet, in order.</summary>
    public List<Heard> Packets { get; } = [];

    /// <summary>Packets to one host alone.</summary>
    public List<Heard> Unicast { get; } = [];

    public double Now => time.GetElapsedTime(_started).TotalMilliseconds;

    public IEnumerable<DnsMessage> Responses => Packets.Select(p => p.Message).Where(m => m.IsResponse);

    public IEnumerable<Heard> Queries => Packets.Where(p => !p.Message.IsResponse && p.Message.Authorities.Count == 0);

    public void Join(SimulatedHost host) => _hosts.Add(host);

    public void Leave(SimulatedHost host) => _hosts.Remove(host);

    public void Run(double seconds) => time.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>As if a host that runs other software had sent it.</summary>
    public void Inject(DnsWriter packet, string from = "10.0.0.99", int port = 5353) => Carry(packet.Packet.ToArray(), new IPEndPoint(IPAddress.Parse(from), port));

    public void Carry(byte[] packet, IPEndPoint from)
    {
        Packets.Add(new Heard(from.Address, Now, packet, DnsMessage.Read(packet)!));
        _timers.Add(time.CreateTimer(
            _ =>
            {
                foreach (SimulatedHost host in (SimulatedHost[])[.. _hosts]) host.Hear(this, from, packet);
            },
            null, TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan));
    }

    public sealed record Heard(IPAddress From, double At, byte[] Bytes, DnsMessage Message);
}

/// <summary>A node of ours on simulated networks.</summary>
internal sealed class SimulatedHost : IMulticastPort, IDisposable
{
    private readonly Dictionary<int, SimulatedLink> _links = [];
    private IReadOnlyList<LinkInterface> _faces;

    public SimulatedHost(SimulatedLink link, char id, string name, string address, int seed = 1, Func<NodeId, bool>? trusts = null, int port = 18789)
        : this([(link, address)], id, name, seed, trusts, port)
    {
    }

    public SimulatedHost(IReadOnlyList<(SimulatedLink Link, string Addresses)> links, char id, string name, int seed = 1, Func<NodeId, bool>? trusts = null, int port = 18789)
    {
        var chance = new Random(seed);
        Id = new NodeId(new string(id, 64));
        Directory = new MdnsDirectory(Id, name, "1.2.3", "mesh-1", this, links[0].Link.Time, chance.NextDouble, trusts ?? (_ => false), Warnings.Add);
        var faces = new List<LinkInterface>();
        foreach ((SimulatedLink link, string addresses) in links)
        {
            int index = faces.Count + 1;
            _links[index] = link;
            faces.Add(Face(index, addresses));
        }

        _faces = faces;
        foreach ((SimulatedLink link, _) in links.DistinctBy(l => l.Link)) link.Join(this);
        Directory.Use(_faces, port);
    }

    public NodeId Id { get; }

    public MdnsDirectory Directory { get; }

    public List<string> Warnings { get; } = [];

    public static LinkInterface Face(int index, string addresses) => new(index, $"eth{index - 1}", [.. addresses.Split(' ').Select(IPAddress.Parse)]);

    public FoundService? Sees(SimulatedHost other) => Directory.Services.SingleOrDefault(s => s.DeviceId == other.Id);

    public void Readdress(string addresses, int port = 18789) => Directory.Use(_faces = [Face(1, addresses)], port);

    public void Hear(SimulatedLink link, IPEndPoint from, byte[] packet)
    {
        foreach ((int index, SimulatedLink its) in _links)
        {
            if (its == link) Directory.Receive(index, from, packet);
        }
    }

    public void Send(LinkInterface link, ReadOnlySpan<byte> packet)
    {
        IPAddress from = link.Addresses.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork) ?? link.Addresses[0];
        _links[link.Index].Carry(packet.ToArray(), new IPEndPoint(from, MdnsDirectory.Port));
    }

    public void SendTo(IPEndPoint host, ReadOnlySpan<byte> packet)
    {
        SimulatedLink link = _links.Values.First();
        link.Unicast.Add(new SimulatedLink.Heard(host.Address, link.Now, packet.ToArray(), DnsMessage.Read(packet)!));
    }

    public void Dispose() => Directory.Dispose();
}
