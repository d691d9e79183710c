using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Jetson;

namespace ClawMesh.Edge.Hardware.Host;

/// <summary>The sensors every Linux machine brings: load, memory, disks, network, temperatures, supply rails, and what a Jetson adds.</summary>
public static class HostSensors
{
    public const string Zone = "host";

    /// <summary>More than a large server has cores to measure is noise in a mesh; what is found later is left out.</summary>
    public const int MaxSensors = 64;

    /// <summary>Pause between samples.</summary>
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan SlowInterval = TimeSpan.FromSeconds(15);

    /// <summary>For what changes over months.</summary>
    private static readonly TimeSpan SettingsInterval = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Lists the host sensors that exist and answer now, the generally useful ones first. Never throws; what is missing is not
    /// listed. Rates and shares (CPU use, bytes per second) start counting here.
    /// </summary>
    /// <param name="root">Where the file system begins; tests give a fixture tree.</param>
    /// <param name="diskPaths">Paths whose file systems are watched, e.g. the state directory; not under <paramref name="root"/>.</param>
    public static IReadOnlyList<ISensor> Discover(string root, TimeProvider time, IReadOnlyList<string> diskPaths)
    {
        var list = new HostSensorList(DefaultInterval);
        AddKernel(list, root, time);
        foreach (string path in diskPaths)
        {
            list.Add($"disk-free:{DiskName(path)}", HostQuantities.DiskFree, "disk", 0, 100, info => new DiskFreeSensor(info, path, time), low: 10, critical: 3);
        }

        var jetson = new JetsonSensors(list, root, time);
        jetson.AddMain();
        HwmonDiscovery.AddThermalZones(list, root, time);
        AddSwapAndWear(list, root, time);
        AddNetwork(list, root, time);
        HwmonDiscovery.AddHwmon(list, root, time, jetson.Claimed);
        jetson.AddRailDetails();
        return list.Sensors;
    }

    private static void AddKernel(HostSensorList list, string root, TimeProvider time)
    {
        string meminfo = Path.Combine(root, "proc/meminfo");
        list.Add("mem-available", HostQuantities.MemoryAvailable, "procfs", 0, 100, info => new MemorySensor(info, meminfo, MemoryFigure.Percent, time), low: 10, critical: 3);
        list.Add("mem-available-bytes", HostQuantities.MemoryAvailableBytes, "procfs", 0, 1e15, info => new MemorySensor(info, meminfo, MemoryFigure.Bytes, time));
        list.Add("cpu-use", HostQuantities.CpuUse, "procfs", 0, 100, info => new CpuUseSensor(info, Path.Combine(root, "proc/stat"), time));
        AddNumber(list, "load-1m", HostQuantities.Load, Path.Combine(root, "proc/loadavg"), ""u8, 1e6, time);
        AddNumber(list, "uptime", HostQuantities.Uptime, Path.Combine(root, "proc/uptime"), ""u8, 1e10, time);

        // "some" stands first in each file (Documentation/accounting/psi.rst).
        AddNumber(list, "cpu-pressure", HostQuantities.CpuPressure, Path.Combine(root, "proc/pressure/cpu"), "some avg10="u8, 100, time);
        AddNumber(list, "mem-pressure", HostQuantities.MemoryPressure, Path.Combine(root, "proc/pressure/memory"), "some avg10="u8, 100, time);
        AddNumber(list, "io-pressure", HostQuantities.IoPressure, Path.Combine(root, "proc/pressure/io"), "some avg10="u8, 100, time);
    }

    private static void AddSwapAndWear(HostSensorList list, string root, TimeProvider time)
    {
        string meminfo = Path.Combine(root, "proc/meminfo");
        list.Add("swap-use", HostQuantities.SwapUse, "procfs", 0, 100, info => new MemorySensor(info, meminfo, MemoryFigure.SwapUsed, time), every: SlowInterval, off: WhenOff.LeaveOut);

        string block = Path.Combine(root, "sys/block");
        var stats = new List<string>();
        foreach (string name in KernelFile.Names(block))
        {
            // The module makes a device that nobody has given a size.
            string device = Path.Combine(block, name);
            if (name.StartsWith("zram", StringComparison.Ordinal) && KernelFile.TryReadNumber(Path.Combine(device, "disksize")) > 0) stats.Add(Path.Combine(device, "mm_stat"));
        }

        if (stats.Count > 0) list.Add("zram", HostQuantities.CompressedSwap, "sysfs", 0, 1e15, info => new ComputedSensor(info, id => ZramBytes(id, stats), time), every: SlowInterval);

        foreach (FlashWear flash in FlashWear.Find(root))
        {
            list.Add($"flash-wear:{flash.Name}", HostQuantities.FlashWear, "sysfs", 0, 110, info => new ComputedSensor(info, flash.Sample, time), every: SettingsInterval, off: WhenOff.LeaveOut);
        }
    }

    // orig_data_size compr_data_size mem_used_total …, in bytes (Documentation/admin-guide/blockdev/zram.rst).
    private static double ZramBytes(SensorId sensor, List<string> files)
    {
        double total = 0;
        Span<byte> buffer = stackalloc byte[128];
        foreach (string file in files)
        {
            ReadOnlySpan<byte> text = KernelFile.Read(sensor, file, buffer);
            double number = 0;
            for (int field = 0; field < 3; field++)
            {
                if (!KernelFile.TryTakeNumber(text, out number, out int consumed)) throw KernelFile.Failed(sensor, file, "It has fewer than three numbers.");
                text = text[consumed..];
            }

            total += number;
        }

        return total;
    }

    private static void AddNumber(HostSensorList list, string name, Quantity quantity, string path, ReadOnlySpan<byte> label, double max, TimeProvider time)
    {
        byte[] kept = label.ToArray();
        list.Add(name, quantity, "procfs", 0, max, info => new FirstNumberSensor(info, path, kept, time));
    }

    private static void AddNetwork(HostSensorList list, string root, TimeProvider time)
    {
        string directory = Path.Combine(root, "sys/class/net");
        foreach (string name in KernelFile.Names(directory))
        {
            // Only interfaces with a device behind them; lo, bridges, tunnels and container ends have none.
            string device = Path.Combine(directory, name);
            if (!Directory.Exists(Path.Combine(device, "device"))) continue;
            string slug = HostSensorList.Slug(name);
            list.Add($"net-rx:{slug}", HostQuantities.ReceiveRate, "sysfs", 0, 1e12, info => new CounterRateSensor(info, Path.Combine(device, "statistics/rx_bytes"), time));
            list.Add($"net-tx:{slug}", HostQuantities.TransmitRate, "sysfs", 0, 1e12, info => new CounterRateSensor(info, Path.Combine(device, "statistics/tx_bytes"), time));
        }
    }

    private static string DiskName(string path) => path.Trim('/').Length == 0 ? "root" : HostSensorList.Slug(path.Trim('/'));
}
