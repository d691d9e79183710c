using System.Net;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Dialling;

namespace ClawMesh.Edge.Mesh.Discovery;

/// <summary>
/// Multicast DNS of one node: what it says of itself and what it hears of others ([W-33] to [W-38], RFC 6762 and 6763). It owns its
/// timer; interfaces and packets come from whoever owns the network. Thread-safe.
/// </summary>
public sealed class MdnsDirectory : IServiceDirectory, IDisposable
{
    public const int Port = 5353;

    // Each packet that this node sends comes back to it, once for each interface on the same network.
    private const int SentRemembered = 16;
    private const long SentFor = 1000;

    // What failed once mostly fails again at once, and that must not keep a core busy.
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly NodeId _self;
    private readonly IMulticastPort _port;
    private readonly TimeProvider _time;
    private readonly Func<double> _chance;
    private readonly Action<string> _warn;
    private readonly OwnService _own;
    private readonly Dictionary<int, LinkState> _links = [];
    private readonly Responder _responder;
    private readonly Browser _browser;
    private readonly List<SentPacket> _sent = [];
    private readonly HashSet<string> _faultsTold = [];
    private readonly ITimer _timer;
    private readonly long _started;
    private bool _stopped;
    private IReadOnlyList<FoundService>? _services;
    private IReadOnlyList<DialCandidate>? _found;

    /// <param name="name">The display name; its instance name follows [W-33].</param>
    /// <param name="chance">Between 0 and 1; spreads what many would do at the same moment.</param>
    /// <param name="isTrusted">Strangers make room for these when the memory is full.</param>
    /// <param name="warn">Told of a name that was taken, and of a fault inside.</param>
    public MdnsDirectory(NodeId self, string name, string version, string? meshId, IMulticastPort port, TimeProvider time, Func<double> chance, Func<NodeId, bool> isTrusted, Action<string> warn)
    {
        (_self, _port, _time, _chance, _warn, _started) = (self, port, time, chance, warn, time.GetTimestamp());
        _own = new OwnService(self, name, version) { MeshId = meshId };
        _responder = new Responder(
            _own, _links, chance, Send, (host, packet) => _port.SendTo(host, packet.Packet),
            (before, after) => _warn($"Another device on the local network is called '{before}'; this node announces itself as '{after}'."));
        _browser = new Browser(chance, isTrusted, Send);
        _timer = time.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The name under which this node is found; another one after a conflict ([W-36]).</summary>
    public string InstanceName
    {
        get
        {
            lock (_lock) return _own.Label;
        }
    }

    public IReadOnlyList<FoundService> Services
    {
        get
        {
            lock (_lock) return _services ??= Look();
        }
    }

    public IReadOnlyList<DialCandidate> Found
    {
        get
        {
            lock (_lock)
            {
                if (_found is not null) return _found;
                var found = new List<DialCandidate>();
                foreach (FoundService service in _services ??= Look()) found.Add(new DialCandidate(service.DeviceId, service.Host, service.Port, service.MeshId));
                return _found = found;
            }
        }
    }

    public bool AnnouncePairing
    {
        get
        {
            lock (_lock) return _own.Pairing;
        }
        set
        {
            lock (_lock)
            {
                if (_own.Pairing == value) return;
                _own.Pairing = value;
                AnnounceAgain();
            }
        }
    }

    /// <summary>Which mesh this node says it belongs to, from now on.</summary>
    public void Belongs(string meshId)
    {
        lock (_lock)
        {
            if (_own.MeshId == meshId) return;
            _own.MeshId = meshId;
            AnnounceAgain();
        }
    }

    private void AnnounceAgain()
    {
        foreach (LinkState link in _links.Values) Responder.AnnounceAgain(link, Now);
        Schedule();
    }

    private long Now => (long)_time.GetElapsedTime(_started).TotalMilliseconds;

    /// <summary>Starts over on these interfaces alone; what is gone is forgotten, what is new is probed and asked.</summary>
    /// <param name="port">Where this node listens; 0 where it announces nothing.</param>
    public void Use(IReadOnlyList<LinkInterface> faces, int port)
    {
        lock (_lock)
        {
            if (_stopped) return;
            long now = Now;
            LinkInterface[] current = [.. faces];
            bool moved = _own.Port != port;
            _own.Port = port;
            foreach (int gone in (int[])[.. _links.Keys])
            {
                if (Array.Exists(current, f => f.Index == gone)) continue;
                _links.Remove(gone);
                _browser.Forget(gone);
                Changed();
            }

            foreach (LinkInterface face in faces)
            {
                if (!_links.TryGetValue(face.Index, out LinkState? link))
                {
                    _links.Add(face.Index, link = new LinkState(face));
                    _responder.Begin(link, now);
                    _browser.Begin(link, now);
                    continue;
                }

                bool same = link.Face.HasSameAddresses(face);
                link.Face = face;
                if (moved) _responder.Begin(link, now);
                else if (!same) Responder.AnnounceAgain(link, now);
            }

            Schedule();
        }
    }

    /// <summary>A packet that came to the multicast group on one interface. Whatever is in it, nothing throws.</summary>
    public void Receive(int interfaceIndex, IPEndPoint source, ReadOnlySpan<byte> packet)
    {
        lock (_lock)
        {
            try
            {
                if (_stopped || !_links.TryGetValue(interfaceIndex, out LinkState? link) || IsOwn(source.Address, packet) || DnsMessage.Read(packet) is not { } message) return;
                long now = Now;
                if (!message.IsResponse)
                {
                    _responder.OnQuery(link, message, source, now);
                }
                else if (source.Port == Port)
                {
                    // Answers from another port are no multicast DNS (RFC 6762 section 6).
                    Changed();
                    _responder.OnResponse(message, now);
                    _browser.OnResponse(link, message, now);
                }

                Schedule();
            }
            catch (Exception bug) when (bug is not OutOfMemoryException)
            {
                // Whoever receives goes on receiving.
                GoOn(bug);
            }
        }
    }

    /// <summary>Says goodbye ([W-36]); nothing is sent or heard any more.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            if (_stopped) return;
            _responder.Goodbye();
            _stopped = true;
            _links.Clear();
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        Stop();
        _timer.Dispose();
    }

    private void Tick()
    {
        lock (_lock)
        {
            if (_stopped) return;
            Exception? fault = null;
            Changed();
            foreach (LinkState link in _links.Values)
            {
                fault = Try(_responder.Tick, link) ?? fault;
                fault = Try(_browser.Tick, link) ?? fault;
            }

            if (fault is null) Schedule();
            else GoOn(fault);
        }
    }

    // On a timer's thread a fault would end the process, and outputs matter more than being found.
    private Exception? Try(Action<LinkState, long> act, LinkState link)
    {
        try
        {
            act(link, Now);
            return null;
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            return bug;
        }
    }

    // Each kind of fault is told once; there are only so many.
    private void GoOn(Exception fault)
    {
        if (!_stopped) _timer.Change(AfterFault, Timeout.InfiniteTimeSpan);
        string kind = fault.GetType().Name;
        if (_faultsTold.Add(kind)) _warn($"A fault inside this node held discovery up: {kind}, {fault.Message.TrimEnd('.')}. It goes on in {AfterFault.TotalSeconds:0} s; this is not said again.");
    }

    private void Changed() => (_services, _found) = (null, null);

    private void Schedule()
    {
        long next = LinkState.Never;
        foreach (LinkState link in _links.Values) next = Math.Min(Math.Min(next, _browser.NextAt(link)), Math.Min(link.StepAt, link.AnswerAt));
        // A millisecond at least: what is due at this very moment must not turn into a loop.
        _timer.Change(next == LinkState.Never ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Math.Max(1, next - Now)), Timeout.InfiniteTimeSpan);
    }

    private void Send(LinkState link, DnsWriter packet)
    {
        if (_sent.Count >= SentRemembered) _sent.RemoveAt(0);
        _sent.Add(new SentPacket(packet.Packet.ToArray(), Now));
        _port.Send(link.Face, packet.Packet);
    }

    // A packet of our own, come back. Another process on this machine may ask the same question a moment later, hence the short memory.
    private bool IsOwn(IPAddress source, ReadOnlySpan<byte> packet)
    {
        bool local = false;
        foreach (LinkState link in _links.Values)
        {
            foreach (IPAddress address in link.Face.Addresses) local |= address.Equals(source);
        }

        if (!local) return false;
        foreach (SentPacket sent in _sent)
        {
            if (Now - sent.At <= SentFor && packet.SequenceEqual(sent.Bytes)) return true;
        }

        return false;
    }

    private FoundService[] Look()
    {
        long now = Now;
        var found = new Dictionary<string, FoundService>();
        var heard = new Dictionary<string, Sighting>();
        foreach (Sighting sighting in _browser.Sightings)
        {
            if (sighting.DeviceId is not { } device || device == _self) continue;
            // Without a port there is nothing to dial, whatever the address.
            string? host = sighting.Target is null || sighting.Port == 0 ? null : sighting.Dialled(now);
            // A device may be heard on two interfaces, or by an old name and a new one: what can be dialled counts, then what is newer.
            if (found.TryGetValue(device.Value, out FoundService? other)
                && (host is null ? other.Host is not null : other.Host is not null && heard[device.Value].HeardAt >= sighting.HeardAt)) continue;
            string name = DnsNames.Printable(DnsNames.First(sighting.Instance, out _), DnsNames.MaxLabelBytes);
            found[device.Value] = new FoundService(device, name, sighting.Version, sighting.MeshId, sighting.Pairing, host, sighting.Port);
            heard[device.Value] = sighting;
        }

        return [.. found.Values];
    }

    private sealed record SentPacket(byte[] Bytes, long At);
}
