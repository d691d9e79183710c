using System.Net;
using System.Net.Sockets;
using System.Text;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Discovery;

/// <summary>How long a record is believed, and when it is asked for again: at 80, 85, 90 and 95 % of its life (RFC 6762 section 5.2).</summary>
internal sealed class Lease
{
    private const int Askings = 4;

    // A stranger's word is believed no longer than that of a classic node ([W-36]).
    private const uint LongestSeconds = OwnService.LongLife;

    private long _at;
    private long _life = -1;
    private double _later;
    private int _asked;

    public long EndsAt => _life < 0 ? 0 : _at + _life;

    public long AskAt => _asked < Askings ? _at + (long)(_life * (0.80 + 0.05 * _asked + 0.02 * _later)) : LinkState.Never;

    public bool Holds(long now) => now < EndsAt;

    public long Age(long now) => now - _at;

    public bool MoreThanHalf(long now) => now < _at + _life / 2;

    public uint SecondsLeft(long now) => (uint)Math.Max(0, (EndsAt - now) / 1000);

    /// <param name="chance">So that not all who hold the record ask at the same moment.</param>
    public void Renew(uint ttl, long now, double chance) => (_at, _life, _later, _asked) = (now, Math.Min(ttl, LongestSeconds) * 1000L, chance, 0);

    /// <summary>Taken back: gone in a second, within which its owner may say otherwise (section 10.1).</summary>
    public void EndSoon(long now)
    {
        if (EndsAt > now + 1000) (_at, _life, _asked) = (now, 1000, Askings);
    }

    public void Asked() => _asked++;
}

/// <summary>Asks for what is missing, again after 1, 3 and 9 seconds, and then waits to be told.</summary>
internal sealed class Missing
{
    private const int Repeats = 3;

    private int _tries;

    public long AskAt { get; private set; } = LinkState.Never;

    /// <summary>Nobody answered.</summary>
    public bool GivenUp => _tries > Repeats && AskAt == LinkState.Never;

    public void Begin(long at) => (_tries, AskAt) = (0, at);

    public void End() => AskAt = LinkState.Never;

    public void Asked(long now) => AskAt = _tries++ < Repeats ? now + 1000L * (long)Math.Pow(3, _tries - 1) : LinkState.Never;
}

/// <summary>An address that a host told.</summary>
internal sealed class HostAddress(IPAddress address)
{
    public IPAddress Address => address;

    public byte[] Bytes { get; } = address.GetAddressBytes();

    public Lease Lease { get; } = new();
}

/// <summary>A service heard of on one interface, as far as it is known. Everything in it is a stranger's word ([W-38]).</summary>
/// <param name="instance">The whole instance name.</param>
internal sealed class Sighting(LinkInterface face, string instance)
{
    public LinkInterface Face { get; set; } = face;

    public string Instance => instance;

    public Lease Pointer { get; } = new();

    public Lease Service { get; } = new();

    public Lease Text { get; } = new();

    public Missing Parts { get; } = new();

    public Missing Host { get; } = new();

    public string? Target { get; set; }

    public int Port { get; set; }

    public long HeardAt { get; set; }

    public NodeId? DeviceId { get; private set; }

    public string? Version { get; private set; }

    public string? MeshId { get; private set; }

    public bool Pairing { get; private set; }

    /// <summary>At most <see cref="LinkInterface.MaxAddresses"/>, in the order they were told.</summary>
    public List<HostAddress> Addresses { get; } = [];

    /// <summary>The device of a TXT record; null where it states none, or none that is well-formed ([W-37]). Keys are case-sensitive ([W-34]).</summary>
    public static NodeId? DeviceOf(byte[] text) => Value(text, "deviceId") is { } id && NodeId.IsWellFormed(id) ? new NodeId(id) : null;

    public void Tell(byte[] text)
    {
        DeviceId = DeviceOf(text);
        Version = Shown(text, "version");
        MeshId = Shown(text, "meshId");
        Pairing = Value(text, "pairing") == "1";
    }

    public void Forget()
    {
        (DeviceId, Version, MeshId, Pairing) = (null, null, null, false);
    }

    /// <summary>The first IPv4 address, then any, then, when nobody tells an address, the target's name ([W-37]).</summary>
    public string? Dialled(long now)
    {
        IPAddress? best = null;
        int rank = 0;
        foreach (HostAddress known in Addresses)
        {
            IPAddress address = known.Address;
            int its = !known.Lease.Holds(now) ? 0 : address.AddressFamily == AddressFamily.InterNetwork ? 3 : address.IsIPv6LinkLocal ? 1 : 2;
            if (its > rank) (best, rank) = (address, its);
        }

        if (best is null) return Target is not null && Host.GivenUp && IsHostName(Target) ? Target : null;
        return rank == 1 ? $"{best}%{Face.Name}" : best.ToString();
    }

    private static string? Shown(byte[] text, string key) => Value(text, key) is { } value ? DnsNames.Printable(value, 64) : null;

    private static string? Value(byte[] text, string key)
    {
        for (int at = 0; at < text.Length; at += 1 + text[at])
        {
            ReadOnlySpan<byte> entry = text.AsSpan(at + 1, Math.Min(text[at], text.Length - at - 1));
            int equals = entry.IndexOf((byte)'=');
            if (equals == key.Length && Encoding.ASCII.GetString(entry[..equals]) == key) return Encoding.UTF8.GetString(entry[(equals + 1)..]);
        }

        return null;
    }

    // It goes into a URL, so nothing but a plain name will do.
    private static bool IsHostName(string name)
    {
        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.')) return false;
        }

        return name.Length > 0;
    }
}
