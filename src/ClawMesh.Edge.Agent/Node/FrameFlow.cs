using System.Collections.Concurrent;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Core.Time;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Agent.Node;

/// <summary>
/// Decides which readings become frames: at most one per sensor and report interval, and at once when the status changes.
/// Every frame goes to the mesh, which shows it, keeps it and sends it.
/// </summary>
/// <param name="send">Gives a frame to the mesh.</param>
internal sealed class FrameFlow(FrameFactory factory, Action<ContextFrame, MessageClass> send, TimeProvider time, TimeSpan reportInterval)
{
    private static readonly TimeSpan AlarmPause = TimeSpan.FromSeconds(5);

    // All bounded by the number of sensors of the site.
    private readonly ConcurrentDictionary<SensorId, (long Timestamp, string Status)> _lastTold = [];
    private readonly ConcurrentDictionary<SensorId, long> _lastAlarm = [];
    private readonly ConcurrentDictionary<SensorId, TokenBucket> _changes = [];
    private readonly LatencyRing _edgeToFrame = new(1_024);
    private long _told;

    /// <summary>Shortest pause between two frames of one sensor; may change while the node runs.</summary>
    public TimeSpan ReportInterval { get; set; } = reportInterval;

    public long Told => Interlocked.Read(ref _told);

    /// <summary>From the kernel's time of an edge until its frame was told, of the latest ones.</summary>
    public LatencyFigures EdgeToFrame => _edgeToFrame.Snapshot();

    /// <param name="changed">A contact that has changed its state: told at once, as long as it does not flutter.</param>
    public void Offer(Reading reading, SensorInfo info, bool changed = false, long edgeTimestamp = 0)
    {
        string status = double.IsFinite(reading.Value) ? FrameFactory.Status(reading.Value, info) : "none";
        bool known = _lastTold.TryGetValue(reading.Sensor, out (long Timestamp, string Status) last);
        if (known && last.Status == status && time.GetElapsedTime(last.Timestamp) < ReportInterval && !(changed && MayTellChange(reading.Sensor))) return;

        _lastTold[reading.Sensor] = (time.GetTimestamp(), status);
        // A change of status is an alarm or the end of one, and goes before ordinary readings, once ([X-74]): a value that flutters
        // around its limit is told as often as any other.
        bool alarm = known && last.Status != status && (!_lastAlarm.TryGetValue(reading.Sensor, out long at) || time.GetElapsedTime(at) >= AlarmPause);
        if (alarm) _lastAlarm[reading.Sensor] = time.GetTimestamp();
        Tell(factory.Observation(reading, info), alarm ? MessageClass.Safety : MessageClass.Bulk);
        if (changed && edgeTimestamp > 0) _edgeToFrame.Add(time.GetElapsedTime(edgeTimestamp));
    }

    // Twenty changes in a row, then two a second: a contact that chatters must not fill the mesh.
    private bool MayTellChange(SensorId sensor) => _changes.GetOrAdd(sensor, static (_, time) => new TokenBucket(time, 2, 20), time).TryTake();

    public void Tell(ContextFrame frame, MessageClass messageClass)
    {
        Interlocked.Increment(ref _told);
        send(frame, messageClass);
    }
}
