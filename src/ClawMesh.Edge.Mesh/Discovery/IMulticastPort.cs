using System.Net;
using System.Net.Sockets;

namespace ClawMesh.Edge.Mesh.Discovery;

/// <summary>A network interface that is up, takes multicast and has an address. Immutable.</summary>
/// <param name="addresses">At most <see cref="MaxAddresses"/>, IPv4 first.</param>
public sealed class LinkInterface(int index, string name, IReadOnlyList<IPAddress> addresses)
{
    /// <summary>As many as are told to the neighbours; all fit one packet ([W-35]).</summary>
    public const int MaxAddresses = 8;

    public int Index => index;

    public string Name => name;

    public IReadOnlyList<IPAddress> Addresses => addresses;

    public bool Has(AddressFamily family)
    {
        foreach (IPAddress address in addresses)
        {
            if (address.AddressFamily == family) return true;
        }

        return false;
    }

    public bool HasSameAddresses(LinkInterface other)
    {
        if (addresses.Count != other.Addresses.Count) return false;
        for (int i = 0; i < addresses.Count; i++)
        {
            if (!addresses[i].Equals(other.Addresses[i])) return false;
        }

        return true;
    }
}

/// <summary>The local network as multicast DNS sees it. A packet that cannot be sent is lost, as on any network; nothing throws.</summary>
public interface IMulticastPort
{
    /// <summary>To the multicast group, in each family the interface has.</summary>
    void Send(LinkInterface link, ReadOnlySpan<byte> packet);

    /// <summary>To one host, from port 5353.</summary>
    void SendTo(IPEndPoint host, ReadOnlySpan<byte> packet);
}
