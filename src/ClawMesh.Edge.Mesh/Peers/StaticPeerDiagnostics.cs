using System.Globalization;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Peers;

/// <summary>What is to be said about the configured peers before they are dialled ([W-166]).</summary>
public static class StaticPeerDiagnostics
{
    /// <param name="self">The default value when not known.</param>
    /// <param name="isTrusted">Asked with a device id. Null when the trust store cannot be read; then nothing is said about trust.</param>
    /// <param name="strictTransport">A peer that must not be dialled is an error, which keeps the node from starting ([W-164]).</param>
    public static IReadOnlyList<MeshDiagnostic> Collect(
        NodeId self, IReadOnlyList<string> texts, bool discovery, Func<string, bool>? isTrusted, bool strictTransport)
    {
        var findings = new List<MeshDiagnostic>();
        IReadOnlyList<StaticPeer> peers = StaticPeerList.Read(self, texts, findings);
        foreach (StaticPeer peer in peers)
        {
            Transport(peer, strictTransport, findings);
            if (isTrusted?.Invoke(peer.DeviceId.Value) == false)
                findings.Add(new(DiagnosticLevel.Warning, DiagnosticErrorCodes.StaticPeerUntrusted, $"{Named(peer)} is not in the trust store and is not dialled. Trust it, or remove it from staticPeers."));
        }

        if (peers.Count == 0 && !discovery)
            findings.Add(new(DiagnosticLevel.Warning, DiagnosticErrorCodes.IsolatedNode, "There is neither discovery nor a static peer; this node dials nobody. Name a peer under staticPeers, or let others dial this one."));
        if (peers.Count == 0)
            findings.Add(new(DiagnosticLevel.Info, DiagnosticErrorCodes.NoStaticPeers, "No static peer is configured."));
        else
            findings.Add(new(DiagnosticLevel.Info, DiagnosticErrorCodes.StaticPeerTransports, Transports(peers)));
        return findings;
    }

    private static void Transport(StaticPeer peer, bool strictTransport, List<MeshDiagnostic> findings)
    {
        DiagnosticLevel level = strictTransport && !peer.MayDial ? DiagnosticLevel.Error : DiagnosticLevel.Warning;
        string cost = peer.MayDial ? "" : " It is not dialled.";
        if (peer.IsWan && peer.Posture == TransportPosture.Insecure)
            findings.Add(new(level, DiagnosticErrorCodes.InsecureRelayTransport, $"{Named(peer)} via {peer.Label} is not encrypted.{cost} Use wss with a fingerprint."));
        if (peer.Fingerprint is null && (peer.IsWan || peer.Posture == TransportPosture.TlsUnpinned))
            findings.Add(new(level, DiagnosticErrorCodes.MissingTlsFingerprint, $"{Named(peer)} has no certificate fingerprint.{cost} Add it after the URL: url|fingerprint."));
        if (peer.Label is null)
            findings.Add(new(DiagnosticLevel.Warning, DiagnosticErrorCodes.UnlabeledStaticPeerTransport, $"{Named(peer)} has no label and counts as local. Add lan, or relay or vpn for a line that leaves the site: url|fingerprint|label."));
    }

    private static string Transports(IReadOnlyList<StaticPeer> peers)
    {
        int pinned = 0, unpinned = 0;
        foreach (StaticPeer peer in peers)
        {
            if (peer.Posture == TransportPosture.TlsPinned) pinned++;
            else if (peer.Posture == TransportPosture.TlsUnpinned) unpinned++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"Static peers by transport: {pinned} tls-pinned, {unpinned} tls-unpinned, {peers.Count - pinned - unpinned} insecure.");
    }

    private static string Named(StaticPeer peer) => $"Static peer {peer.DeviceId.Abbreviated}… {peer.UrlText}";
}
