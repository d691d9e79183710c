namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>
/// The table of: at most one waiting bulk message per key, and when each key was last sent. Never more than
/// <paramref name="maxKeys"/> keys, waiting and remembered together. Not thread-safe.
/// </summary>
/// <param name="leastInterval">The configured part of the interval.</param>
internal sealed class KeyTable(TimeProvider time, int maxKeys, TimeSpan leastInterval)
{
    private static readonly TimeSpan RecountEvery = TimeSpan.FromSeconds(1);

    // Fewer keys mean a shorter interval, so a long wait is worth a second look before it is over.
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, SendSlot> _slots = new(StringComparer.Ordinal);
    private readonly WaitingLine _idle = new();
    private int _recent;
    private long? _recountedAt;

    /// <summary>The keys with a waiting message, in line.</summary>
    public WaitingLine Waiting { get; } = new();

    /// <summary>Keys in the table, waiting and remembered.</summary>
    public int Known => _slots.Count;

    public bool IsFull => Waiting.Count >= maxKeys;

    /// <summary>The slot of a key whose message still waits.</summary>
    public SendSlot? FindWaiting(string key) => _slots.TryGetValue(key, out SendSlot? slot) && slot.Message is not null ? slot : null;

    /// <summary>Puts a key that does not wait at the end of the line. The table must not be full.</summary>
    public SendSlot Enter(string key, long now)
    {
        if (_slots.TryGetValue(key, out SendSlot? slot))
        {
            _idle.Remove(slot);
            if (!IsRecent(slot, now)) _recent++;
        }
        else
        {
            if (_slots.Count >= maxKeys) Forget(_idle.First!);
            slot = new SendSlot(key);
            _slots.Add(key, slot);
            _recent++;
        }

        slot.SeenAt = now;
        Waiting.Add(slot);
        return slot;
    }

    /// <summary>Takes a key out of the line.</summary>
    /// <param name="remember">Keep the key, for its interval and for the count of keys. Only a paced link needs that.</param>
    public void Leave(SendSlot slot, bool remember)
    {
        Waiting.Remove(slot);
        slot.Message = null;
        _idle.Add(slot);
        if (!remember) Forget(slot);
    }

    public void ForgetIdle()
    {
        while (_idle.First is { } slot) Forget(slot);
    }

    /// <summary>The first waiting key whose interval is over; otherwise null, and how long until one may be.</summary>
    public SendSlot? FirstReady(Pace pace, long now, out TimeSpan wait)
    {
        wait = Timeout.InfiniteTimeSpan;
        if (Waiting.First is null) return null;

        TimeSpan interval = Interval(pace, now);
        TimeSpan shortest = MaxWait;
        for (SendSlot? slot = Waiting.First; slot is not null; slot = slot.Next)
        {
            TimeSpan left = slot.SentAt is { } sentAt ? interval - time.GetElapsedTime(sentAt, now) : TimeSpan.Zero;
            if (left <= TimeSpan.Zero)
            {
                wait = TimeSpan.Zero;
                return slot;
            }

            if (left < shortest) shortest = left;
        }

        wait = Pacer.RoundUp(shortest);
        return null;
    }

    private TimeSpan Interval(Pace pace, long now)
    {
        if (_recountedAt is not { } at || time.GetElapsedTime(at, now) >= RecountEvery)
        {
            _recountedAt = now;
            _recent = 0;
            foreach (SendSlot slot in _slots.Values)
            {
                if (IsRecent(slot, now)) _recent++;
            }
        }

        TimeSpan fair = Pacer.Window * Math.Min(_recent, maxKeys) / pace.ObservationsPerMinute;
        return fair > leastInterval ? fair : leastInterval;
    }

    private bool IsRecent(SendSlot slot, long now) => time.GetElapsedTime(slot.SeenAt, now) <= Pacer.Window;

    private void Forget(SendSlot slot)
    {
        _idle.Remove(slot);
        _slots.Remove(slot.Key!);
    }
}
