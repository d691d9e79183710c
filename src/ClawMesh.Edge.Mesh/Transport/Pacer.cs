namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>
/// The sliding window of one link ([X-72]): counts at the moment of sending, everything included, on the monotonic clock.
/// Unpaced until <see cref="SetPace"/>. Not thread-safe. Holds one timestamp per message of the window, never more than the pace
/// allows, or 90 where there is none or a slower one.
/// </summary>
/// <remarks>An unpaced link is remembered too, so that a pace set later starts from what was really sent.</remarks>
public sealed class Pacer(TimeProvider time)
{
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    private long[] _ring = new long[Pace.Classic.PerMinute];
    private int _next;
    private int _count;
    private Pace? _pace;

    /// <summary>Messages sent within the last 60 s; where the link is unpaced, counted up to 90.</summary>
    public int InWindow
    {
        get
        {
            Expire(time.GetTimestamp());
            return _count;
        }
    }

    internal Pace? Pace => _pace;

    private int Capacity => Math.Max(Transport.Pace.Classic.PerMinute, _pace?.PerMinute ?? 0);

    /// <summary>Changes the pace; null lifts it. What was sent before still counts.</summary>
    public void SetPace(Pace? pace)
    {
        if (pace is not null)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(pace.PerMinute, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(pace.PerMinute, Transport.Pace.MaxPerMinute);
            ArgumentOutOfRangeException.ThrowIfNegative(pace.SafetyReserve);
            ArgumentOutOfRangeException.ThrowIfNegative(pace.ControlReserve);
        }

        _pace = pace;
        if (_ring.Length > Capacity) Resize(Capacity);
    }

    /// <summary>Counts one message and returns true when its class may send now; otherwise tells when to ask again.</summary>
    /// <param name="wait">Zero when true; whole milliseconds when false, or infinite where the reserves leave the class nothing.</param>
    public bool TrySend(MessageClass messageClass, out TimeSpan wait)
    {
        wait = WaitFor(messageClass);
        if (wait != TimeSpan.Zero) return false;
        Count();
        return true;
    }

    internal TimeSpan WaitFor(MessageClass messageClass)
    {
        if (_pace is null) return TimeSpan.Zero;
        long now = time.GetTimestamp();
        Expire(now);
        int limit = _pace.Limit(messageClass);
        if (_count < limit) return TimeSpan.Zero;
        return limit <= 0 ? Timeout.InfiniteTimeSpan : RoundUp(Window - time.GetElapsedTime(Newest(limit), now));
    }

    internal void Count()
    {
        long now = time.GetTimestamp();
        Expire(now);
        if (_count == _ring.Length)
        {
            if (_ring.Length < Capacity) Resize(Math.Min(Capacity, _ring.Length * 2));
            else _count--;
        }

        _ring[_next] = now;
        _next = (_next + 1) % _ring.Length;
        _count++;
    }

    /// <summary>
    /// The next whole millisecond, since timers drop the rest, with room for a clock whose ticks do not divide it: whoever wakes
    /// too early only asks again.
    /// </summary>
    internal static TimeSpan RoundUp(TimeSpan wait) => TimeSpan.FromMilliseconds(Math.Floor(wait.TotalMilliseconds + 0.01) + 1);

    /// <summary>The timestamp of the <paramref name="nth"/> newest message, from 1.</summary>
    private long Newest(int nth) => _ring[(_next - nth + _ring.Length) % _ring.Length];

    // Strictly older: a window of 60 s that includes both its ends must hold no more either.
    private void Expire(long now)
    {
        while (_count > 0 && time.GetElapsedTime(Newest(_count), now) > Window) _count--;
    }

    private void Resize(int length)
    {
        var ring = new long[length];
        _count = Math.Min(_count, length);
        for (int i = 0; i < _count; i++) ring[i] = Newest(_count - i);
        _ring = ring;
        _next = _count % length;
    }
}
