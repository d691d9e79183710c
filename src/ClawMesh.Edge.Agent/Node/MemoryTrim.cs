namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// Gives memory back after a burst. The collector sizes its youngest generation by the processor's cache, which on a server chip is
/// more than this node is allowed; a node at rest for half a minute compacts once. Never while an output is energised: a lease must
/// not end late for tidiness.
/// </summary>
internal sealed class MemoryTrim(Func<bool> outputsAtRest, TimeProvider time)
{
    private const long AllowedBytes = 8L * 1024 * 1024;
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(30);

    private long _lastLook = time.GetTimestamp();

    /// <summary>Called about once a second.</summary>
    public void Look()
    {
        if (time.GetElapsedTime(_lastLook) < Pace) return;
        _lastLook = time.GetTimestamp();
        if (GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes <= AllowedBytes || !outputsAtRest()) return;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
