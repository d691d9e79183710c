using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Hardware.Jetson;

/// <summary>
/// One supply rail behind an INA3221 current monitor: a hwmon device since Linux 5.10 (Documentation/hwmon/ina3221.rst), an IIO device
/// of NVIDIA's kernel 4.9 before that. Both give mV and mA.
/// </summary>
public sealed class PowerRail(string name, string directory, string voltageFile, string currentFile)
{
    /// <summary>As the board names it, e.g. <c>VDD_IN</c>.</summary>
    public string Name => name;

    /// <summary>The device's directory.</summary>
    public string Directory => directory;

    public string VoltageFile => voltageFile;

    public string CurrentFile => currentFile;

    private const int MaxRails = 16;

    /// <summary>What the current may be before the chip warns; null where the driver has no such file.</summary>
    public required string WarnLimitFile { get; init; }

    public required string CriticalLimitFile { get; init; }

    /// <summary>The chip's own judgement, 0 or 1; null where it must be computed from the limit.</summary>
    public string? WarnAlarmFile { get; init; }

    public string? CriticalAlarmFile { get; init; }

    /// <summary>The rail everything else hangs on; where there is none, the rails together are less than the board takes.</summary>
    public bool IsTotal => Name is "VDD_IN" or "POM_5V_IN";

    /// <summary>Volts; null when the chip does not answer.</summary>
    public double? Volts => Milli(VoltageFile);

    public double? Amperes => Milli(CurrentFile);

    public double? WarnAmperes => Milli(WarnLimitFile);

    public double? CriticalAmperes => Milli(CriticalLimitFile);

    public bool IsOverWarning => Alarm(WarnAlarmFile, WarnAmperes);

    public bool IsOverCritical => Alarm(CriticalAlarmFile, CriticalAmperes);

    /// <summary>The rails of the board in the order of their chips; empty on machines without the monitor.</summary>
    public static IReadOnlyList<PowerRail> Find(string root)
    {
        var rails = new List<PowerRail>();
        string hwmon = Path.Combine(root, "sys/class/hwmon");
        foreach (string device in KernelFile.Names(hwmon))
        {
            string directory = Path.Combine(hwmon, device);
            if (KernelFile.TryReadText(Path.Combine(directory, "name")) == "ina3221") AddHwmon(rails, directory);
        }

        string driver = Path.Combine(root, "sys/bus/i2c/drivers/ina3221x");
        foreach (string chip in KernelFile.Names(driver))
        {
            foreach (string device in KernelFile.Names(Path.Combine(driver, chip)))
            {
                if (device.StartsWith("iio:device", StringComparison.Ordinal)) AddIio(rails, Path.Combine(driver, chip, device));
            }
        }

        return rails.Count > MaxRails ? rails[..MaxRails] : rails;
    }

    // Channels 4 to 7 are the voltages across the shunts and their sum; as rails they would count everything twice.
    private static void AddHwmon(List<PowerRail> rails, string directory)
    {
        for (int n = 1; n <= 3; n++)
        {
            string file = Path.Combine(directory, FormattableString.Invariant($"curr{n}_"));
            string voltage = Path.Combine(directory, FormattableString.Invariant($"in{n}_"));
            string name = KernelFile.TryReadText(voltage + "label") ?? FormattableString.Invariant($"ina3221 {n}");
            if (!File.Exists(file + "input") || KernelFile.TryReadText(voltage + "enable") == "0" || IsUnconnected(name)) continue;
            rails.Add(new PowerRail(name, directory, voltage + "input", file + "input")
            {
                WarnLimitFile = file + "max", CriticalLimitFile = file + "crit", WarnAlarmFile = file + "max_alarm", CriticalAlarmFile = file + "crit_alarm",
            });
        }
    }

    private static void AddIio(List<PowerRail> rails, string directory)
    {
        for (int n = 0; n <= 2; n++)
        {
            if (KernelFile.TryReadText(Path.Combine(directory, FormattableString.Invariant($"rail_name_{n}"))) is not { } name || IsUnconnected(name)) continue;
            rails.Add(new PowerRail(
                name, directory,
                Path.Combine(directory, FormattableString.Invariant($"in_voltage{n}_input")),
                Path.Combine(directory, FormattableString.Invariant($"in_current{n}_input")))
            {
                WarnLimitFile = Path.Combine(directory, FormattableString.Invariant($"warn_current_limit_{n}")),
                CriticalLimitFile = Path.Combine(directory, FormattableString.Invariant($"crit_current_limit_{n}")),
            });
        }
    }

    // "NC" as a word of its own; a rail VDD_SYNC is one.
    private static bool IsUnconnected(string name)
    {
        foreach (string word in name.Split([' ', '_', '-', '('], StringSplitOptions.RemoveEmptyEntries))
        {
            if (word == "NC") return true;
        }

        return false;
    }

    private static double? Milli(string file) => KernelFile.TryReadNumber(file) / 1000.0;

    private bool Alarm(string? file, double? limit) =>
        file is not null && KernelFile.TryReadNumber(file) is { } alarm ? alarm != 0 : limit > 0 && Amperes > limit;
}
