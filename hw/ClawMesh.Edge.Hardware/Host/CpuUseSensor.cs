using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Host;

/// <summary>
/// The share of processor time, all cores together, that was not idle since the sample before. Made with a first sample, so the
/// first reading covers the time since discovery.
/// </summary>
internal sealed class CpuUseSensor : HostSensor
{
    private readonly string _path;
    private double _busy;
    private double _total;
    private double _lastPercent;

    /// <exception cref="Core.Errors.EdgeException">The file cannot be read.</exception>
    internal CpuUseSensor(SensorInfo info, string path, TimeProvider time)
        : base(info, time)
    {
        _path = path;
        (_busy, _total) = Ticks();
    }

    protected override double Sample()
    {
        (double busy, double total) = Ticks();
        double busyTicks = busy - _busy;
        double totalTicks = total - _total;

        // Within one tick (10 ms) nothing has been counted; the figure before stands. iowait may run backwards (proc(5)).
        if (totalTicks > 0) _lastPercent = Math.Clamp(100.0 * busyTicks / totalTicks, 0, 100);
        (_busy, _total) = (busy, total);
        return _lastPercent;
    }

    // cpu user nice system idle iowait irq softirq steal guest guest_nice, in ticks; guest time is part of user already.
    private (double Busy, double Total) Ticks()
    {
        ReadOnlySpan<byte> text = KernelFile.Read(Info.Id, _path, stackalloc byte[256]);
        if (!text.StartsWith("cpu "u8)) throw KernelFile.Failed(Info.Id, _path, "The first line does not begin with 'cpu '.");
        text = text[4..];
        double idle = 0;
        double total = 0;
        int field = 0;
        for (; field < 8 && KernelFile.TryTakeNumber(text, out double ticks, out int consumed); field++)
        {
            total += ticks;
            if (field is 3 or 4) idle += ticks;
            text = text[consumed..];
        }

        return field >= 4 ? (total - idle, total) : throw KernelFile.Failed(Info.Id, _path, "The first line has fewer than four numbers.");
    }
}
