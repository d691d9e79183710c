namespace ClawMesh.Edge.Journal.Chain;

/// <summary>
/// Where this process believes the chain to end. Outlives the connection, so that a reopened file is the one that was lost
/// and not a copy of some earlier day. Written by the writer, read by anyone.
/// </summary>
internal sealed class ChainState
{
    private volatile ChainTip? _tip;
    private volatile ChainTip? _attempted;

    /// <summary>The newest record known to be on disk; null before the first successful open.</summary>
    public ChainTip? Tip => _tip;

    /// <summary>
    /// The record whose commit failed last. A failed flush leaves open whether the disk has it, so a reopened journal may end with it.
    /// </summary>
    public ChainTip? Attempted => _attempted;

    public void Attempt(ChainTip tip) => _attempted = tip;

    public void Committed(ChainTip tip) => (_tip, _attempted) = (tip, null);

    public void Forget() => (_tip, _attempted) = (null, null);
}
