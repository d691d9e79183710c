using System.Net;
using System.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.TestKit.Mesh;

/// <summary>
/// Links between ends of one process, by seed: every delay, phase, cut and stall comes from one generator and one manual clock, so a
/// run that fails fails again. Pings are answered as by a real web socket: silence means that nothing comes through. As with TCP, a
/// connection that lives loses nothing; what could not pass arrives once the cut is mended.
/// </summary>
public sealed class SimulatedNetwork(ManualTime time, int seed = 1)
{
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    private readonly Random _random = new(seed);
    private readonly List<ISimulatedEnd> _ends = [];
    private readonly Dictionary<ISimulatedEnd, TimeSpan> _tickAt = [];
    private readonly HashSet<string> _paused = [];
    private readonly List<SimulatedLink> _links = [];
    private readonly List<SimulatedLink> _allLinks = [];
    private readonly List<SimulatedDial> _dials = [];
    private readonly List<SimulatedClose> _closes = [];
    private readonly PriorityQueue<(SimulatedLink To, byte[] Text), (TimeSpan At, long Order)> _flying = new();
    private readonly HashSet<(string, string)> _cut = [];
    private long _order;

    public ManualTime Time => time;

    /// <summary>Since the network began.</summary>
    public TimeSpan Now { get; private set; }

    public Random Chance => _random;

    /// <summary>How often ends tick. A simulated week ticks slower than a node, whose options must then say so.</summary>
    public TimeSpan TickInterval { get; set; } = MeshNode.TickInterval;

    /// <summary>
    /// What was sent is kept for a test to read. Off, only its bytes are counted, and after a delivery only the receiver's links are looked
    /// at, the others at the next tick: for simulations of weeks.
    /// </summary>
    public bool KeepsTexts { get; set; } = true;

    /// <summary>Longest delay of a message.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(5);

    public IReadOnlyList<ISimulatedEnd> Ends => _ends;

    /// <summary>Every side of every connection there ever was, in the order of opening.</summary>
    public IReadOnlyList<SimulatedLink> AllLinks => _allLinks;

    /// <summary>Sides of connections that last.</summary>
    public IReadOnlyList<SimulatedLink> OpenLinks => _links;

    public IReadOnlyList<SimulatedDial> Dials => _dials;

    public IReadOnlyList<SimulatedClose> Closes => _closes;

    /// <summary>An end appears; its ticks have a phase of their own.</summary>
    public void Add(ISimulatedEnd end)
    {
        _ends.Add(end);
        _tickAt[end] = Now + (TickInterval * _random.NextDouble());
    }

    /// <summary>An end neither ticks nor is reached any more; its connections are left as they are.</summary>
    public void Remove(ISimulatedEnd end)
    {
        _ends.Remove(end);
        _tickAt.Remove(end);
        _paused.Remove(end.Name);
    }

    /// <summary>Nothing passes between two ends any more; what is open stays open and silent, what is dialled fails.</summary>
    public void Cut(ISimulatedEnd a, ISimulatedEnd b)
    {
        _cut.Add(Pair(a.Name, b.Name));
        foreach (SimulatedLink link in _links.Where(l => Joins(l, a, b))) link.HalfOpen = true;
    }

    public void Mend(ISimulatedEnd a, ISimulatedEnd b)
    {
        _cut.Remove(Pair(a.Name, b.Name));
        foreach (SimulatedLink link in _links.Where(l => Joins(l, a, b)))
        {
            link.HalfOpen = false;
            Release(link);
        }
    }

    public bool IsCut(ISimulatedEnd a, ISimulatedEnd b) => _cut.Contains(Pair(a.Name, b.Name));

    /// <summary>The process of an end stands still, as after SIGSTOP: it neither ticks nor reads nor writes. The others see silence.</summary>
    public void Pause(ISimulatedEnd end) => _paused.Add(end.Name);

    public void Resume(ISimulatedEnd end)
    {
        _paused.Remove(end.Name);
        foreach (SimulatedLink link in _links.Where(l => l.Owner == end.Name)) Release(link);
    }

    /// <summary>The other end of a link takes nothing any more, though it answers pings: a full receive window.</summary>
    public void Stall(SimulatedLink link) => link.StuckSince ??= time.GetTimestamp();

    /// <summary>Ends every link of an end at once without a goodbye; the end itself stays.</summary>
    public void Drop(ISimulatedEnd end)
    {
        foreach (SimulatedLink link in _links.Where(l => l.Owner == end.Name).ToList())
        {
            Forget(link, 1006, "connection lost");
            link.Other.Ending ??= (1006, "connection lost");
        }

        Pump();
    }

    /// <summary>Ends a process as kill -9 does: it learns nothing, its peers see their connections end.</summary>
    public void Kill(ISimulatedEnd end)
    {
        Remove(end);
        foreach (SimulatedLink link in _links.Where(l => l.Owner == end.Name).ToList())
        {
            link.Ended = (1006, "killed");
            link.Queue.Complete();
            _links.Remove(link);
            link.Other.Ending ??= (1006, "connection lost");
        }

        Pump();
    }

    /// <summary>Opens a connection; the caller speaks on the returned side.</summary>
    /// <param name="from">Where the acceptor sees it come from; loopback when absent.</param>
    public SimulatedLink Dial(string name, ISimulatedEnd to, Func<SimulatedLink, ILinkUser> user, IPAddress? from = null)
    {
        var mine = new SimulatedLink(this, name, SimulatedLink.FactsOf(dialled: true, to.Name));
        var theirs = new SimulatedLink(this, to.Name, SimulatedLink.FactsOf(dialled: false, name, from));
        (mine.Other, theirs.Other) = (theirs, mine);
        foreach (SimulatedLink link in (SimulatedLink[])[mine, theirs])
        {
            _links.Add(link);
            _allLinks.Add(link);
        }

        theirs.User = to.Open(theirs);
        mine.User = user(mine);
        return mine;
    }

    /// <summary>Lets time pass: messages arrive, ends tick, links end.</summary>
    public void Run(TimeSpan span)
    {
        bool ticked = true;
        for (TimeSpan end = Now + span; ;)
        {
            if (KeepsTexts || ticked) Pump();
            ticked = false;
            TimeSpan next = end;
            if (_flying.TryPeek(out _, out (TimeSpan At, long) due) && due.At < next) next = due.At;
            foreach (TimeSpan tick in _tickAt.Values)
            {
                if (tick < next) next = tick;
            }

            if (time.UntilNextTimer is { } timer && Now + timer < next) next = Now + timer;
            TimeSpan step = next > Now ? next - Now : TimeSpan.Zero;
            time.Advance(step);
            Now += step;

            Deliver();
            foreach (ISimulatedEnd ticking in _ends.ToList())
            {
                if (!_tickAt.TryGetValue(ticking, out TimeSpan at) || at > Now) continue;
                _tickAt[ticking] = at + TickInterval;
                ticked = true;
                if (_paused.Contains(ticking.Name)) continue;
                Ping(ticking);
                ticking.Tick();
            }

            if (Now < end) continue;
            Pump();
            return;
        }
    }

    /// <summary>Lets time pass until something holds.</summary>
    /// <returns>How long it took, or null when it did not come true within <paramref name="limit"/>.</returns>
    public TimeSpan? RunUntil(Func<bool> holds, TimeSpan limit)
    {
        TimeSpan began = Now;
        while (!holds())
        {
            if (Now - began >= limit) return null;
            Run(Look);
        }

        return Now - began;
    }

    internal IDialler DiallerOf(ISimulatedEnd from) => new Dialler(this, from);

    internal void NoteClose(SimulatedLink link, int status, string reason) => _closes.Add(new SimulatedClose(Now, link.Owner, link.Other.Owner, status, reason));

    private void Pump()
    {
        for (bool again = true; again;)
        {
            again = false;
            foreach (SimulatedLink link in _links.ToList())
            {
                if (link.Over || _paused.Contains(link.Owner)) continue;
                PumpQueue(link);
                if (link.Ending is { } ending && !link.HalfOpen && link.Held.Count == 0 && !Flying(link))
                {
                    Forget(link, ending.Status, ending.Reason);
                    again = true;
                }
                else if (link.Closed is { } close && (link.HalfOpen || !Flying(link.Other)))
                {
                    // Behind a cut the other side learns nothing until its packets are answered with a reset.
                    link.Other.Ending ??= link.HalfOpen ? (1006, "connection reset") : close;
                    Forget(link, link.HalfOpen ? 1006 : close.Status, link.HalfOpen ? "" : close.Reason);
                    again = true;
                }
            }
        }
    }

    private void PumpQueues(string owner)
    {
        foreach (SimulatedLink link in _links)
        {
            if (link.Owner == owner && !link.Over && !_paused.Contains(owner)) PumpQueue(link);
        }
    }

    private void PumpQueue(SimulatedLink link)
    {
        while (link.StuckSince is null && link.Queue.TryTake(out OutboundMessage? message, out _))
        {
            byte[] text = message!.Utf8.ToArray();
            link.SentBytes += text.Length;
            link.SentMessages++;
            if (KeepsTexts)
            {
                link.Sent.Add(Encoding.UTF8.GetString(text));
                link.SentAt.Add(Now);
            }

            if (link.Other.Over) continue;
            TimeSpan at = Now + (Delay * _random.NextDouble());
            if (at < link.LastArrival) at = link.LastArrival;
            link.LastArrival = at;
            _flying.Enqueue((link.Other, text), (at, _order++));
        }
    }

    private void Deliver()
    {
        while (_flying.TryPeek(out _, out (TimeSpan At, long) due) && due.At <= Now)
        {
            (SimulatedLink to, byte[] text) = _flying.Dequeue();
            if (to.Over) continue;
            if (to.HalfOpen || _paused.Contains(to.Owner))
            {
                to.Held.Enqueue(text);
                continue;
            }

            to.LastReceived = time.GetTimestamp();
            if (to.Closed is null) to.User.Receive(text);
            if (KeepsTexts) Pump();
            else PumpQueues(to.Owner);
        }
    }

    // What was held arrives now, before anything that is still on its way.
    private void Release(SimulatedLink link)
    {
        if (link.HalfOpen || _paused.Contains(link.Owner)) return;
        while (link.Held.TryDequeue(out byte[]? text)) _flying.Enqueue((link, text), (Now, _order++));
        if (link.Other.LastArrival < Now) link.Other.LastArrival = Now;
    }

    // A web socket answers pings by itself while its cable is whole and its process runs.
    private void Ping(ISimulatedEnd end)
    {
        foreach (SimulatedLink link in _links)
        {
            if (link.Owner == end.Name && !link.HalfOpen && !link.Other.Over && !_paused.Contains(link.Other.Owner) && time.GetElapsedTime(link.LastReceived) > PingAfter)
                link.LastReceived = time.GetTimestamp();
        }
    }

    private bool Flying(SimulatedLink to)
    {
        foreach (((SimulatedLink link, _), _) in _flying.UnorderedItems)
        {
            if (link == to) return true;
        }

        return false;
    }

    private void Forget(SimulatedLink link, int status, string reason)
    {
        if (link.Over) return;
        link.Ended = (status, reason);
        link.Queue.Complete();
        _links.Remove(link);
        link.User.Ended(status, reason);
    }

    private static (string, string) Pair(string a, string b) => string.CompareOrdinal(a, b) < 0 ? (a, b) : (b, a);

    private static bool Joins(SimulatedLink link, ISimulatedEnd a, ISimulatedEnd b) => Pair(link.Owner, link.Other.Owner) == Pair(a.Name, b.Name);

    private sealed class Dialler(SimulatedNetwork network, ISimulatedEnd from) : IDialler
    {
        public Task DialAsync(StaticPeer peer, Func<ILink, ILinkUser> opened, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ISimulatedEnd? to = network._ends.Find(n => n.DeviceId == peer.DeviceId);
            bool reached = to is not null && !network._cut.Contains(Pair(from.Name, to.Name));
            network._dials.Add(new SimulatedDial(network.Now, from.Name, to?.Name ?? peer.DeviceId.Abbreviated, reached));
            if (!reached) throw new EdgeException("mesh.dial_failed", "Could not dial.", "Nobody answers.", "Look at the peer.", FailureClass.MeshPartition);
            network.Dial(from.Name, to!, link => opened(link));
            return Task.CompletedTask;
        }
    }
}
