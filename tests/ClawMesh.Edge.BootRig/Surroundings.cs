using System.Globalization;

namespace ClawMesh.Edge.BootRig;

/// <summary>What the figures depend on besides the node: for under a table.</summary>
internal static class Surroundings
{
    /// <summary>How many times slower the host may be than a quiet one: its load for each processor, at least 1.</summary>
    public static double Busy => Math.Max(1, double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture) / Environment.ProcessorCount);

    public static string Describe(RigFolders folders, TimeSpan took)
    {
        string kernel = File.ReadAllText(Path.Combine(folders.Rig, "made")).Split(' ')[0];
        string load = File.ReadAllText("/proc/loadavg").Split(' ')[1];
        return string.Create(CultureInfo.InvariantCulture,
            $"{DateTime.UtcNow:yyyy-MM-dd}, kernel {kernel} in QEMU without KVM, on {Environment.ProcessorCount} processors with a load average of {load}; took {took.TotalSeconds:0} s.");
    }
}
