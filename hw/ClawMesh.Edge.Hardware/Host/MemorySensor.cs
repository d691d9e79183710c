using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Host;

internal enum MemoryFigure
{
    Percent,
    Bytes,
}

/// <summary>Memory a new program could get without swapping: <c>MemAvailable</c> of <c>/proc/meminfo</c>.</summary>
internal sealed class MemorySensor(SensorInfo info, string path, MemoryFigure figure, TimeProvider time) : HostSensor(info, time)
{
    protected override double Sample()
    {
        // The two lines are the first and the third; the file goes on for another 1.5 KB.
        ReadOnlySpan<byte> text = KernelFile.Read(Info.Id, path, stackalloc byte[512]);
        double availableKibibytes = KernelFile.NumberAfter(Info.Id, path, text, "MemAvailable:"u8);
        if (figure == MemoryFigure.Bytes) return availableKibibytes * 1024;

        double totalKibibytes = KernelFile.NumberAfter(Info.Id, path, text, "MemTotal:"u8);
        return totalKibibytes > 0 ? 100.0 * availableKibibytes / totalKibibytes : throw KernelFile.Failed(Info.Id, path, "MemTotal is 0.");
    }
}
