using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Hardware.Jetson;

/// <summary>One thing the kernel can hold back against heat (Documentation/driver-api/thermal/sysfs-api.rst).</summary>
public sealed class Throttle(string type, string stateFile)
{
    /// <summary>For example <c>cpufreq-cpu0</c>, <c>gpu-throttle-alert</c>.</summary>
    public string Type => type;

    public string StateFile => stateFile;

    private const int MaxDevices = 64;

    /// <summary>0 is not held back; null when the device does not answer.</summary>
    public long? State => KernelFile.TryReadNumber(StateFile);

    public long? Most => KernelFile.TryReadNumber(StateFile[..^"cur_state".Length] + "max_state");

    /// <summary>Processor, GPU or an engine runs slower while the state is not 0.</summary>
    public bool Slows => SlowsDown(Type);

    /// <summary>Everything that slows the machine, at rest or not, and the alert of a hot enclosure. A fan that runs is no throttling.</summary>
    public static IReadOnlyList<Throttle> Find(string root)
    {
        var found = new List<Throttle>();
        string directory = Path.Combine(root, "sys/class/thermal");
        foreach (string device in KernelFile.Names(directory))
        {
            if (!device.StartsWith("cooling_device", StringComparison.Ordinal) || found.Count >= MaxDevices) continue;
            if (KernelFile.TryReadText(Path.Combine(directory, device, "type")) is { } type && (SlowsDown(type) || IsSurfaceAlert(type)))
                found.Add(new Throttle(type, Path.Combine(directory, device, "cur_state")));
        }

        return found;
    }

    /// <summary>
    /// Whether a cooling device slows anything when it acts. <c>hot-surface-alert</c> only says that the enclosure is hot to the touch; on
    /// Orin it hangs on a passive trip of its own at 70 °C.
    /// </summary>
    public static bool SlowsDown(string type) =>
        !IsSurfaceAlert(type) && !Has(type, "fan")
        && (type == "Processor" || Has(type, "cpu") || Has(type, "gpu") || Has(type, "freq") || Has(type, "throttle") || Has(type, "balanced") || Has(type, "heavy"));

    private static bool IsSurfaceAlert(string type) => Has(type, "surface");

    private static bool Has(string type, string word) => type.Contains(word, StringComparison.OrdinalIgnoreCase);
}
