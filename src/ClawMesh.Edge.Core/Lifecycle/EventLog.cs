namespace ClawMesh.Edge.Core.Lifecycle;

/// <summary>
/// The ring of the latest events ([W-139]: 500) and their fan-out. Thread-safe. Listeners run on the publisher's thread
/// and must not block; one that throws is a bug and is not caught.
/// </summary>
public sealed class EventLog(TimeProvider time) : IEventSink
{
    public const int Capacity = 500;

    private readonly Lock _lock = new();
    private readonly EdgeEvent[] _ring = new EdgeEvent[Capacity];
    private long _count;

    /// <summary>Called once per event, in order.</summary>
    public event Action<EdgeEvent>? Published;

    public long Count => Interlocked.Read(ref _count);

    public void Publish(EdgeEvent edgeEvent)
    {
        lock (_lock)
        {
            EdgeEvent numbered = edgeEvent with { Sequence = _count + 1, At = edgeEvent.At == default ? time.GetUtcNow() : edgeEvent.At };
            _ring[_count % Capacity] = numbered;
            _count++;
            Published?.Invoke(numbered);
        }
    }

    /// <summary>The newest <paramref name="limit"/> events that pass <paramref name="filter"/>, newest first.</summary>
    public IReadOnlyList<EdgeEvent> Newest(int limit, Func<EdgeEvent, bool>? filter = null)
    {
        var found = new List<EdgeEvent>();
        lock (_lock)
        {
            long oldest = Math.Max(0, _count - Capacity);
            for (long i = _count - 1; i >= oldest && found.Count < limit; i--)
            {
                EdgeEvent candidate = _ring[i % Capacity];
                if (filter is null || filter(candidate)) found.Add(candidate);
            }
        }

        return found;
    }
}
