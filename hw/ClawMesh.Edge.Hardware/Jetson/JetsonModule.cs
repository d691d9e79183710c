using ClawMesh.Edge.Hardware.Host;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Jetson;

/// <summary>The compute module by its part number.</summary>
public sealed class JetsonModule(string partNumber, string? name, string? carrier)
{
    /// <summary>For example <c>p3767-0005</c>.</summary>
    public string PartNumber => partNumber;

    /// <summary>Null when this build does not know the number.</summary>
    public string? Name => name;

    /// <summary>The board it sits on, e.g. <c>p3768-0000</c>; null when nothing tells.</summary>
    public string? Carrier => carrier;

    // Board and variant of NVIDIA's part numbers. p3509 is not among them: it is the carrier of three modules.
    private const string Table =
        "3834-0008=Jetson AGX Thor developer kit;3767-0005=Jetson Orin Nano developer kit;3767-0004=Jetson Orin Nano 4 GB;" +
        "3767-0003=Jetson Orin Nano 8 GB;3767-0001=Jetson Orin NX 8 GB;3767-0000=Jetson Orin NX 16 GB;" +
        "3701-0005=Jetson AGX Orin 64 GB;3701-0004=Jetson AGX Orin 32 GB;3701-0002=IGX Orin developer kit;" +
        "3701-0000=Jetson AGX Orin;3668-0003=Jetson Xavier NX 16 GB;3668-0001=Jetson Xavier NX;" +
        "3668-0000=Jetson Xavier NX developer kit;2888-0008=Jetson AGX Xavier Industrial 32 GB;" +
        "2888-0006=Jetson AGX Xavier 8 GB;2888-0005=Jetson AGX Xavier 64 GB;2888-0004=Jetson AGX Xavier 32 GB;" +
        "2888-0003=Jetson AGX Xavier 32 GB;2888-0001=Jetson AGX Xavier 16 GB;3448-0003=Jetson Nano 2 GB;" +
        "3448-0002=Jetson Nano 4 GB with eMMC;3448-0000=Jetson Nano 4 GB;3636-0001=Jetson TX2 NX;3489-0888=Jetson TX2 4 GB;" +
        "3489-0000=Jetson TX2i;3310-1000=Jetson TX2;2180-1000=Jetson TX1;3904-0000=Clara AGX;";

    /// <summary>
    /// Asked in this order: the device tree's <c>compatible</c>, the ids of the boards plugged together, the board specification of the
    /// boot configuration. No serial number is read.
    /// </summary>
    /// <returns>Null when none of them names a module.</returns>
    internal static JetsonModule? Find(string root, IReadOnlyList<string> compatibles)
    {
        foreach (string entry in compatibles)
        {
            // nvidia,p3768-0000+p3767-0005-super
            if (!entry.StartsWith("nvidia,p", StringComparison.Ordinal) || entry.IndexOf("+p", StringComparison.Ordinal) is not (> 0 and int plus)) continue;
            if (PartOf(entry.AsSpan(plus + 2)) is { } part) return Known(part, PartOf(entry.AsSpan("nvidia,p".Length)));
        }

        IReadOnlyList<string> ids = DeviceTree.BoardIds(root);
        foreach (string id in ids)
        {
            if (PartOf(id) is not { } part || NameOf(part) is null) continue;
            string? carrier = null;
            foreach (string other in ids) carrier ??= PartOf(other) is { } found && NameOf(found) is null ? found : null;
            return Known(part, carrier);
        }

        // TNSPEC 3767-300-0005-M.1-1-1-jetson-orin-nano-devkit-: board, fab, variant.
        foreach (string line in (KernelFile.TryReadText(Path.Combine(root, "etc/nv_boot_control.conf")) ?? "").Split('\n'))
        {
            string[] fields = line.StartsWith("TNSPEC ", StringComparison.Ordinal) ? line["TNSPEC ".Length..].Split('-') : [];
            if (fields.Length > 2 && PartOf($"{fields[0]}-{fields[2]}") is { } part) return Known(part, null);
        }

        return null;
    }

    private static JetsonModule Known(string part, string? carrier) => new("p" + part, NameOf(part), carrier is null ? null : "p" + carrier);

    // Four digits, a hyphen, four digits; whatever follows is the revision.
    private static string? PartOf(ReadOnlySpan<char> text) =>
        text.Length >= 9 && text[4] == '-' && !text[..4].ContainsAnyExceptInRange('0', '9') && !text[5..9].ContainsAnyExceptInRange('0', '9') ? text[..9].ToString() : null;

    private static string? NameOf(string part)
    {
        int at = Table.IndexOf(part + "=", StringComparison.Ordinal);
        return at < 0 ? null : Table[(at + part.Length + 1)..Table.IndexOf(';', at)];
    }
}
