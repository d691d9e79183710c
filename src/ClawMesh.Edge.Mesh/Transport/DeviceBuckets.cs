using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>A <see cref="TokenBucket"/> for each device, kept across its sessions. At most 256; past that all begin anew. Thread-safe.</summary>
internal sealed class DeviceBuckets(TimeProvider time, double perSecond, double burst)
{
    private const int Max = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, TokenBucket> _buckets = new(StringComparer.Ordinal);

    public bool TryTake(NodeId device)
    {
        lock (_lock)
        {
            if (!_buckets.TryGetValue(device.Value, out TokenBucket? bucket))
            {
                if (_buckets.Count >= Max) _buckets.Clear();
                _buckets[device.Value] = bucket = new TokenBucket(time, perSecond, burst);
            }

            return bucket.TryTake();
        }
    }
}
