using System.Security.Cryptography;
using System.Text;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>A simulated field: nodes with real keys, by name and seed.</summary>
internal sealed class Field(int seed = 1)
{
    private static readonly Ed25519Verifier Verifier = new();

    public ManualTime Time { get; } = new();

    public SimulatedNetwork Network => _network ??= new SimulatedNetwork(Time, seed);

    private SimulatedNetwork? _network;

    /// <summary>The same name is the same device in every run.</summary>
    public static Ed25519Signer Key(string name) => Ed25519Signer.FromSeed(SHA256.HashData(Encoding.UTF8.GetBytes($"simulated {name}")));

    public SimulatedNode Node(string name, SimulatedNodeOptions? options = null) => new(Network, name, Key(name), Verifier, options);

    /// <summary>A node that dials those named before it.</summary>
    public SimulatedNode Node(string name, string role, params SimulatedNode[] dials)
    {
        SimulatedNode node = Node(name, new SimulatedNodeOptions { Role = role, Peers = [.. dials.Select(d => d.AsPeer())] });
        foreach (SimulatedNode other in dials) SimulatedNode.Befriend(node, other);
        return node;
    }

    public void Run(double seconds) => Network.Run(TimeSpan.FromSeconds(seconds));

    public TimeSpan? RunUntil(Func<bool> holds, double seconds) => Network.RunUntil(holds, TimeSpan.FromSeconds(seconds));

    public static StaticPeer PeerOf(SimulatedNode node) => node.AsPeer();
}
