namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>The bounds of one session's outbound queue ([W-155]).</summary>
/// <param name="MaxMessages">Messages waiting, all classes together; at least 1.</param>
/// <param name="MaxBytes">Bytes of UTF-8 waiting, all classes together; at least 1.</param>
/// <param name="MaxBulkKeys">Keyed bulk messages waiting, one per key ([X-75]); at least 1.</param>
/// <param name="StuckAfter">A session whose writer has owed its next step for longer than this is to be closed.</param>
public sealed record SendLimits(int MaxMessages, int MaxBytes, int MaxBulkKeys, TimeSpan StuckAfter)
{
    public static SendLimits Default { get; } = new(1_000, 1_048_576, 500, TimeSpan.FromSeconds(30));

    /// <summary>The configured part of: on a paced link one key is sent no more often than this.</summary>
    public TimeSpan MinKeyInterval { get; init; } = TimeSpan.Zero;

    /// <summary>Silence after which a ping goes out ([X-34]).</summary>
    public TimeSpan PingAfter { get; init; } = TimeSpan.FromSeconds(2.5);
}
