using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Core.Lifecycle;

/// <summary>
/// The ring of the latest events ([W-139]: 500) and their fan-out. Thread-safe. Listeners run on the publisher's thread
/// and must not block; one that throws is a bug and is not caught.
/// </summary>
public sealed class EventLog(TimeProvider time) : IEventSink
{
    public const int Capacity = 500;

    /// <summary>Characters of a message, a subject or a trace; what is longer was not meant for a log.</summary>
    public const int MaxText = 8_192;

    private readonly Lock _lock = new();
    private readonly EdgeEvent[] _ring = new EdgeEvent[Capacity];
    private long _count;

    /// <summary>Called once per event, in order.</summary>
    public event Action<EdgeEvent>? Published;

    public long Count => Interlocked.Read(ref _count);

    /// <remarks>A peer's names and command ids stand in events, and events on terminals: characters that steer one become blanks here, once for every reader.</remarks>
    public void Publish(EdgeEvent edgeEvent)
    {
        string subject = PlainText.Visible(edgeEvent.Subject, MaxText), message = PlainText.Visible(edgeEvent.Message, MaxText);
        string? trace = edgeEvent.Trace is { } id ? PlainText.Visible(id, MaxText) : null;
        lock (_lock)
        {
            EdgeEvent numbered = edgeEvent with
            {
                Sequence = _count + 1, At = edgeEvent.At == default ? time.GetUtcNow() : edgeEvent.At, Subject = subject, Message = message, Trace = trace,
            };
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
