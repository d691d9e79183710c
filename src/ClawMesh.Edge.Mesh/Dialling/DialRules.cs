using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Dialling;

/// <summary>A device that discovery told about.</summary>
/// <param name="MeshId">The mesh it says it belongs to; a hint.</param>
public sealed record DialCandidate(NodeId DeviceId, string? Host, int? Port, string? MeshId = null);

/// <summary>Which side of a pair opens the socket, and when it must not.</summary>
public static class DialRules
{
    /// <summary>Why a discovered device is not dialled, in the order of [W-39]; null when it is to be dialled.</summary>
    public static string? WhyNotDialDiscovered(NodeId self, DialCandidate peer, bool trusted, bool connected, bool suppressed, bool budgetLeft)
    {
        if (!trusted) return "it is not in the trust store";
        if (connected) return "it is connected already";
        if (!SelfDials(self, peer.DeviceId)) return "its id is the lower one, so it dials";
        if (suppressed) return "it was lost a short while ago";
        if (!budgetLeft) return "it was dialled too often in the last hour";
        return string.IsNullOrEmpty(peer.Host) || peer.Port is not (> 0 and <= 65535) ? "its address is not known" : null;
    }

    /// <summary>Of a discovered pair only the ordinally lower id dials ([W-39]).</summary>
    public static bool SelfDials(NodeId self, NodeId peer) => string.CompareOrdinal(self.Value, peer.Value) < 0;

    /// <summary>Our client of a device stops once that device has the lower id and holds a session it opened ([W-40]).</summary>
    public static bool MustStandDown(NodeId self, NodeId peer, bool inboundRegistered) => inboundRegistered && SelfDials(peer, self);
}
