using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Dialling;

/// <summary>
/// Devices that are not dialled on account of discovery, because they were lost ([W-43]). An entry ends after 10 minutes or with a
/// successful outbound session. Thread-safe.
/// </summary>
/// <param name="capacity">At most so many are remembered; a further one displaces the oldest.</param>
public sealed class SuppressionList(TimeProvider time, int capacity = 256)
{
    private static readonly TimeSpan Expiry = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _marked = new(StringComparer.Ordinal);

    /// <summary>Entries held, expired ones that nobody has asked for included.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _marked.Count;
        }
    }

    public void MarkDead(NodeId device)
    {
        lock (_lock)
        {
            if (!_marked.ContainsKey(device.Value) && _marked.Count >= capacity) _marked.Remove(Oldest());
            _marked[device.Value] = time.GetTimestamp();
        }
    }

    public bool IsSuppressed(NodeId device)
    {
        lock (_lock)
        {
            if (!_marked.TryGetValue(device.Value, out long at)) return false;
            if (time.GetElapsedTime(at) < Expiry) return true;
            _marked.Remove(device.Value);
            return false;
        }
    }

    /// <summary>An outbound session to the device has succeeded.</summary>
    public void Clear(NodeId device)
    {
        lock (_lock) _marked.Remove(device.Value);
    }

    private string Oldest()
    {
        string oldest = "";
        long least = long.MaxValue;
        foreach ((string device, long at) in _marked)
        {
            if (at <= least) (oldest, least) = (device, at);
        }

        return oldest;
    }
}
