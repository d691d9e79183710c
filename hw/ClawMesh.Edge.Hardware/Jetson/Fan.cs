using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Hardware.Jetson;

/// <summary>
/// One fan: the output that drives it and the tachometer that sees it turn. On most boards they are two hwmon devices of different
/// drivers, and neither knows of the other.
/// </summary>
public sealed class Fan(string name, string? dutyFile, string? speedFile)
{
    /// <summary>Unique among the fans, in the form of an id, e.g. <c>pwmfan</c>.</summary>
    public string Name => name;

    /// <summary>0 to 255; null where only the tachometer is known.</summary>
    public string? DutyFile => dutyFile;

    /// <summary>RPM; null for a fan without a tachometer wire.</summary>
    public string? SpeedFile => speedFile;

    private const int MaxFans = 8;

    /// <summary>Percent of the full duty.</summary>
    public double? DutyPercent => DutyFile is null ? null : KernelFile.TryReadNumber(DutyFile) * 100.0 / 255;

    public double? Rpm => SpeedFile is null ? null : KernelFile.TryReadNumber(SpeedFile);

    /// <summary>The driver has its output switched off (<c>pwmN_enable</c> is 0), whatever duty is asked for.</summary>
    public bool IsSwitchedOff => DutyFile is not null && KernelFile.TryReadNumber(DutyFile + "_enable") == 0;

    /// <summary>Fans of the kinds a Jetson has; those of a PC's monitor chip are ordinary hwmon channels.</summary>
    /// <param name="claimed">Gets the hwmon directories that belong to these fans.</param>
    internal static IReadOnlyList<Fan> Find(string root, ICollection<string> claimed)
    {
        var drives = new List<Node>();
        var tachometers = new List<Node>();
        string hwmon = Path.Combine(root, "sys/class/hwmon");
        foreach (string device in KernelFile.Names(hwmon))
        {
            string directory = Path.Combine(hwmon, device);
            string chip = HostSensorList.Slug(KernelFile.TryReadText(Path.Combine(directory, "name")) ?? device);
            string? speed = Existing(directory, "rpm", "rpm_measured");
            bool drivesFan = chip is "pwmfan" or "pwm-fan";
            if (!drivesFan && speed is null) continue;

            claimed.Add(directory);
            if ((speed ?? Existing(directory, "fan1_input")) is { } turns) tachometers.Add(new Node(chip, directory, turns));
            for (int n = 1; drivesFan && n <= MaxFans; n++)
            {
                if (Existing(directory, FormattableString.Invariant($"pwm{n}")) is { } duty) drives.Add(new Node(chip, directory, duty));
            }
        }

        if (drives.Count == 0) AddLegacy(root, drives, tachometers);
        return Pair(drives, tachometers);
    }

    public static IReadOnlyList<Fan> Find(string root) => Find(root, []);

    // Up to L4T R32 the driver had a directory of its own.
    private static void AddLegacy(string root, List<Node> drives, List<Node> tachometers)
    {
        string directory = Path.Combine(root, "sys/devices/pwm-fan");
        if ((Existing(directory, "target_pwm") ?? Existing(Path.Combine(root, "sys/kernel/debug/tegra_fan"), "target_pwm")) is not { } duty) return;
        drives.Add(new Node("pwm-fan", directory, duty));
        if (Existing(directory, "rpm_measured") is { } speed) tachometers.Add(new Node("pwm-fan", directory, speed));
    }

    // The device tree says which tachometer belongs to which fan, where it says so at all; one of each belong together.
    private static List<Fan> Pair(List<Node> drives, List<Node> tachometers)
    {
        var fans = new List<Fan>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        bool single = drives.Count == 1 && tachometers.Count == 1;
        foreach (Node drive in drives)
        {
            Node? match = single ? tachometers[0] : tachometers.Find(t => t.Directory == drive.Directory) ?? SameLink(drive, tachometers, "of_node") ?? SameLink(drive, tachometers, "device");
            if (match is not null) tachometers.Remove(match);
            Add(drive.Chip, drive.File, match?.File);
        }

        foreach (Node alone in tachometers) Add(alone.Chip, null, alone.File);
        return fans;

        void Add(string chip, string? duty, string? speed)
        {
            string name = chip;
            for (int n = 2; !names.Add(name); n++) name = FormattableString.Invariant($"{chip}-{n}");
            if (fans.Count < MaxFans) fans.Add(new Fan(name, duty, speed));
        }
    }

    private static Node? SameLink(Node drive, List<Node> tachometers, string link) =>
        Target(drive.Directory, link) is { } target ? tachometers.Find(t => Target(t.Directory, link) == target) : null;

    // The entry in /sys/class is a link itself, and the links behind it are relative to where it leads.
    private static string? Target(string directory, string link)
    {
        try
        {
            string real = Directory.ResolveLinkTarget(directory, returnFinalTarget: true)?.FullName ?? directory;
            return Directory.ResolveLinkTarget(Path.Combine(real, link), returnFinalTarget: true)?.FullName;
        }
        catch (IOException)
        {
            // No such link: this pair cannot be told by it.
            return null;
        }
    }

    private static string? Existing(string directory, params ReadOnlySpan<string> files)
    {
        foreach (string file in files)
        {
            string path = Path.Combine(directory, file);
            if (File.Exists(path)) return path;
        }

        return null;
    }

    private sealed class Node(string chip, string directory, string file)
    {
        public string Chip => chip;

        public string Directory => directory;

        public string File => file;
    }
}
