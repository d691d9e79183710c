using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Hardware.Parts.Kernel;

/// <summary>Finds devices of a class of sysfs by the name their driver gives them.</summary>
/// <param name="Directory">Below the root, e.g. <c>sys/class/hwmon</c>.</param>
/// <param name="Prefix">How its entries begin, e.g. <c>hwmon</c>.</param>
/// <param name="NameFile">The file with the name.</param>
/// <param name="Word">What one of them is called, for messages.</param>
internal sealed record KernelDevices(string Directory, string Prefix, string NameFile, string Word)
{
    private const int MaxListed = 16;

    /// <summary>The one device of this name.</summary>
    /// <param name="parent">What it sits on, e.g. <c>1-0040</c>, where several have the name; null for any.</param>
    /// <exception cref="EdgeException"><c>kernel.no_device</c> (device_absent), <c>kernel.ambiguous</c> (config).</exception>
    public string Find(SensorId sensor, string root, string name, string? parent)
    {
        string directory = Path.Combine(root, Directory);
        string? found = null;
        foreach (string entry in KernelFile.Names(directory))
        {
            if (!entry.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            string path = Path.Combine(directory, entry);
            if (KernelFile.TryReadText(Path.Combine(path, NameFile)) != name || (parent is not null && !SitsOn(path, parent))) continue;
            if (found is not null)
            {
                throw new EdgeException(
                    "kernel.ambiguous", $"Could not choose the {Word} of '{sensor}'.", $"{Path.GetFileName(found)} and {entry} are both called '{name}'{(parent is null ? "" : $" on {parent}")}.",
                    "Name what it sits on with \"device\", e.g. 1-0040 for address 0x40 of I2C bus 1.", FailureClass.Config);
            }

            found = path;
        }

        return found ?? throw new EdgeException(
            "kernel.no_device", $"Could not find the {Word} of '{sensor}'.",
            $"The kernel shows none called '{name}'{(parent is null ? "" : $" on {parent}")}; there {Present(directory)}.",
            "Check its supply and wiring, and that its driver is loaded: `dmesg` says why a driver gave up on a part.", FailureClass.DeviceAbsent);
    }

    private static bool SitsOn(string path, string parent) =>
        System.IO.Directory.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName is { } target && target.Contains($"/{parent}/", StringComparison.Ordinal);

    private string Present(string directory)
    {
        var names = new List<string>();
        foreach (string entry in KernelFile.Names(directory))
        {
            if (names.Count < MaxListed && KernelFile.TryReadText(Path.Combine(directory, entry, NameFile)) is { } name && !names.Contains(name)) names.Add(name);
        }

        return names.Count == 0 ? "is none at all" : $"are {string.Join(", ", names)}";
    }
}
