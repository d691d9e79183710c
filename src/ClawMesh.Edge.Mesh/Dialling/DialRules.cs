using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Dialling;

/// <summary>A device that discovery told about.</summary>
/// <param name="MeshId">The mesh it says it belongs to; a hint.</param>
public sealed record DialCandidate(NodeId DeviceId, string? Host, int? Port, string? MeshId = null);

/// <summary>Which side of a pair opens the socket, and when it must not.</summary>
public static class DialRules
{
    /// <summary>Why a discovered device is not dialled, in the order of [W-39]; null when it is to be dialled.</summary>
    /// <param name="mesh">What this node does about the mesh of the device, as <see cref="WhyNotItsMesh"/> tells it; looked at last.</param>
    public static string? WhyNotDialDiscovered(NodeId self, DialCandidate peer, bool trusted, bool connected, bool suppressed, bool budgetLeft, string? mesh = null)
    {
        if (!trusted) return "it is not in the trust store";
        if (connected) return "it is connected already";
        if (!SelfDials(self, peer.DeviceId)) return "its id is the lower one, so it dials";
        if (suppressed) return "it was lost a short while ago";
        if (!budgetLeft) return "it was dialled too often in the last hour";
        return string.IsNullOrEmpty(peer.Host) || peer.Port is not (> 0 and <= 65535) ? "its address is not known" : mesh;
    }

    /// <summary>
    /// Why a discovered device is left alone on account of its mesh; null when nothing speaks against it. The handshake would refuse
    /// another mesh anyway ([W-31]). One that announces none is taken for one of ours: the handshake finds out.
    /// </summary>
    /// <param name="announced">The mesh it says it belongs to, or null; a hint.</param>
    /// <param name="policyOf">The policy for a mesh.</param>
    public static string? WhyNotItsMesh(string? announced, string own, Func<string, JoinPolicy> policyOf)
    {
        JoinPolicy policy = policyOf(announced ?? own);
        if (policy == JoinPolicy.Never) return "its mesh is never dialled";
        if (announced is not null && announced != own) return "it belongs to another mesh";
        return policy == JoinPolicy.Ask ? "a person has to say that devices of this mesh are dialled" : null;
    }

    /// <summary>Of a discovered pair only the ordinally lower id dials ([W-39]).</summary>
    public static bool SelfDials(NodeId self, NodeId peer) => string.CompareOrdinal(self.Value, peer.Value) < 0;

    /// <summary>Our client of a device stops once that device has the lower id and holds a session it opened ([W-40]).</summary>
    public static bool MustStandDown(NodeId self, NodeId peer, bool inboundRegistered) => inboundRegistered && SelfDials(peer, self);
}
