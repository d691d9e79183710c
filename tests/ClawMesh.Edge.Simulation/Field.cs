using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>A simulated field: nodes with real keys, by name and seed.</summary>
internal sealed class Field(int seed = 1, ManualTime? time = null)
{
    private static readonly Ed25519Verifier Verifier = new();

    private SimulatedNetwork? _network;

    public int Seed => seed;

    public ManualTime Time { get; } = time ?? new ManualTime();

    public SimulatedNetwork Network => _network ??= new SimulatedNetwork(Time, seed);

    /// <summary>Runs a test with a few seeds; the message of a failure begins with its seed.</summary>
    public static void EachSeed(Action<Field> test, int seeds = 5)
    {
        for (int seed = 1; seed <= seeds; seed++)
        {
            try
            {
                test(new Field(seed));
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"Seed {seed}: {failure.Message}", failure);
            }
        }
    }

    /// <summary>The same name is the same device in every run.</summary>
    public static Ed25519Signer Key(string name) => Ed25519Signer.FromSeed(SHA256.HashData(Encoding.UTF8.GetBytes($"simulated {name}")));

    /// <summary>Two names, the one with the lower device id first.</summary>
    public static (string Lower, string Higher) ByDevice(string one, string other) =>
        string.CompareOrdinal(Key(one).DeviceId.Value, Key(other).DeviceId.Value) < 0 ? (one, other) : (other, one);

    public static StaticPeer PeerOf(string name, string? label = "lan") => SimulatedNode.PeerOf(Key(name).DeviceId, label);

    public SimulatedNode Node(string name, SimulatedNodeOptions? options = null) => new(Network, name, Key(name), Verifier, options);

    /// <summary>A node that dials those named before it.</summary>
    public SimulatedNode Node(string name, string role, params SimulatedNode[] dials)
    {
        SimulatedNode node = Node(name, new SimulatedNodeOptions { Role = role, Peers = [.. dials.Select(d => d.AsPeer())] });
        foreach (SimulatedNode other in dials) SimulatedNode.Befriend(node, other);
        return node;
    }

    /// <summary>A node that dials others by name, whether they are there yet or not, and trusts them.</summary>
    public SimulatedNode Dialling(string name, IReadOnlyList<string> dials, string role = "field", InMemoryTrustStore? trust = null, Func<MeshOptions, MeshOptions>? mesh = null)
    {
        SimulatedNode node = Node(name, new SimulatedNodeOptions { Role = role, Peers = [.. dials.Select(d => PeerOf(d))], Trust = trust, Mesh = mesh ?? (o => o) });
        foreach (string other in dials) Trust(node, other);
        return node;
    }

    public static void Trust(SimulatedNode node, string other, PeerGrants? grants = null) => node.Trust.Add(Key(other).DeviceId, grants: grants);

    /// <summary>A classic node that this one trusts.</summary>
    public ClassicStandIn Classic(string name, SimulatedNode trustedBy, PeerGrants? grants = null, string role = "node", params string[] capabilities)
    {
        var classic = new ClassicStandIn(Network, name, Key(name), role, capabilities: capabilities);
        trustedBy.Trust.Add(classic.DeviceId, grants: grants);
        return classic;
    }

    /// <summary>A classic node with a finished handshake on a connection it opened.</summary>
    public (ClassicStandIn Classic, ClassicLink Link) ClassicDialler(string name, SimulatedNode to, PeerGrants? grants = null, string role = "node", params string[] capabilities)
    {
        ClassicStandIn classic = Classic(name, to, grants, role, capabilities);
        ClassicLink link = classic.Dial(to);
        Until(() => link.Connected, 2, $"{name} finishes its handshake with {to.Name}");
        return (classic, link);
    }

    public void Run(double seconds) => Network.Run(TimeSpan.FromSeconds(seconds));

    public TimeSpan? RunUntil(Func<bool> holds, double seconds) => Network.RunUntil(holds, TimeSpan.FromSeconds(seconds));

    /// <summary>Lets time pass until something holds, and fails when it does not.</summary>
    public TimeSpan Until(Func<bool> holds, double seconds, string what)
    {
        TimeSpan? took = RunUntil(holds, seconds);
        Assert.True(took is not null, $"not within {seconds} s: {what}");
        return took.Value;
    }

    /// <summary>Asks and waits for the answer.</summary>
    public JsonElement Ask(ClassicLink link, string method, string parameters = "{}")
    {
        string id = link.Ask(method, parameters);
        Until(() => link.ResultOf(id) is not null, 5, $"{method} is answered");
        return link.ResultOf(id)!.Value;
    }

    /// <summary>Asks and returns the error's code, or OK.</summary>
    public string CodeOf(ClassicLink link, string method, string parameters = "{}") => Code(Ask(link, method, parameters));

    public static string Code(JsonElement answer) => answer.GetProperty("ok").GetBoolean() ? "OK" : answer.GetProperty("error").GetProperty("code").GetString()!;

    /// <summary>Connections between two ends that both sides hold, by the side of the first.</summary>
    public IReadOnlyList<SimulatedLink> LinksBetween(ISimulatedEnd a, ISimulatedEnd b) => [.. Network.OpenLinks.Where(l => l.Owner == a.Name && l.Other.Owner == b.Name)];

    public static IReadOnlyList<EdgeEvent> EventsOf(SimulatedNode node, string type) => node.Events.Newest(EventLog.Capacity, e => e.Type == type);

    /// <summary>The texts one end has ever sent to another.</summary>
    public IReadOnlyList<string> Sent(ISimulatedEnd from, ISimulatedEnd to) => [.. Network.AllLinks.Where(l => l.Owner == from.Name && l.Other.Owner == to.Name).SelectMany(l => l.Sent)];
}
