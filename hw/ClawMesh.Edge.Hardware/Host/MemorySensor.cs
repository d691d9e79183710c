using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Host;

internal enum MemoryFigure
{
    Percent,
    Bytes,

    /// <summary>Percent of the swap space, zram included; NaN while there is none.</summary>
    SwapUsed,
}

/// <summary>Memory a new program could get without swapping, or the use of swap: <c>/proc/meminfo</c> (proc(5)).</summary>
internal sealed class MemorySensor(SensorInfo info, string path, MemoryFigure figure, TimeProvider time) : HostSensor(info, time)
{
    protected override double Sample()
    {
        // The lines of memory are the first and the third, those of swap stand within the first KiB; the file goes on for another.
        ReadOnlySpan<byte> text = KernelFile.Read(Info.Id, path, stackalloc byte[1024]);
        if (figure == MemoryFigure.SwapUsed)
        {
            double swap = KernelFile.NumberAfter(Info.Id, path, text, "SwapTotal:"u8);
            return swap > 0 ? 100 - 100.0 * KernelFile.NumberAfter(Info.Id, path, text, "SwapFree:"u8) / swap : double.NaN;
        }

        double availableKibibytes = KernelFile.NumberAfter(Info.Id, path, text, "MemAvailable:"u8);
        if (figure == MemoryFigure.Bytes) return availableKibibytes * 1024;

        double totalKibibytes = KernelFile.NumberAfter(Info.Id, path, text, "MemTotal:"u8);
        return totalKibibytes > 0 ? 100.0 * availableKibibytes / totalKibibytes : throw KernelFile.Failed(Info.Id, path, "MemTotal is 0.");
    }
}
