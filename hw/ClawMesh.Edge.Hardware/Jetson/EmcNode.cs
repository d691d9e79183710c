using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Hardware.Jetson;

/// <summary>
/// The external memory controller. Up to Orin its clock lies in debugfs, which only root may read; for anyone else there is none.
/// </summary>
internal sealed class EmcNode
{
    private EmcNode(string rateFile, string? maxFile, string? activityFile) => (RateFile, MaxFile, ActivityFile) = (rateFile, maxFile, activityFile);

    /// <summary>Hz.</summary>
    internal string RateFile { get; }

    internal string? MaxFile { get; }

    /// <summary>
    /// kHz of the memory clock that were used, averaged by the kernel's activity monitor. What the boot processor's firmware offers
    /// under bpmp/debug/actmon has no published unit and is not taken.
    /// </summary>
    internal string? ActivityFile { get; }

    internal static EmcNode? Find(string root)
    {
        string? rate = Readable(root, "sys/class/devfreq/bwmgr/cur_freq", "sys/kernel/debug/bpmp/debug/clk/emc/rate", "sys/kernel/debug/clk/override.emc/clk_rate");
        return rate is null
            ? null
            : new EmcNode(
                rate,
                Readable(root, "sys/class/devfreq/bwmgr/max_freq", "sys/kernel/debug/bpmp/debug/clk/emc/max_rate", "sys/kernel/debug/tegra_bwmgr/emc_max_rate"),
                Readable(root, "sys/kernel/debug/cactmon/mc_all", "sys/kernel/actmon_avg_activity/mc_all"));
    }

    /// <summary>Percent; NaN while the clock stands, for a share of nothing is no number.</summary>
    /// <exception cref="Core.Errors.EdgeException"><c>host.read_failed</c>, <c>host.sensor_gone</c>.</exception>
    internal static double Use(SensorId sensor, string activityFile, string rateFile)
    {
        double hertz = KernelFile.ReadNumberOrOff(sensor, rateFile);
        return hertz > 0 ? 100.0 * KernelFile.ReadNumberOrOff(sensor, activityFile) * 1000 / hertz : double.NaN;
    }

    private static string? Readable(string root, params ReadOnlySpan<string> files)
    {
        foreach (string file in files)
        {
            string path = Path.Combine(root, file);
            if (KernelFile.TryReadNumber(path) is not null) return path;
        }

        return null;
    }
}
