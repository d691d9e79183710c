using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Host;

/// <summary>
/// How fast a counter file rises, per second of the monotonic clock. Made with a first sample, so the first reading covers the
/// time since discovery.
/// </summary>
internal sealed class CounterRateSensor : HostSensor
{
    private readonly string _path;
    private long _count;
    private long _timestamp;
    private double _lastRate;

    /// <exception cref="Core.Errors.EdgeException">The file cannot be read.</exception>
    internal CounterRateSensor(SensorInfo info, string path, TimeProvider time)
        : base(info, time)
    {
        _path = path;
        _count = KernelFile.ReadNumber(info.Id, path);
        _timestamp = time.GetTimestamp();
    }

    protected override double Sample()
    {
        long count = KernelFile.ReadNumber(Info.Id, _path);
        long timestamp = Time.GetTimestamp();
        double seconds = Time.GetElapsedTime(_timestamp, timestamp).TotalSeconds;

        // No time has passed, so there is no rate yet; the figure before stands.
        if (seconds <= 0) return _lastRate;

        // A counter that fell was reset by its driver and has counted from zero since.
        long risen = count >= _count ? count - _count : count;
        (_count, _timestamp, _lastRate) = (count, timestamp, risen / seconds);
        return _lastRate;
    }
}
