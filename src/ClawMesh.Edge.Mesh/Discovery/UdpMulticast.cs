using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace ClawMesh.Edge.Mesh.Discovery;

/// <summary>UDP port 5353 of this machine, shared with other responders such as avahi (RFC 6762 section 15), on every interface that is fit.</summary>
internal sealed class UdpMulticast : IMulticastPort, IDisposable
{
    // Of a machine with more, these are announced on; each costs a membership and its own memory of neighbours.
    private const int MaxInterfaces = 16;

    // Multicast DNS is sent with it, so that nothing from beyond a router can look the same (RFC 6762 section 11).
    private const int TimeToLive = 255;

    private static readonly IPAddress Group4 = IPAddress.Parse("224.0.0.251");
    private static readonly IPAddress Group6 = IPAddress.Parse("ff02::fb");

    private readonly Lock _lock = new();
    private readonly Socket? _four;
    private readonly Socket? _six;
    private readonly IPAddress _listens;

    /// <param name="listens">Where this node listens: an address of this machine, <c>0.0.0.0</c> for all of IPv4, <c>::</c> for all. What it does not listen on is not told.</param>
    /// <exception cref="SocketException">Neither family can be used.</exception>
    public UdpMulticast(IPAddress listens)
    {
        _listens = listens;
        _four = Open(AddressFamily.InterNetwork, out SocketException? why);
        _six = Open(AddressFamily.InterNetworkV6, out _);
        if (_four is null && _six is null) throw why!;
    }

    public IReadOnlyList<LinkInterface> Interfaces { get; private set; } = [];

    /// <summary>The sockets to read, one for each family there is.</summary>
    public IEnumerable<Socket> Sockets
    {
        get
        {
            if (_four is not null) yield return _four;
            if (_six is not null) yield return _six;
        }
    }

    public static IPEndPoint Anywhere(Socket socket) => new(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);

    public static bool IsGroup(IPAddress address) => address.Equals(Group4) || (address.IsIPv6Multicast && address.GetAddressBytes().AsSpan().SequenceEqual(Group6.GetAddressBytes()));

    /// <summary>Looks which interfaces there are now, joins the group on new ones and leaves it on those that are gone.</summary>
    /// <exception cref="NetworkInformationException">The kernel does not tell.</exception>
    public void Look()
    {
        var now = new List<LinkInterface>();
        foreach (NetworkInterface face in NetworkInterface.GetAllNetworkInterfaces())
        {
            if (now.Count < MaxInterfaces && Fit(face) is { } fit) now.Add(fit);
        }

        lock (_lock)
        {
            var joined = new List<LinkInterface>();
            foreach (LinkInterface old in Interfaces)
            {
                LinkInterface? still = now.Find(l => l.Index == old.Index);
                Leave(old, still);
            }

            foreach (LinkInterface face in now)
            {
                if (Join(face)) joined.Add(face);
            }

            Interfaces = joined;
        }
    }

    public void Send(LinkInterface link, ReadOnlySpan<byte> packet)
    {
        lock (_lock)
        {
            if (_four is not null && link.Has(AddressFamily.InterNetwork) && Try(_four, SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.HostToNetworkOrder(link.Index)))
                TrySend(_four, packet, new IPEndPoint(Group4, MdnsDirectory.Port));
            if (_six is not null && link.Has(AddressFamily.InterNetworkV6))
                TrySend(_six, packet, new IPEndPoint(new IPAddress(Group6.GetAddressBytes(), link.Index), MdnsDirectory.Port));
        }
    }

    public void SendTo(IPEndPoint host, ReadOnlySpan<byte> packet)
    {
        lock (_lock)
        {
            if ((host.AddressFamily == AddressFamily.InterNetwork ? _four : _six) is { } socket) TrySend(socket, packet, host);
        }
    }

    public void Dispose()
    {
        _four?.Dispose();
        _six?.Dispose();
    }

    private static Socket? Open(AddressFamily family, out SocketException? why)
    {
        why = null;
        Socket? socket = null;
        try
        {
            socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp);
            bool four = family == AddressFamily.InterNetwork;
            if (!four) socket.DualMode = false;
            SocketOptionLevel level = four ? SocketOptionLevel.IP : SocketOptionLevel.IPv6;
            // On Linux this sets SO_REUSEPORT as well; with it the port is shared with a responder of another user.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.SetSocketOption(level, SocketOptionName.PacketInformation, true);
            socket.SetSocketOption(level, SocketOptionName.MulticastTimeToLive, TimeToLive);
            socket.SetSocketOption(level, SocketOptionName.MulticastLoopback, true);
            if (four) socket.Ttl = TimeToLive;
            socket.Bind(new IPEndPoint(four ? IPAddress.Any : IPAddress.IPv6Any, MdnsDirectory.Port));
            return socket;
        }
        catch (SocketException failed)
        {
            socket?.Dispose();
            why = failed;
            return null;
        }
    }

    private LinkInterface? Fit(NetworkInterface face)
    {
        if (face.OperationalStatus is not (OperationalStatus.Up or OperationalStatus.Unknown) || !face.SupportsMulticast || face.NetworkInterfaceType == NetworkInterfaceType.Loopback) return null;
        IPInterfaceProperties properties = face.GetIPProperties();
        var all = new List<IPAddress>();
        foreach (UnicastIPAddressInformation told in properties.UnicastAddresses)
        {
            IPAddress address = told.Address;
            if (_listens.Equals(IPAddress.IPv6Any) || (_listens.Equals(IPAddress.Any) ? address.AddressFamily == AddressFamily.InterNetwork : _listens.Equals(address))) all.Add(address);
        }

        int index = face.Supports(NetworkInterfaceComponent.IPv4) ? properties.GetIPv4Properties().Index : properties.GetIPv6Properties().Index;
        var addresses = new List<IPAddress>();
        Take(AddressFamily.InterNetwork, linkLocal: false);
        Take(AddressFamily.InterNetwork, linkLocal: true);
        Take(AddressFamily.InterNetworkV6, linkLocal: false);
        Take(AddressFamily.InterNetworkV6, linkLocal: true);
        return addresses.Count == 0 ? null : new LinkInterface(index, face.Name, addresses);

        // A link-local address is told where its family has no other; other responders of this machine tell the same, and so agree.
        void Take(AddressFamily family, bool linkLocal)
        {
            if (linkLocal && addresses.Exists(a => a.AddressFamily == family)) return;
            foreach (IPAddress address in all)
            {
                bool local = address.IsIPv6LinkLocal || address.GetAddressBytes() is [169, 254, _, _];
                if (address.AddressFamily == family && local == linkLocal && addresses.Count < LinkInterface.MaxAddresses) addresses.Add(address);
            }
        }
    }

    // Joining again is refused, which tells that the group is joined.
    private bool Join(LinkInterface link)
    {
        bool four = _four is not null && link.Has(AddressFamily.InterNetwork)
            && Try(_four, SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(Group4, link.Index), SocketError.AddressAlreadyInUse);
        bool six = _six is not null && link.Has(AddressFamily.InterNetworkV6)
            && Try(_six, SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(Group6, link.Index), SocketError.AddressAlreadyInUse);
        return four || six;
    }

    private void Leave(LinkInterface old, LinkInterface? still)
    {
        if (_four is not null && old.Has(AddressFamily.InterNetwork) && still?.Has(AddressFamily.InterNetwork) is not true)
            Try(_four, SocketOptionLevel.IP, SocketOptionName.DropMembership, new MulticastOption(Group4, old.Index));
        if (_six is not null && old.Has(AddressFamily.InterNetworkV6) && still?.Has(AddressFamily.InterNetworkV6) is not true)
            Try(_six, SocketOptionLevel.IPv6, SocketOptionName.DropMembership, new IPv6MulticastOption(Group6, old.Index));
    }

    private static bool Try(Socket socket, SocketOptionLevel level, SocketOptionName name, object value, SocketError? fine = null)
    {
        try
        {
            if (value is int number) socket.SetSocketOption(level, name, number);
            else socket.SetSocketOption(level, name, value);
            return true;
        }
        catch (SocketException refused)
        {
            return refused.SocketErrorCode == fine;
        }
    }

    private static void TrySend(Socket socket, ReadOnlySpan<byte> packet, IPEndPoint to)
    {
        try
        {
            socket.SendTo(packet, SocketFlags.None, to);
        }
        catch (SocketException lost)
        {
            // The interface has just gone, or its queue is full. All of this is said again, and interfaces are looked at again soon.
            _ = lost;
        }
    }
}
