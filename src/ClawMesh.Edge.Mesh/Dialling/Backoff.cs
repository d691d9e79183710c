namespace ClawMesh.Edge.Mesh.Dialling;

/// <summary>Pauses between two attempts: 1, 2, 4, 8, 16, 30, 30 … seconds and up to a fifth more ([W-42]). Not thread-safe.</summary>
/// <param name="chance">At least 0 and below 1; the share of the jitter.</param>
public sealed class Backoff(Func<double> chance)
{
    private const int LongestSeconds = 30;
    private const double Jitter = 0.2;

    /// <summary>Pauses since the last finished handshake.</summary>
    public int Attempts { get; private set; }

    public TimeSpan Next()
    {
        int seconds = Attempts < 5 ? 1 << Attempts : LongestSeconds;
        if (Attempts < int.MaxValue) Attempts++;
        return TimeSpan.FromSeconds(seconds * (1 + (Jitter * chance())));
    }

    /// <summary>Only for a finished handshake: an accepted socket alone proves nothing.</summary>
    public void Reset() => Attempts = 0;
}
