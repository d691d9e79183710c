using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Peers;

/// <summary>The configured peers of a node.</summary>
public static class StaticPeerList
{
    /// <summary>Those that name another node, each device once: its first entry wins ([W-44]).</summary>
    /// <param name="findings">Gets one diagnostic for each entry that is left out.</param>
    public static IReadOnlyList<StaticPeer> Read(NodeId self, IReadOnlyList<string> texts, List<MeshDiagnostic>? findings = null)
    {
        var peers = new List<StaticPeer>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            if (StaticPeer.Parse(text, out PeerProblem? problem) is not { } peer)
                findings?.Add(new(DiagnosticLevel.Error, problem!.Code, $"Static peer '{Start(text)}': {problem.Why}. {problem.Fix}"));
            else if (peer.DeviceId == self)
                findings?.Add(new(DiagnosticLevel.Warning, DiagnosticErrorCodes.SelfPeer, $"Static peer {peer.UrlText} carries this node's own id and is not dialled. Remove it from staticPeers."));
            else if (!seen.Add(peer.DeviceId.Value))
                findings?.Add(new(DiagnosticLevel.Warning, DiagnosticErrorCodes.DuplicateStaticPeer, $"{peer.DeviceId.Abbreviated}… is a static peer twice; {peer.UrlText} has no effect. Keep one entry."));
            else
                peers.Add(peer);
        }

        return peers;
    }

    private static string Start(string text) => text.Length <= 24 ? text : $"{text[..24]}…";
}
