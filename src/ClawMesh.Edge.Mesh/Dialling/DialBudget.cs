using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Dialling;

/// <summary>At most so many dials to one discovered device in any hour ([W-39]). Thread-safe.</summary>
/// <param name="capacity">At most so many devices are remembered; a further one displaces the one dialled longest ago.</param>
public sealed class DialBudget(TimeProvider time, int perHour = 5, int capacity = 256)
{
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dials> _devices = new(StringComparer.Ordinal);

    /// <summary>Devices remembered.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _devices.Count;
        }
    }

    /// <summary>Whether <see cref="TryTake"/> would succeed; takes nothing.</summary>
    public bool HasLeft(NodeId device)
    {
        lock (_lock) return !_devices.TryGetValue(device.Value, out Dials? dials) || Recent(dials, time.GetTimestamp()) < perHour;
    }

    /// <summary>Takes one dial of this hour; false when none is left.</summary>
    public bool TryTake(NodeId device)
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();
            if (!_devices.TryGetValue(device.Value, out Dials? dials))
            {
                if (_devices.Count >= capacity) _devices.Remove(LongestAgo());
                _devices[device.Value] = dials = new Dials();
            }

            if (Recent(dials, now) >= perHour) return false;
            dials.Taken.Enqueue(now);
            dials.Last = now;
            return true;
        }
    }

    private int Recent(Dials dials, long now)
    {
        while (dials.Taken.TryPeek(out long first) && time.GetElapsedTime(first, now) >= Window) dials.Taken.Dequeue();
        return dials.Taken.Count;
    }

    private string LongestAgo()
    {
        string found = "";
        long least = long.MaxValue;
        foreach ((string device, Dials dials) in _devices)
        {
            if (dials.Last <= least) (found, least) = (device, dials.Last);
        }

        return found;
    }

    private sealed class Dials
    {
        public Queue<long> Taken { get; } = new();

        public long Last { get; set; }
    }
}
