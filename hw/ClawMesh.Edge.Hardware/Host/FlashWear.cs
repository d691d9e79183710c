using System.Globalization;
using ClawMesh.Edge.Core.Readings;

namespace ClawMesh.Edge.Hardware.Host;

/// <summary>
/// How worn an eMMC says it is: <c>life_time</c> in steps of ten percent for its two kinds of cells, and the reserve of its blocks in
/// <c>pre_eol_info</c> (JEDEC JESD84-B51, EXT_CSD 267 to 269).
/// </summary>
public sealed class FlashWear(string name, string directory)
{
    /// <summary>For example <c>mmcblk0</c>.</summary>
    public string Name => name;

    public string Directory => directory;

    private const int MaxDevices = 4;

    /// <summary>The largest of the figures in the file, times ten; 110 when the rated life is over. Null when it tells nothing.</summary>
    public double? UsedPercent => Used(KernelFile.TryReadText(LifeFile));

    /// <summary>1 normal, 2 most of the spare blocks are used, 3 nearly all are. Null when it tells nothing.</summary>
    public int? Reserve => KernelFile.TryReadText(Path.Combine(Directory, "pre_eol_info")) is { } text && Hex(text) is > 0 and int level ? level : null;

    private string LifeFile => Path.Combine(Directory, "life_time");

    /// <summary>SD cards have no such figures and are not listed.</summary>
    public static IReadOnlyList<FlashWear> Find(string root)
    {
        var found = new List<FlashWear>();
        string block = Path.Combine(root, "sys/block");
        foreach (string name in KernelFile.Names(block))
        {
            string device = Path.Combine(block, name, "device");
            if (name.StartsWith("mmcblk", StringComparison.Ordinal) && File.Exists(Path.Combine(device, "life_time")) && found.Count < MaxDevices) found.Add(new FlashWear(name, device));
        }

        return found;
    }

    internal double Sample(SensorId sensor) =>
        Used(System.Text.Encoding.ASCII.GetString(KernelFile.Read(sensor, LifeFile, stackalloc byte[64]))) ?? double.NaN;

    // "0x01 0x02"; 0x00 means that the device does not say.
    private static double? Used(string? text)
    {
        int worst = 0;
        foreach (string word in (text ?? "").Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries)) worst = Math.Max(worst, Hex(word));
        return worst > 0 ? worst * 10 : null;
    }

    private static int Hex(string word) =>
        word.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && int.TryParse(word.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int number) ? number : 0;
}
