using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Hardware.Inference;

/// <summary>Lowers the calling thread, which must be a dedicated one: whatever is inferred can wait for the safety tick and for sensors.</summary>
internal static class InferencePriority
{
    // A fifth of the share that a thread of nice 0 gets on the same core.
    private const int Nice = 7;

    /// <summary>Never throws: a thread may always make itself wait longer, and where a sandbox forbids the call it stays as it was.</summary>
    public static void Lower() => ThreadScheduler.TrySetNice(Nice);
}
