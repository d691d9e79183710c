namespace ClawMesh.Edge.Mesh.Peers;

/// <summary>What is logged, at error level, when a configured peer must not be dialled ([W-164]).</summary>
public static class WanRefusal
{
    public static string Text(StaticPeer peer) =>
        $"mesh: refusing {(peer.Posture == TransportPosture.Insecure ? "insecure" : "unpinned")} {peer.Label} connection {peer.DeviceId.Abbreviated}… {peer.UrlText} via {peer.Label} ({peer.Posture.Word()})";
}
