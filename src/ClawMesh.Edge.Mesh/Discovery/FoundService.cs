using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Dialling;

namespace ClawMesh.Edge.Mesh.Discovery;

/// <summary>A device that announces itself on the local network. Everything in it is a stranger's word ([W-38]): bounded, printable, never an identity.</summary>
/// <param name="Name">The instance name, at most 63 bytes.</param>
/// <param name="MeshId">From the optional TXT key <c>meshId</c>; a hint.</param>
/// <param name="Pairing">From the TXT key <c>pairing=1</c>; a hint ([X-53]).</param>
/// <param name="Host">An address to dial, or the target's name; null while none is known.</param>
public sealed record FoundService(NodeId DeviceId, string Name, string? Version, string? MeshId, bool Pairing, string? Host, int Port);

/// <summary>What goes on the local network: who else is there, and what this node says of itself. Thread-safe.</summary>
public interface IServiceDirectory : IPeerSource
{
    /// <summary>At most 256, this node left out ([W-37], [W-38]). A snapshot.</summary>
    IReadOnlyList<FoundService> Services { get; }

    /// <summary>Announces <c>pairing=1</c> while a pairing window is open ([X-53]).</summary>
    bool AnnouncePairing { get; set; }
}
