using System.Net;

namespace ClawMesh.Edge.Mesh.Discovery;

/// <summary>
/// Makes this node's names its own, tells them, answers questions about them and takes them back at the end (RFC 6762 sections 6 to 10).
/// Driven by the directory, which holds the lock and the clock.
/// </summary>
internal sealed class Responder(OwnService own, IReadOnlyDictionary<int, LinkState> links, Func<double> chance, Action<LinkState, DnsWriter> send, Action<IPEndPoint, DnsWriter> reply, Action<string, string> renamed)
{
    private const int ProbesNeeded = 3;
    private const int ProbeEvery = 250;
    private const int AnnouncementsWanted = 3;

    // RFC 6762 section 8.1: whoever has met this many conflicts within ten seconds waits five before the next try.
    private const int ManyConflicts = 15;
    private const long ConflictWindow = 10_000;
    private const long ConflictPause = 5_000;

    private int _conflicts;
    private long _conflictsSince;

    /// <summary>Begins at the beginning on one interface.</summary>
    public void Begin(LinkState link, long now)
    {
        if (own.Port == 0) return;
        (link.Established, link.Probes, link.Pending, link.AnswerAt) = (false, 0, Parts.None, LinkState.Never);
        link.StepAt = now + (_conflicts >= ManyConflicts ? ConflictPause : (long)(chance() * ProbeEvery));
    }

    /// <summary>Something that was told has changed.</summary>
    public static void AnnounceAgain(LinkState link, long now)
    {
        if (!link.Established) return;
        (link.Announcements, link.StepAt) = (0, now);
    }

    public void Tick(LinkState link, long now)
    {
        if (link.AnswerAt <= now) AnswerNow(link, now);
        if (link.StepAt > now) return;
        if (!link.Established && link.Probes < ProbesNeeded)
        {
            send(link, Probe(link));
            link.Probes++;
            link.StepAt = now + ProbeEvery;
            return;
        }

        if (!link.Established) (link.Established, link.Announcements) = (true, 0);
        send(link, Response(link, Parts.All));
        link.LastAnswerAt = now;
        // Three, the second after one second and the third two later (section 8.3).
        link.Announcements++;
        link.StepAt = link.Announcements < AnnouncementsWanted ? now + (1000L << (link.Announcements - 1)) : LinkState.Never;
    }

    public void OnQuery(LinkState link, DnsMessage query, IPEndPoint source, long now)
    {
        if (!link.Established)
        {
            if (link.Probes > 0 && LosesAgainst(link, query.Authorities)) (link.Probes, link.StepAt) = (0, now + 1000);
            return;
        }

        // The rest of what somebody knows, after a question that said more would come.
        Parts known = own.Known(query.Answers, link.Face.Addresses);
        if (query.Questions.Count == 0)
        {
            if ((link.Pending &= ~known) == Parts.None) link.AnswerAt = LinkState.Never;
            return;
        }

        Parts asked = Parts.None;
        bool unicast = true;
        foreach (DnsQuestion question in query.Questions)
        {
            Parts part = own.Asked(question);
            asked |= part;
            unicast &= part == Parts.None || question.Unicast;
        }

        asked &= ~known;
        if (asked == Parts.None) return;
        if (source.Port != MdnsDirectory.Port)
        {
            Legacy(link, query, source, asked);
            return;
        }

        // Who probes for a name of ours must hear at once, whatever was said just before.
        bool probe = query.Authorities.Count > 0;
        if (unicast && !probe && now - link.LastAnswerAt < OwnService.ShortLife * 1000 / 4)
        {
            reply(source, Response(link, asked));
            return;
        }

        // Others may answer the shared names too, so those wait for a random moment (section 6).
        long due = now + (probe ? 0 : query.Truncated ? 400 + (long)(chance() * 100) : (asked & (Parts.Pointer | Parts.Kinds)) != 0 ? 20 + (long)(chance() * 100) : 0);
        if (!probe) due = Math.Max(due, link.LastAnswerAt + 1000);
        link.Pending |= asked;
        link.AnswerAt = Math.Min(link.AnswerAt, due);
        if (link.AnswerAt <= now) AnswerNow(link, now);
    }

    /// <summary>Looks whether somebody else uses a name of ours (section 9).</summary>
    public void OnResponse(DnsMessage response, long now)
    {
        if (own.Port == 0 || (!Conflicts(response.Answers) && !Conflicts(response.Additionals))) return;
        if (now - _conflictsSince > ConflictWindow) (_conflicts, _conflictsSince) = (0, now);
        _conflicts++;
        bool probing = false;
        foreach (LinkState link in links.Values) probing |= !link.Established;
        if (!probing)
        {
            // Whose the name is, a new probe tells; the other side does the same.
            foreach (LinkState link in links.Values) Begin(link, now);
            return;
        }

        string before = own.Label;
        own.Rename();
        renamed(before, own.Label);
        foreach (LinkState link in links.Values) Begin(link, now);
    }

    public void Goodbye()
    {
        foreach (LinkState link in links.Values)
        {
            if (!link.Established) continue;
            link.Established = false;
            var packet = new DnsWriter(DnsWriter.Response);
            foreach (DnsRecord record in own.Records(Parts.All, link.Face.Addresses, gone: true)) packet.TryAnswer(record);
            send(link, packet);
        }
    }

    private void AnswerNow(LinkState link, long now)
    {
        send(link, Response(link, link.Pending));
        (link.Pending, link.AnswerAt, link.LastAnswerAt) = (Parts.None, LinkState.Never, now);
    }

    // Whatever was asked, all of it goes into the packet: a classic browser that first sees a part never reports the service ([W-35]).
    private DnsWriter Response(LinkState link, Parts asked)
    {
        var packet = new DnsWriter(DnsWriter.Response);
        Fill(packet, link, asked);
        return packet;
    }

    private void Fill(DnsWriter packet, LinkState link, Parts asked)
    {
        foreach (DnsRecord record in own.Records(asked, link.Face.Addresses)) packet.TryAnswer(record);
        if (asked == Parts.Kinds) return;
        foreach (DnsRecord record in own.Records(Parts.All & ~asked, link.Face.Addresses)) packet.TryAdditional(record);
    }

    // A resolver that knows nothing of multicast gets its question back with the answer (section 6.7).
    private void Legacy(LinkState link, DnsMessage query, IPEndPoint source, Parts asked)
    {
        var packet = new DnsWriter(DnsWriter.Response, query.Id, legacy: true);
        foreach (DnsQuestion question in query.Questions) packet.TryQuestion(new DnsQuestion(question.Name, question.Type));
        Fill(packet, link, asked);
        reply(source, packet);
    }

    private DnsWriter Probe(LinkState link)
    {
        var packet = new DnsWriter(0);
        packet.TryQuestion(new DnsQuestion(own.Instance, DnsType.Any));
        packet.TryQuestion(new DnsQuestion(own.Host, DnsType.Any));
        foreach (DnsRecord record in own.Records(Parts.All & ~Parts.Pointer, link.Face.Addresses)) packet.TryAuthority(record);
        return packet;
    }

    private bool Conflicts(List<DnsRecord> records)
    {
        foreach (DnsRecord record in records)
        {
            if (record.Ttl == 0) continue;
            if (record.IsAddress ? DnsNames.Same(record.Name, own.Host) && !IsOwnAddress(record)
                : record.Is(DnsType.Srv, own.Instance) ? !record.HasSameData(own.Service())
                : record.Is(DnsType.Txt, own.Instance) && !record.HasSameData(own.Text())) return true;
        }

        return false;
    }

    // Interfaces may be joined to the same network, and then each hears of the other's addresses.
    private bool IsOwnAddress(DnsRecord record)
    {
        foreach (LinkState link in links.Values)
        {
            if (OwnService.Holds(link.Face.Addresses, record)) return true;
        }

        return false;
    }

    // Two probe for one name at the same time: whose records sort later keeps it, the other waits and probes again (section 8.2).
    private bool LosesAgainst(LinkState link, List<DnsRecord> proposed) =>
        Loses(own.Instance, own.Records(Parts.Service | Parts.Text, []), proposed) || Loses(own.Host, own.Records(Parts.Host, link.Face.Addresses), proposed);

    private bool Loses(string name, List<DnsRecord> ours, List<DnsRecord> proposed)
    {
        var theirs = new List<DnsRecord>();
        bool foreign = false;
        foreach (DnsRecord record in proposed)
        {
            if (!DnsNames.Same(record.Name, name)) continue;
            theirs.Add(record);
            foreign |= !record.IsAddress || !IsOwnAddress(record);
        }

        if (!foreign) return false;
        ours.Sort((a, b) => a.CompareTo(b));
        theirs.Sort((a, b) => a.CompareTo(b));
        for (int i = 0; i < ours.Count && i < theirs.Count; i++)
        {
            int order = ours[i].CompareTo(theirs[i]);
            if (order != 0) return order < 0;
        }

        return ours.Count < theirs.Count;
    }
}
