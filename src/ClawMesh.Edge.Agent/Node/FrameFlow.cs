using System.Collections.Concurrent;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// Decides which readings become frames: at most one per sensor and report interval, and at once when the status changes.
/// Every frame goes to the peers, into the picture and to the store.
/// </summary>
/// <param name="send">Gives a frame to the mesh, which keeps it and sends it.</param>
internal sealed class FrameFlow(FrameFactory factory, Action<ContextFrame, MessageClass> send, IFrameStore store, TimeProvider time, TimeSpan reportInterval)
{
    private static readonly TimeSpan AlarmPause = TimeSpan.FromSeconds(5);

    // Both bounded by the number of sensors of the site.
    private readonly ConcurrentDictionary<SensorId, (long Timestamp, string Status)> _lastTold = [];
    private readonly ConcurrentDictionary<SensorId, long> _lastAlarm = [];
    private long _told;

    public long Told => Interlocked.Read(ref _told);

    public void Offer(Reading reading, SensorInfo info)
    {
        string status = double.IsFinite(reading.Value) ? FrameFactory.Status(reading.Value, info) : "none";
        bool known = _lastTold.TryGetValue(reading.Sensor, out (long Timestamp, string Status) last);
        if (known && last.Status == status && time.GetElapsedTime(last.Timestamp) < reportInterval) return;

        _lastTold[reading.Sensor] = (time.GetTimestamp(), status);
        // A change of status is an alarm or the end of one, and goes before ordinary readings, once ([X-74]): a value that flutters
        // around its limit is told as often as any other.
        bool alarm = known && last.Status != status && (!_lastAlarm.TryGetValue(reading.Sensor, out long at) || time.GetElapsedTime(at) >= AlarmPause);
        if (alarm) _lastAlarm[reading.Sensor] = time.GetTimestamp();
        Tell(factory.Observation(reading, info), alarm ? MessageClass.Safety : MessageClass.Bulk);
    }

    public void Tell(ContextFrame frame, MessageClass messageClass)
    {
        Interlocked.Increment(ref _told);
        store.Append(frame);
        send(frame, messageClass);
    }
}
