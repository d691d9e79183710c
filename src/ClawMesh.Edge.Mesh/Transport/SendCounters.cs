namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>
/// What became of the messages of one link ([X-76]). At any moment added = sent + coalesced + dropped + waiting.
/// </summary>
/// <param name="Dropped">Refused and pushed out, of every class; <paramref name="DroppedSafety"/> is the part that is an error.</param>
/// <param name="DeferredMs">Gauge: age of the oldest place in line, in milliseconds.</param>
/// <param name="InWindow">Gauge: messages sent within the last 60 s, see <see cref="Pacer.InWindow"/>.</param>
public sealed record SendCounters(
    long SentSafety, long SentControl, long SentBulk, long Coalesced, long Dropped, long DroppedSafety, long DeferredMs, int InWindow)
{
    public long Sent => SentSafety + SentControl + SentBulk;
}
