using ClawMesh.Edge.Mesh.Gossip;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>Keeps an answer under the message limit.</summary>
internal static class FrameFit
{
    /// <param name="leftOut">How many did not fit, to be said.</param>
    public static List<MeshFrame> Fitting(IReadOnlyList<MeshFrame> frames, long maxBytes, out int leftOut)
    {
        var fitting = new List<MeshFrame>();
        long bytes = 0;
        foreach (MeshFrame frame in frames)
        {
            // Its id and believed tier stand in the answer, too.
            bytes += frame.Utf8.Length + 256;
            if (bytes > maxBytes) break;
            fitting.Add(frame);
        }

        leftOut = frames.Count - fitting.Count;
        return fitting;
    }
}
