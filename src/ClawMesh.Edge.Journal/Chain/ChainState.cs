namespace ClawMesh.Edge.Journal.Chain;

/// <summary>
/// Where this process believes the chain to end. Outlives the connection, so that a reopened file is the one that was lost
/// and not a copy of some earlier day. Written by the writer, read by anyone.
/// </summary>
internal sealed class ChainState
{
    private volatile ChainTip? _tip;
    private volatile ChainTip? _attempted;
    private long _latestMs = long.MinValue;

    /// <summary>The newest record known to be on disk; null before the first successful open.</summary>
    public ChainTip? Tip => _tip;

    /// <summary>
    /// The record whose commit failed last. A failed flush leaves open whether the disk has it, so a reopened journal may end with it.
    /// </summary>
    public ChainTip? Attempted => _attempted;

    public void Attempt(ChainTip tip) => _attempted = tip;

    /// <summary>The latest time of a record; a record may be older than one before it.</summary>
    public DateTimeOffset? Latest => Interlocked.Read(ref _latestMs) is var ms and not long.MinValue ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;

    public void Committed(ChainTip tip) => (_tip, _attempted) = (tip, null);

    /// <summary>Takes the time of a record into account.</summary>
    public void Timed(long atMs) => Interlocked.Exchange(ref _latestMs, Math.Max(Interlocked.Read(ref _latestMs), atMs));

    public void Forget()
    {
        (_tip, _attempted) = (null, null);
        Interlocked.Exchange(ref _latestMs, long.MinValue);
    }
}
