using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Hardware.Jetson;

/// <summary>How often the supply has made the chip slow down since the start, counted by its comparators (hwmon <c>soctherm_oc</c>).</summary>
public sealed class SupplyEvents(string name, string file)
{
    /// <summary>For example <c>oc1</c>.</summary>
    public string Name => name;

    public string File => file;

    private const int MaxComparators = 4;

    /// <summary>Null when it cannot be read.</summary>
    public long? Count => KernelFile.TryReadNumber(File);

    /// <summary>What the comparator watches on Orin and Thor; its name elsewhere.</summary>
    public string Meaning => Name switch
    {
        "oc1" => "supply voltage too low",
        "oc2" => "average current too high",
        "oc3" => "current peak too high",
        _ => Name,
    };

    /// <summary>The counters of this machine; empty where there are none.</summary>
    public static IReadOnlyList<SupplyEvents> Find(string root)
    {
        var found = new List<SupplyEvents>();
        string hwmon = Path.Combine(root, "sys/class/hwmon");
        foreach (string device in KernelFile.Names(hwmon))
        {
            string directory = Path.Combine(hwmon, device);
            if (KernelFile.TryReadText(Path.Combine(directory, "name")) != "soctherm_oc") continue;
            for (int n = 1; n <= MaxComparators; n++)
            {
                string name = FormattableString.Invariant($"oc{n}");
                string file = Path.Combine(directory, name + "_event_cnt");
                if (System.IO.File.Exists(file)) found.Add(new SupplyEvents(name, file));
            }
        }

        return found;
    }
}
