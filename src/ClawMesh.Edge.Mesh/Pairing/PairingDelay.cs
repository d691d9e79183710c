namespace ClawMesh.Edge.Mesh.Pairing;

/// <summary>How long opening waits after failed attempts ([X-53]): 60 s, doubling to 900 s; forgotten after a success or after 24 h. Not thread-safe.</summary>
internal sealed class PairingDelay(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(900);
    private static readonly TimeSpan Memory = TimeSpan.FromHours(24);

    private TimeSpan _delay;
    private long _failedAt;

    /// <summary>Zero when a window may be opened.</summary>
    public TimeSpan Remaining
    {
        get
        {
            TimeSpan left = _delay - time.GetElapsedTime(_failedAt);
            return _delay > TimeSpan.Zero && left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    public void Failed()
    {
        bool again = _delay > TimeSpan.Zero && time.GetElapsedTime(_failedAt) < Memory;
        _delay = !again ? First : _delay + _delay < Longest ? _delay + _delay : Longest;
        _failedAt = time.GetTimestamp();
    }

    public void Succeeded() => _delay = TimeSpan.Zero;
}
