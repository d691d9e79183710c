using ClawMesh.Edge.Core.Actuation;

namespace ClawMesh.Edge.Trust.Limits;

/// <summary>
/// When one output was away from its safe value, on the monotonic clock. Not thread-safe: its slot's lock guards it.
/// Nothing is allocated after construction.
/// </summary>
internal sealed class LimitBook(TimeProvider time)
{
    /// <summary>The longest window any limit looks back over.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromHours(1);

    // More starts than this in an hour are refused by rate long before; if the ring is ever full the oldest still counts as on (see Started).
    private const int Capacity = 1024;

    private readonly (long Start, long End)[] _past = new (long, long)[Capacity];
    private int _first;
    private int _count;
    private long? _since;
    private long _lastEnd;

    /// <summary>Timestamp at which the present activation began; null at the safe value.</summary>
    public long? EnergisedSince => _since;

    public void Started(long timestamp) => _since ??= timestamp;

    public void Ended(long timestamp)
    {
        if (_since is not { } start) return;
        _since = null;
        Remember(start, timestamp);
    }

    /// <summary>
    /// Activations from before this process, translated from wall time by their age. A clock that went backwards makes them count
    /// as just ended, at their full length: a node whose clock starts from nothing after each power cut must not forget its duty.
    /// </summary>
    public void Restore(IEnumerable<PastActivation> activations)
    {
        long now = time.GetTimestamp();
        DateTimeOffset wallNow = time.GetUtcNow();
        foreach ((DateTimeOffset start, DateTimeOffset end) in Stretches(activations, wallNow))
        {
            TimeSpan endAge = Clamp(wallNow - end);
            TimeSpan length = Clamp(end - start);
            Remember(now - Ticks(endAge + length), now - Ticks(endAge));
        }
    }

    // A lease that was prolonged stands in the journal as several activations with one end; it was one stretch of being on.
    private static IEnumerable<(DateTimeOffset Start, DateTimeOffset End)> Stretches(IEnumerable<PastActivation> activations, DateTimeOffset wallNow)
    {
        (DateTimeOffset Start, DateTimeOffset End)? stretch = null;
        foreach (PastActivation past in activations.OrderBy(p => p.Start))
        {
            DateTimeOffset end = past.End ?? wallNow;
            if (stretch is { } open && past.Start < open.End)
            {
                stretch = (open.Start, end > open.End ? end : open.End);
                continue;
            }

            if (stretch is { } whole) yield return whole;
            stretch = (past.Start, end);
        }

        if (stretch is { } last) yield return last;
    }

    /// <summary>Time away from the safe value within the last hour, the present activation included.</summary>
    public TimeSpan OnTimeInWindow(long now)
    {
        long from = now - Ticks(Window);
        long total = 0;
        for (int i = 0; i < _count; i++)
        {
            (long start, long end) = _past[(_first + i) % Capacity];
            if (end > from) total += end - Math.Max(start, from);
        }

        if (_since is { } since) total += now - Math.Max(since, from);
        return time.GetElapsedTime(0, total);
    }

    public int StartsWithin(TimeSpan window, long now)
    {
        long from = now - Ticks(window);
        int starts = _since is { } since && since > from ? 1 : 0;
        for (int i = 0; i < _count; i++)
        {
            if (_past[(_first + i) % Capacity].Start > from) starts++;
        }

        return starts;
    }

    /// <summary>How long the output has rested; null when it never left its safe value within memory.</summary>
    public TimeSpan? RestedFor(long now) =>
        _count == 0 ? null : time.GetElapsedTime(_lastEnd, now);

    private void Remember(long start, long end)
    {
        Forget(end);
        if (_count == Capacity)
        {
            // Merging the two oldest overstates on-time, never understates it.
            (long oldest, _) = _past[_first];
            _first = (_first + 1) % Capacity;
            _count--;
            _past[_first].Start = oldest;
        }

        _lastEnd = _count == 0 ? end : Math.Max(_lastEnd, end);
        _past[(_first + _count) % Capacity] = (start, end);
        _count++;
    }

    private void Forget(long now)
    {
        long from = now - Ticks(Window);
        // The newest stays whatever its age: minimum rest is measured from it.
        while (_count > 1 && _past[_first].End < from)
        {
            _first = (_first + 1) % Capacity;
            _count--;
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    private static TimeSpan Clamp(TimeSpan age) => age < TimeSpan.Zero ? TimeSpan.Zero : age > Window * 2 ? Window * 2 : age;
}
