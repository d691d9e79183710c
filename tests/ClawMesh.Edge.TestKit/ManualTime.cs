namespace ClawMesh.Edge.TestKit;

/// <summary>
/// A clock that moves only when told. Its timestamp frequency is odd on purpose, so that code which mistakes ticks for
/// milliseconds fails. Timers fire inside <see cref="Advance"/>, in due order.
/// </summary>
public sealed class ManualTime : TimeProvider
{
    private const long Frequency = 3_000_017;

    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _wall = new(2026, 11, 21, 6, 0, 0, TimeSpan.Zero);
    private TimeSpan _elapsed = TimeSpan.FromHours(7);

    public override long TimestampFrequency => Frequency;

    public override long GetTimestamp()
    {
        lock (_lock) return (long)(_elapsed.TotalSeconds * Frequency);
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock) return _wall;
    }

    /// <summary>Until a timer is due; null when none runs.</summary>
    public TimeSpan? UntilNextTimer
    {
        get
        {
            lock (_lock)
            {
                TimeSpan due = TimeSpan.MaxValue;
                foreach (ManualTimer timer in _timers)
                {
                    if (timer.DueAt < due) due = timer.DueAt;
                }

                return due == TimeSpan.MaxValue ? null : due - _elapsed;
            }
        }
    }

    /// <summary>Steps the wall clock alone, as NTP does; the monotonic clock does not notice.</summary>
    public void StepWallClock(TimeSpan by)
    {
        lock (_lock) _wall += by;
    }

    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan end;
        lock (_lock) end = _elapsed + by;
        while (true)
        {
            ManualTimer? due;
            lock (_lock)
            {
                due = _timers.Where(t => t.DueAt <= end).MinBy(t => t.DueAt);
                TimeSpan to = due?.DueAt ?? end;
                if (to > _elapsed)
                {
                    _wall += to - _elapsed;
                    _elapsed = to;
                }

                if (due is null) return;
                due.Rearm();
            }

            due.Fire();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class ManualTimer(ManualTime owner, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public TimeSpan DueAt { get; private set; } = TimeSpan.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            bool immediate;
            lock (owner._lock)
            {
                _period = period;
                DueAt = dueTime == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : owner._elapsed + dueTime;
                if (!owner._timers.Contains(this)) owner._timers.Add(this);
                immediate = dueTime == TimeSpan.Zero;
                if (immediate) Rearm();
            }

            if (immediate) Fire();
            return true;
        }

        public void Rearm() => DueAt = _period == Timeout.InfiniteTimeSpan || _period == TimeSpan.Zero ? TimeSpan.MaxValue : DueAt + _period;

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (owner._lock) owner._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
