using System.Collections.Concurrent;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Storage;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// Decides which readings become frames: at most one per sensor and report interval, and at once when the status changes.
/// Every frame goes to the picture and to the store; peers come with the mesh.
/// </summary>
internal sealed class FrameFlow(FrameFactory factory, WorldPicture world, IFrameStore store, TimeProvider time, TimeSpan reportInterval)
{
    // Bounded by the number of sensors of the site.
    private readonly ConcurrentDictionary<SensorId, (long Timestamp, string Status)> _lastTold = [];
    private long _told;

    public long Told => Interlocked.Read(ref _told);

    public void Offer(Reading reading, SensorInfo info)
    {
        string status = double.IsFinite(reading.Value) ? FrameFactory.Status(reading.Value, info) : "none";
        if (_lastTold.TryGetValue(reading.Sensor, out (long Timestamp, string Status) last)
            && last.Status == status && time.GetElapsedTime(last.Timestamp) < reportInterval)
        {
            return;
        }

        _lastTold[reading.Sensor] = (time.GetTimestamp(), status);
        Tell(factory.Observation(reading, info));
    }

    public void Tell(ContextFrame frame)
    {
        Interlocked.Increment(ref _told);
        world.Ingest(frame);
        store.Append(frame);
    }
}
