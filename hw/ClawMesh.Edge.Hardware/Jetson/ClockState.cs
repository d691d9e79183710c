using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Hardware.Jetson;

/// <summary>One clock now, MHz.</summary>
public sealed class ClockNow(string name, double? now, double? min, double? max, string? governor)
{
    /// <summary>For example <c>policy0</c>, <c>gpu</c>, <c>emc</c>.</summary>
    public string Name => name;

    /// <summary>Null when the clock is off or says something that is not a number.</summary>
    public double? Now => now;

    public double? Min => min;

    public double? Max => max;

    public string? Governor => governor;

    /// <summary>Nothing may change it: the smallest and the largest permitted rate are one.</summary>
    public bool IsPinned => Min is { } min && min == Max;
}

/// <summary>The clocks of processors, GPU and memory, as the kernel tells them.</summary>
public sealed class ClockState(IReadOnlyList<ClockNow> processors, ClockNow? gpu, double? gpuPercent, ClockNow? memory)
{
    /// <summary>One per frequency policy, that is per cluster whose cores share a clock.</summary>
    public IReadOnlyList<ClockNow> Processors => processors;

    /// <summary>Null while there is no node.</summary>
    public ClockNow? Gpu => gpu;

    /// <summary>Null while unknown.</summary>
    public double? GpuPercent => gpuPercent;

    /// <summary>Null where this user may not read it.</summary>
    public ClockNow? Memory => memory;

    internal const string Policies = "sys/devices/system/cpu/cpufreq";

    /// <summary><c>jetson_clocks</c> is in force: every clock that can be read stands at one rate. Null when there are too few to tell.</summary>
    public bool? Pinned
    {
        get
        {
            if (Processors.Count == 0 || Gpu is null) return null;
            foreach (ClockNow clock in Processors)
            {
                if (!clock.IsPinned) return false;
            }

            return Gpu.IsPinned && (Memory?.Now is not { } now || Memory.Max is not { } max || now >= max);
        }
    }

    /// <summary>Never throws; what cannot be read is absent.</summary>
    public static ClockState Read(string root)
    {
        var processors = new List<ClockNow>();
        string directory = Path.Combine(root, Policies);
        foreach (string policy in KernelFile.Names(directory))
        {
            if (policy.StartsWith("policy", StringComparison.Ordinal)) processors.Add(Clock(policy, Path.Combine(directory, policy), "scaling_cur_freq", "scaling_min_freq", "scaling_max_freq", "scaling_governor", 1e3));
        }

        var node = new GpuNode(root);
        ClockNow? gpu = node.Directory is { } gpuDirectory ? Clock("gpu", gpuDirectory, "cur_freq", "min_freq", "max_freq", "governor", 1e6) : null;
        double? use = null;
        try
        {
            double percent = node.Use(new SensorId("sensor:host:gpu-use"));
            use = double.IsNaN(percent) ? null : percent;
        }
        catch (Core.Errors.EdgeException)
        {
            // The node answers with something else than a number; that is said by its sensor.
        }

        ClockNow? memory = EmcNode.Find(root) is { } emc
            ? new ClockNow("emc", KernelFile.TryReadNumber(emc.RateFile) / 1e6, null, emc.MaxFile is null ? null : KernelFile.TryReadNumber(emc.MaxFile) / 1e6, null)
            : null;
        return new ClockState(processors, gpu, use, memory);
    }

    private static ClockNow Clock(string name, string directory, string now, string min, string max, string governor, double unitsPerMegahertz) => new(
        name,
        KernelFile.TryReadNumber(Path.Combine(directory, now)) / unitsPerMegahertz,
        KernelFile.TryReadNumber(Path.Combine(directory, min)) / unitsPerMegahertz,
        KernelFile.TryReadNumber(Path.Combine(directory, max)) / unitsPerMegahertz,
        KernelFile.TryReadText(Path.Combine(directory, governor)));
}
