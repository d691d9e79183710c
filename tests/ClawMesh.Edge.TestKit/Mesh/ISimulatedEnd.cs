using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.TestKit.Mesh;

/// <summary>Somebody in the simulated network: a real node, or a stand-in that behaves as a test wants it.</summary>
public interface ISimulatedEnd
{
    /// <summary>The name in the network; the same after a restart.</summary>
    string Name { get; }

    NodeId DeviceId { get; }

    /// <summary>Somebody opened a connection to this end.</summary>
    ILinkUser Open(SimulatedLink link);

    /// <summary>Called four times a second.</summary>
    void Tick();
}

/// <summary>An attempt to open a connection.</summary>
/// <param name="At">Since the network began.</param>
/// <param name="Reached">Somebody took the connection; that says nothing about its handshake.</param>
public sealed record SimulatedDial(TimeSpan At, string From, string To, bool Reached);

/// <summary>A close one end asked for; a connection that just ended leaves none.</summary>
public sealed record SimulatedClose(TimeSpan At, string By, string Other, int Status, string Reason);
