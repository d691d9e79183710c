namespace ClawMesh.Edge.World.Forecasts;

/// <summary>
/// When which valve was open, in the time of the site, for the last day. Told by whoever moves outputs; asked by forecasts, which want
/// the part of each quarter-hour that was watered. Thread-safe.
/// </summary>
/// <param name="since">Nobody watched before: what lies earlier is not known.</param>
public sealed class WateringLog(DateTimeOffset since)
{
    /// <summary>Valves it keeps; more are not recorded.</summary>
    public const int MaxTargets = 64;

    /// <summary>Changes kept of one valve; the oldest go, and what lies before them is not known.</summary>
    public const int MaxChanges = 512;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Valve> _valves = [];

    /// <summary>Valves that were not recorded for want of room.</summary>
    public int Refused { get; private set; }

    /// <summary>A valve opened or closed. A repeat of its state changes nothing.</summary>
    public void Changed(string target, bool open, DateTimeOffset at)
    {
        lock (_gate)
        {
            if (!_valves.TryGetValue(target, out Valve? valve))
            {
                if (_valves.Count >= MaxTargets)
                {
                    Refused++;
                    return;
                }

                _valves[target] = valve = new Valve(since);
            }

            if (valve.Open == open) return;
            valve.Add(open, at);
        }
    }

    /// <summary>Fills a window that ends now, oldest slot first: the part of each slot that was watered, NaN where nobody watched.</summary>
    /// <param name="slots">[n], the last one ends at <paramref name="now"/>.</param>
    public void Fill(string target, DateTimeOffset now, TimeSpan slot, Span<float> slots)
    {
        lock (_gate)
        {
            _valves.TryGetValue(target, out Valve? valve);
            for (int i = 0; i < slots.Length; i++)
            {
                DateTimeOffset end = now - (slot * (slots.Length - 1 - i));
                slots[i] = end - slot < (valve?.KnownFrom ?? since) ? float.NaN : (float)((valve?.OpenBetween(end - slot, end) ?? TimeSpan.Zero) / slot);
            }
        }
    }

    /// <summary>How long the valve was open within a span that ends now.</summary>
    public TimeSpan OpenWithin(string target, DateTimeOffset now, TimeSpan span)
    {
        lock (_gate) return _valves.TryGetValue(target, out Valve? valve) ? valve.OpenBetween(now - span, now) : TimeSpan.Zero;
    }

    private sealed class Valve(DateTimeOffset since)
    {
        // The times of changes in order; it was closed before the first one, or before the first one that is kept open as that says.
        private readonly Queue<DateTimeOffset> _changes = new();
        private bool _openBefore;

        public bool Open { get; private set; }

        public DateTimeOffset KnownFrom { get; private set; } = since;

        public void Add(bool open, DateTimeOffset at)
        {
            if (_changes.Count == MaxChanges)
            {
                KnownFrom = _changes.Dequeue();
                _openBefore = !_openBefore;
            }

            _changes.Enqueue(at);
            Open = open;
        }

        public TimeSpan OpenBetween(DateTimeOffset from, DateTimeOffset to)
        {
            TimeSpan open = TimeSpan.Zero;
            bool isOpen = _openBefore;
            DateTimeOffset at = DateTimeOffset.MinValue;
            foreach (DateTimeOffset change in _changes)
            {
                if (isOpen) open += Overlap(at, change, from, to);
                (isOpen, at) = (!isOpen, change);
            }

            return isOpen ? open + Overlap(at, DateTimeOffset.MaxValue, from, to) : open;
        }

        private static TimeSpan Overlap(DateTimeOffset start, DateTimeOffset end, DateTimeOffset from, DateTimeOffset to)
        {
            DateTimeOffset first = start > from ? start : from, last = end < to ? end : to;
            return last > first ? last - first : TimeSpan.Zero;
        }
    }
}
