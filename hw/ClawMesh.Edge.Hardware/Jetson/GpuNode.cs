using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Host;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Jetson;

/// <summary>
/// The integrated GPU's frequency node. Its driver is a module that may come up after this process, and may be loaded anew: what is
/// not there is looked for again at each sample, and never taken for an idle GPU. Several sensors may share one.
/// </summary>
internal sealed class GpuNode(string root)
{
    // Thor's node has a name of its own; it has no of_node, for its GPU is a PCI device.
    private const string ThorName = "gpu-gpc-0";

    private volatile Files? _files;

    /// <summary>Where the node is now; null when there is none.</summary>
    internal string? Directory => (_files ??= Find(root))?.Directory;

    /// <summary>Percent; NaN while there is no GPU node or its power is off.</summary>
    /// <exception cref="EdgeException"><c>host.read_failed</c>.</exception>
    internal double Use(SensorId sensor)
    {
        if ((_files ??= Find(root)) is not { Load: { } file } files) return Lost();
        double load = Read(sensor, file);

        // Tenths of a percent; Thor's driver has been seen to give whole percents.
        return files.MayBePercents && load <= 100 ? load : load / 10;
    }

    /// <summary>MHz; NaN while there is no GPU node or its power is off.</summary>
    /// <exception cref="EdgeException"><c>host.read_failed</c>.</exception>
    internal double Megahertz(SensorId sensor) => (_files ??= Find(root)) is { } files ? Read(sensor, files.Clock) / 1e6 : double.NaN;

    private double Read(SensorId sensor, string file)
    {
        try
        {
            return KernelFile.ReadNumberOrOff(sensor, file);
        }
        catch (EdgeException gone) when (gone.FailureClass == FailureClass.DeviceAbsent)
        {
            return Lost();
        }
    }

    private double Lost()
    {
        _files = null;
        return double.NaN;
    }

    private static Files? Find(string root)
    {
        string devfreq = Path.Combine(root, "sys/class/devfreq");
        foreach (string node in KernelFile.Names(devfreq))
        {
            string directory = Path.Combine(devfreq, node);
            string name = DeviceTree.Text(Path.Combine(directory, "device/of_node/name")) ?? node[(node.IndexOf('.', StringComparison.Ordinal) + 1)..];
            if (name is not ("gv11b" or "gp10b" or "ga10b" or "gb10b") && !name.Contains("gpu", StringComparison.Ordinal)) continue;

            // The second is Thor's; the others are those of kernels whose node has no link to its device.
            string? load = Existing(
                Path.Combine(directory, "device/load"), Path.Combine(directory, "load"), Path.Combine(root, "sys/devices/gpu.0/load"), Path.Combine(root, "sys/devices/platform/gpu.0/load"));
            return new Files(directory, Path.Combine(directory, "cur_freq"), load, node == ThorName);
        }

        return null;
    }

    private static string? Existing(params ReadOnlySpan<string> files)
    {
        foreach (string file in files)
        {
            if (File.Exists(file)) return file;
        }

        return null;
    }

    private sealed class Files(string directory, string clock, string? load, bool mayBePercents)
    {
        public string Directory => directory;

        public string Clock => clock;

        public string? Load => load;

        public bool MayBePercents => mayBePercents;
    }
}
