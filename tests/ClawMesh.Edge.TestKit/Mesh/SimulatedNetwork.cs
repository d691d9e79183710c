using System.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.TestKit.Mesh;

/// <summary>
/// Links between nodes of one process, by seed: every delay, cut and stall comes from one generator and one manual clock, so a run
/// that fails fails again. Pings are answered as by a real web socket: silence means that nothing comes through.
/// </summary>
public sealed class SimulatedNetwork(ManualTime time, int seed = 1)
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    private readonly Random _random = new(seed);
    private readonly List<SimulatedNode> _nodes = [];
    private readonly List<SimulatedLink> _links = [];
    private readonly PriorityQueue<(SimulatedLink To, byte[] Text), (TimeSpan At, long Order)> _flying = new();
    private readonly HashSet<(string, string)> _cut = [];
    private TimeSpan _now;
    private TimeSpan _sinceTick;
    private long _order;

    public ManualTime Time => time;

    public Random Chance => _random;

    /// <summary>Longest delay of a message.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(5);

    public IReadOnlyList<SimulatedNode> Nodes => _nodes;

    public void Add(SimulatedNode node) => _nodes.Add(node);

    public void Remove(SimulatedNode node) => _nodes.Remove(node);

    /// <summary>Nothing passes between two nodes any more; what is open stays open and silent, what is dialled fails.</summary>
    public void Cut(SimulatedNode a, SimulatedNode b)
    {
        _cut.Add(Pair(a, b));
        foreach (SimulatedLink link in _links.Where(l => Joins(l, a, b))) link.HalfOpen = true;
    }

    public void Mend(SimulatedNode a, SimulatedNode b)
    {
        _cut.Remove(Pair(a, b));
        foreach (SimulatedLink link in _links.Where(l => Joins(l, a, b))) link.HalfOpen = false;
    }

    /// <summary>Ends every link of a node at once without a goodbye, as kill -9 does.</summary>
    public void Drop(SimulatedNode node)
    {
        foreach (SimulatedLink link in _links.Where(l => l.Facts.Remote.EndsWith(node.Name, StringComparison.Ordinal) || l.Other.Facts.Remote.EndsWith(node.Name, StringComparison.Ordinal)).ToList()) End(link, 1006, "connection lost");
    }

    /// <summary>Opens a link from a stranger of the test's own to a node; the test speaks on the returned end.</summary>
    public (SimulatedLink Mine, TestUser User) Dial(SimulatedNode node)
    {
        var user = new TestUser();
        (SimulatedLink mine, SimulatedLink theirs) = Join("test", node.Name);
        mine.User = user;
        theirs.User = node.Mesh.Open(theirs);
        return (mine, user);
    }

    /// <summary>Lets time pass: messages arrive, nodes tick, links end.</summary>
    public void Run(TimeSpan span)
    {
        for (TimeSpan end = _now + span; _now < end;)
        {
            Pump();
            time.Advance(Step);
            _now += Step;
            _sinceTick += Step;
            Deliver();
            if (_sinceTick < ClawMesh.Edge.Mesh.MeshNode.TickInterval) continue;
            _sinceTick = TimeSpan.Zero;
            Pings();
            foreach (SimulatedNode node in _nodes.ToList()) node.Mesh.Tick();
        }

        Pump();
    }

    /// <summary>Lets time pass until something holds.</summary>
    /// <returns>How long it took, or null when it did not come true within <paramref name="limit"/>.</returns>
    public TimeSpan? RunUntil(Func<bool> holds, TimeSpan limit)
    {
        TimeSpan began = _now;
        while (!holds())
        {
            if (_now - began >= limit) return null;
            Run(Step);
        }

        return _now - began;
    }

    internal IDialler DiallerOf(SimulatedNode from) => new Dialler(this, from);

    private (SimulatedLink From, SimulatedLink To) Join(string from, string to)
    {
        var a = new SimulatedLink(SimulatedLink.Loopback(dialled: true, $"sim:{to}"), SendLimits.Default, time);
        var b = new SimulatedLink(SimulatedLink.Loopback(dialled: false, $"sim:{from}"), SendLimits.Default, time);
        (a.Other, b.Other) = (b, a);
        _links.Add(a);
        _links.Add(b);
        return (a, b);
    }

    private void Pump()
    {
        foreach (SimulatedLink link in _links.ToList())
        {
            if (link.Over) continue;
            while (!link.Over && link.Queue.TryTake(out OutboundMessage? message, out _))
            {
                byte[] text = message!.Utf8.ToArray();
                link.Sent.Add(Encoding.UTF8.GetString(text));
                if (link.HalfOpen) continue;
                TimeSpan at = _now + (Delay * _random.NextDouble());
                if (at < link.LastArrival) at = link.LastArrival;
                link.LastArrival = at;
                _flying.Enqueue((link.Other, text), (at, _order++));
            }

            if (link.Closed is { } close && !link.HalfOpen && !_flying.UnorderedItems.Any(f => f.Element.To == link.Other)) End(link, close.Status, close.Reason);
            else if (link.Closed is not null && link.HalfOpen) Forget(link, 1006, "");
        }
    }

    private void Deliver()
    {
        while (_flying.TryPeek(out _, out (TimeSpan At, long) due) && due.At <= _now)
        {
            (SimulatedLink to, byte[] text) = _flying.Dequeue();
            if (to.Over || to.HalfOpen) continue;
            to.LastReceived = time.GetTimestamp();
            if (to.Closed is null) to.User.Receive(text);
            Pump();
        }
    }

    // A web socket answers pings by itself while its cable is whole.
    private void Pings()
    {
        foreach (SimulatedLink link in _links)
        {
            if (!link.Over && !link.HalfOpen && time.GetElapsedTime(link.LastReceived) > TimeSpan.FromSeconds(2.5)) link.LastReceived = time.GetTimestamp();
        }
    }

    private void End(SimulatedLink link, int status, string reason)
    {
        Forget(link, status, reason);
        if (!link.HalfOpen) Forget(link.Other, status, reason);
    }

    private void Forget(SimulatedLink link, int status, string reason)
    {
        if (link.Over) return;
        link.Over = true;
        link.Queue.Complete();
        _links.Remove(link);
        link.User.Ended(status, reason);
    }

    private static (string, string) Pair(SimulatedNode a, SimulatedNode b) => string.CompareOrdinal(a.Name, b.Name) < 0 ? (a.Name, b.Name) : (b.Name, a.Name);

    private static bool Joins(SimulatedLink link, SimulatedNode a, SimulatedNode b) =>
        (link.Facts.Remote == $"sim:{a.Name}" && link.Other.Facts.Remote == $"sim:{b.Name}") || (link.Facts.Remote == $"sim:{b.Name}" && link.Other.Facts.Remote == $"sim:{a.Name}");

    private sealed class Dialler(SimulatedNetwork network, SimulatedNode from) : IDialler
    {
        public Task DialAsync(StaticPeer peer, Func<ILink, ILinkUser> opened, CancellationToken cancellationToken)
        {
            SimulatedNode? to = network._nodes.Find(n => n.DeviceId == peer.DeviceId);
            if (to is null || network._cut.Contains(Pair(from, to)))
                throw new EdgeException("mesh.dial_failed", "Could not dial.", "Nobody answers.", "Look at the peer.", FailureClass.MeshPartition);
            (SimulatedLink mine, SimulatedLink theirs) = network.Join(from.Name, to.Name);
            theirs.User = to.Mesh.Open(theirs);
            mine.User = opened(mine);
            return Task.CompletedTask;
        }
    }
}

/// <summary>The test's own end of a link: keeps what it hears.</summary>
public sealed class TestUser : ILinkUser
{
    public List<string> Heard { get; } = [];

    public (int Status, string Reason)? End { get; private set; }

    public void Receive(ReadOnlyMemory<byte> utf8) => Heard.Add(Encoding.UTF8.GetString(utf8.Span));

    public void Ended(int status, string reason) => End = (status, reason);
}
