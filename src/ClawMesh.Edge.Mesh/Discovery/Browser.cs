using System.Net;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Discovery;

/// <summary>
/// Asks who is there, remembers what it is told for as long as it holds, and asks again before it ends (RFC 6762 sections 5, 7.1 and 10).
/// Driven by the directory, which holds the lock and the clock.
/// </summary>
/// <param name="isTrusted">Strangers make room for these when the memory is full, never the other way round.</param>
internal sealed class Browser(Func<double> chance, Func<NodeId, bool> isTrusted, Action<LinkState, DnsWriter> send)
{
    /// <summary>Services remembered, on all interfaces together ([W-38]).</summary>
    public const int MaxServices = 256;

    /// <summary>Records of a packet that are looked at. A node tells a dozen; each is compared with everything remembered, under the directory's lock.</summary>
    public const int MaxRecords = 128;

    // Of one host and family in one packet. Eight are kept of a host.
    private const int MaxTold = 16;

    private const long FirstInterval = 1000;
    private const long LongestInterval = 3_600_000;

    private readonly List<Sighting> _sightings = [];

    public IReadOnlyList<Sighting> Sightings => _sightings;

    /// <summary>Comparisons of names and addresses so far: what a packet costs, whatever the clock of the machine says.</summary>
    public long Comparisons { get; private set; }

    public void Begin(LinkState link, long now) => (link.BrowseAt, link.BrowseEvery) = (now + 20 + (long)(chance() * 100), FirstInterval);

    /// <summary>The interface is gone, and with it all that was heard there.</summary>
    public void Forget(int index) => _sightings.RemoveAll(s => s.Face.Index == index);

    public void OnResponse(LinkState link, DnsMessage response, long now)
    {
        List<DnsRecord> records = [.. response.Answers, .. response.Additionals];
        if (records.Count > MaxRecords) records.RemoveRange(MaxRecords, records.Count - MaxRecords);
        foreach (DnsRecord record in records)
        {
            if (record.Is(DnsType.Ptr, DnsNames.ServiceType)) Point(link, record, records, now);
        }

        foreach (DnsRecord record in records)
        {
            if (record.Type is not (DnsType.Srv or DnsType.Txt) || Find(link, record.Name) is not { } sighting) continue;
            if (record.Type == DnsType.Srv) Serve(sighting, record, now);
            else Text(sighting, record, now);
        }

        foreach (Told told in Addresses(records)) Locate(link, told, now);
    }

    /// <summary>When something on this interface is due.</summary>
    public long NextAt(LinkState link)
    {
        long next = link.BrowseAt;
        foreach (Sighting sighting in _sightings)
        {
            if (sighting.Face.Index != link.Face.Index) continue;
            Sooner(sighting.Pointer, ref next);
            if (sighting.Target is not null) Sooner(sighting.Service, ref next);
            if (sighting.DeviceId is not null) Sooner(sighting.Text, ref next);
            foreach (HostAddress address in sighting.Addresses) Sooner(address.Lease, ref next);
            next = Math.Min(next, Math.Min(sighting.Parts.AskAt, sighting.Host.AskAt));
        }

        return next;
    }

    /// <summary>Drops what has ended and asks what is due.</summary>
    public void Tick(LinkState link, long now)
    {
        var asks = new List<DnsQuestion>();
        bool browse = link.BrowseAt <= now;
        for (int i = _sightings.Count - 1; i >= 0; i--)
        {
            Sighting sighting = _sightings[i];
            if (sighting.Face.Index != link.Face.Index) continue;
            if (!sighting.Pointer.Holds(now))
            {
                _sightings.RemoveAt(i);
                continue;
            }

            DropParts(sighting, now);
            browse |= Due(sighting.Pointer, now);
            Ask(sighting, asks, now);
        }

        if (browse)
        {
            asks.Insert(0, new DnsQuestion(DnsNames.ServiceType, DnsType.Ptr));
            if (link.BrowseAt <= now)
            {
                link.BrowseAt = now + link.BrowseEvery;
                link.BrowseEvery = Math.Min(link.BrowseEvery * 3, LongestInterval);
            }
        }

        if (asks.Count > 0) SendQuestions(link, asks, browse, now);
    }

    private static void Sooner(Lease lease, ref long next) => next = Math.Min(next, Math.Min(lease.AskAt, lease.EndsAt));

    private static bool Due(Lease lease, long now)
    {
        if (lease.AskAt > now) return false;
        while (lease.AskAt <= now) lease.Asked();
        return true;
    }

    private static void DropParts(Sighting sighting, long now)
    {
        sighting.Addresses.RemoveAll(a => !a.Lease.Holds(now));
        if (sighting.Target is not null && !sighting.Service.Holds(now))
        {
            sighting.Target = null;
            sighting.Addresses.Clear();
            sighting.Host.End();
        }

        if (sighting.DeviceId is not null && !sighting.Text.Holds(now)) sighting.Forget();
    }

    private static void Ask(Sighting sighting, List<DnsQuestion> asks, long now)
    {
        bool missing = sighting.Parts.AskAt <= now;
        bool service = missing && sighting.Target is null, text = missing && !sighting.Text.Holds(now);
        if (missing) sighting.Parts.Asked(now);
        if (sighting.Target is not null) service |= Due(sighting.Service, now);
        if (sighting.DeviceId is not null) text |= Due(sighting.Text, now);
        if (service) asks.Add(new DnsQuestion(sighting.Instance, DnsType.Srv));
        if (text) asks.Add(new DnsQuestion(sighting.Instance, DnsType.Txt));
        if (sighting.Target is not { } host) return;

        bool four = sighting.Host.AskAt <= now, six = four;
        if (four) sighting.Host.Asked(now);
        foreach (HostAddress address in sighting.Addresses)
        {
            if (!Due(address.Lease, now)) continue;
            if (address.Address.GetAddressBytes().Length == 4) four = true;
            else six = true;
        }

        if (four) asks.Add(new DnsQuestion(host, DnsType.A));
        if (six) asks.Add(new DnsQuestion(host, DnsType.Aaaa));
    }

    private void SendQuestions(LinkState link, List<DnsQuestion> asks, bool browse, long now)
    {
        var packet = new DnsWriter(0);
        foreach (DnsQuestion ask in asks)
        {
            if (packet.TryQuestion(ask)) continue;
            if (!packet.IsEmpty) send(link, packet);
            packet = new DnsWriter(0);
            // What fits no packet cannot be asked; its name came from a stranger.
            packet.TryQuestion(ask);
        }

        if (!browse)
        {
            if (!packet.IsEmpty) send(link, packet);
            return;
        }

        foreach (Sighting sighting in _sightings)
        {
            if (sighting.Face.Index != link.Face.Index || !sighting.Pointer.MoreThanHalf(now)) continue;
            var known = new DnsRecord(DnsNames.ServiceType, DnsType.Ptr, sighting.Pointer.SecondsLeft(now), [], sighting.Instance);
            if (packet.TryAnswer(known)) continue;
            packet.Truncated();
            send(link, packet);
            packet = new DnsWriter(0);
            packet.TryAnswer(known);
        }

        if (!packet.IsEmpty) send(link, packet);
    }

    private Sighting? Find(LinkState link, string instance)
    {
        foreach (Sighting sighting in _sightings)
        {
            if (sighting.Face.Index == link.Face.Index && Same(sighting.Instance, instance)) return sighting;
        }

        return null;
    }

    private void Point(LinkState link, DnsRecord pointer, List<DnsRecord> records, long now)
    {
        string instance = pointer.Target!;
        DnsNames.First(instance, out string type);
        if (!DnsNames.Same(type, DnsNames.ServiceType)) return;
        Sighting? sighting = Find(link, instance);
        if (pointer.Ttl == 0)
        {
            sighting?.Pointer.EndSoon(now);
            return;
        }

        if (sighting is null)
        {
            if (_sightings.Count >= MaxServices && !MakeRoom(instance, records)) return;
            _sightings.Add(sighting = new Sighting(link.Face, instance));
        }

        // The rest mostly comes in the same packet; it is asked for where it did not.
        if (sighting.Parts.AskAt == LinkState.Never && (sighting.Target is null || !sighting.Text.Holds(now))) sighting.Parts.Begin(now + 100);

        (sighting.Face, sighting.HeardAt) = (link.Face, now);
        sighting.Pointer.Renew(pointer.Ttl, now, chance());
    }

    // A crowd of strangers must not keep a trusted device from being found.
    private bool MakeRoom(string instance, List<DnsRecord> records)
    {
        bool welcome = false;
        foreach (DnsRecord record in records)
        {
            welcome |= record.Type == DnsType.Txt && Same(record.Name, instance) && Sighting.DeviceOf(record.Data) is { } device && isTrusted(device);
        }

        int oldest = welcome ? _sightings.FindIndex(s => s.DeviceId is not { } device || !isTrusted(device)) : -1;
        if (oldest < 0) return false;
        _sightings.RemoveAt(oldest);
        return true;
    }

    private void Serve(Sighting sighting, DnsRecord record, long now)
    {
        if (record.Ttl == 0)
        {
            sighting.Service.EndSoon(now);
            return;
        }

        if (sighting.Target is null || !DnsNames.Same(sighting.Target, record.Target!))
        {
            sighting.Addresses.Clear();
            sighting.Host.Begin(now + 100);
        }

        (sighting.Target, sighting.Port, sighting.HeardAt) = (record.Target, record.Port, now);
        sighting.Service.Renew(record.Ttl, now, chance());
        Complete(sighting, now);
    }

    private void Text(Sighting sighting, DnsRecord record, long now)
    {
        if (record.Ttl == 0)
        {
            sighting.Text.EndSoon(now);
            return;
        }

        sighting.Tell(record.Data);
        sighting.Text.Renew(record.Ttl, now, chance());
        Complete(sighting, now);
    }

    private static void Complete(Sighting sighting, long now)
    {
        if (sighting.Target is not null && sighting.Text.Holds(now)) sighting.Parts.End();
    }

    // Together, so that what is outdated is looked for once and not for every record.
    private List<Told> Addresses(List<DnsRecord> records)
    {
        var all = new List<Told>();
        foreach (DnsRecord record in records)
        {
            if (!record.IsAddress || !CanBeDialled(new IPAddress(record.Data))) continue;
            Told? told = all.Find(t => t.Records[0].Type == record.Type && Same(t.Records[0].Name, record.Name));
            if (told is null) all.Add(told = new Told());
            if (told.Records.Count < MaxTold) told.Records.Add(record);
            else told.IsCut = true;
            told.Flush |= record.Flush && record.Ttl > 0;
        }

        return all;
    }

    private void Locate(LinkState link, Told told, long now)
    {
        foreach (Sighting sighting in _sightings)
        {
            if (sighting.Face.Index != link.Face.Index || sighting.Target is not { } host || !Same(host, told.Records[0].Name)) continue;
            // Who tells more than is compared takes nothing back: it may be among the rest.
            if (told is { Flush: true, IsCut: false }) Flush(sighting, told, now);
            foreach (DnsRecord record in told.Records) Locate(sighting, record, now);
        }
    }

    private void Locate(Sighting sighting, DnsRecord record, long now)
    {
        HostAddress? known = sighting.Addresses.Find(a => Same(a, record));
        if (record.Ttl == 0)
        {
            known?.Lease.EndSoon(now);
            return;
        }

        if (known is null)
        {
            if (sighting.Addresses.Count >= LinkInterface.MaxAddresses) return;
            sighting.Addresses.Add(known = new HostAddress(new IPAddress(record.Data)));
        }

        known.Lease.Renew(record.Ttl, now, chance());
        sighting.Host.End();
    }

    // Of the same family, what was told over a second ago and is not told again is outdated (section 10.2).
    private void Flush(Sighting sighting, Told told, long now)
    {
        foreach (HostAddress known in sighting.Addresses)
        {
            if (known.Bytes.Length != told.Records[0].Data.Length || known.Lease.Age(now) <= 1000) continue;
            if (!told.Records.Exists(record => Same(known, record))) known.Lease.EndSoon(now);
        }
    }

    private bool Same(string a, string b)
    {
        Comparisons++;
        return DnsNames.Same(a, b);
    }

    private bool Same(HostAddress known, DnsRecord record)
    {
        Comparisons++;
        return known.Bytes.AsSpan().SequenceEqual(record.Data);
    }

    private static bool CanBeDialled(IPAddress address) =>
        !IPAddress.IsLoopback(address) && !address.IsIPv6Multicast && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && !address.IsIPv4MappedToIPv6
        && (address.GetAddressBytes() is not { Length: 4 } four || four[0] < 224);

    /// <summary>The addresses of one host and family in one packet.</summary>
    private sealed class Told
    {
        public List<DnsRecord> Records { get; } = [];

        public bool Flush { get; set; }

        /// <summary>There were more than are compared.</summary>
        public bool IsCut { get; set; }
    }
}
