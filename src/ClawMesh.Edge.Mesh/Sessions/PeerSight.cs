namespace ClawMesh.Edge.Mesh.Sessions;

/// <summary>How a peer and this node keep up with each other; shown by <c>peers -v</c>. Written by the mesh, read by anybody.</summary>
public sealed class PeerSight
{
    private long _weLack;
    private long _theyLack;
    private long _verificationFailures;
    private long _clockOffset = long.MinValue;

    /// <summary>Frames the peer had at the last comparison and this node had not. Null before the first.</summary>
    public long? WeLack => Compared ? Interlocked.Read(ref _weLack) : null;

    /// <summary>Frames this node had at the last comparison and the peer had not. Null before the first.</summary>
    public long? TheyLack => Compared ? Interlocked.Read(ref _theyLack) : null;

    /// <summary>Frames that came on this session and were <c>invalid</c> ([X-18]).</summary>
    public long VerificationFailures => Interlocked.Read(ref _verificationFailures);

    /// <summary>How far the peer's clock is ahead of this node's, the median of the latest pings ([X-37]); null while not known.</summary>
    public TimeSpan? ClockOffset
    {
        get => Interlocked.Read(ref _clockOffset) is var ticks and not long.MinValue ? TimeSpan.FromTicks(ticks) : null;
        internal set => Interlocked.Exchange(ref _clockOffset, value?.Ticks ?? long.MinValue);
    }

    private bool Compared { get; set; }

    internal void CountInvalid() => Interlocked.Increment(ref _verificationFailures);

    internal void Lags(long weLack, long theyLack)
    {
        Interlocked.Exchange(ref _weLack, weLack);
        Interlocked.Exchange(ref _theyLack, theyLack);
        Compared = true;
    }
}
