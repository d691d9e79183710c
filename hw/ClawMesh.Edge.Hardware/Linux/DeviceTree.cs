using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>What the flattened device tree tells about the board (Documentation/devicetree/usage-model.rst). Strings end in NUL.</summary>
internal static class DeviceTree
{
    /// <summary>Where it is, as messages say it.</summary>
    internal const string CompatiblePath = "/proc/device-tree/compatible";

    private const string Base = "proc/device-tree";

    internal static string? Model(string root) => Text(Path.Combine(root, Base, "model"));

    /// <summary>From the most specific to the family of chips; empty where there is no device tree.</summary>
    internal static IReadOnlyList<string> Compatibles(string root) => Strings(Path.Combine(root, Base, "compatible"));

    /// <summary>For example <c>tegra234</c>; null on anything but a Tegra.</summary>
    internal static string? Soc(IReadOnlyList<string> compatibles)
    {
        foreach (string entry in compatibles)
        {
            if (entry.StartsWith("nvidia,tegra", StringComparison.Ordinal)) return entry["nvidia,".Length..];
        }

        return null;
    }

    /// <summary>Ids of the boards that are plugged together, <c>board-sku-revision</c>: file names up to L4T R32, a list after that.</summary>
    internal static IReadOnlyList<string> BoardIds(string root)
    {
        IReadOnlyList<string> names = KernelFile.Names(Path.Combine(root, Base, "chosen/plugin-manager/ids"));
        return names.Count > 0 ? names : Strings(Path.Combine(root, Base, "chosen/ids"));
    }

    /// <summary>A property of one string, e.g. the <c>name</c> of an <c>of_node</c>; null when it is not there.</summary>
    internal static string? Text(string path) => KernelFile.TryReadText(path)?.Split('\0', 2)[0].Trim() is { Length: > 0 } text ? text : null;

    /// <summary>A property of several strings.</summary>
    internal static IReadOnlyList<string> Strings(string path) =>
        KernelFile.TryReadText(path)?.Split(['\0', ' ', '\n'], StringSplitOptions.RemoveEmptyEntries) ?? [];
}
