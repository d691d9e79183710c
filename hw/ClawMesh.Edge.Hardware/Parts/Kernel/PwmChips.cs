using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Hardware.Parts.Kernel;

/// <summary>Finds PWM controllers by the device they belong to; the numbers of <c>pwmchipN</c> are not stable between starts.</summary>
internal static class PwmChips
{
    // Orin Nano's and Orin NX's fan hangs on PWM3 (tegra234-p3768-0000+p3767.dtsi). A fan that is taken away lets the module overheat.
    private const string FanController = "32a0000.pwm";

    private const string Class = "sys/class/pwm";

    private const int MaxListed = 16;

    /// <param name="output">For messages.</param>
    /// <param name="name">A platform device such as <c>3280000.pwm</c>, a device of another bus such as <c>1-0040</c>, its name such as <c>pca9685</c>, or <c>pwmchipN</c>.</param>
    /// <returns>The controller's directory.</returns>
    /// <exception cref="EdgeException"><c>pwm.no_chip</c> (device_absent), <c>pwm.ambiguous</c>, <c>pwm.reserved</c> (config).</exception>
    public static string Find(string root, string name, BoardDefinition? board, string output)
    {
        string chip = ByPlatformDevice(root, name) ?? ByClass(root, name, output) ?? throw Absent(root, name, output);
        if (!IsReserved(name, board) && !IsReserved(DeviceOf(chip), board)) return chip;
        throw new EdgeException(
            "pwm.reserved", $"Could not claim the PWM of '{output}'.", $"'{name}' drives the module's fan.", "Choose a PWM pin of the header: `clawmesh-edge board show` lists them.", FailureClass.Config);
    }

    /// <summary>True for the controller of the module's fan. TX2's header leads that very controller out, so the board has the last word.</summary>
    public static bool IsReserved(string device, BoardDefinition? board)
    {
        if (device != FanController) return false;
        foreach (BoardPin pin in board?.Pins ?? [])
        {
            if (pin.Pwm?.Device == FanController) return false;
        }

        return true;
    }

    // Newer JetPacks have the controllers below bus@0; this way leads there from everywhere.
    private static string? ByPlatformDevice(string root, string name)
    {
        string directory = Path.Combine(root, "sys/bus/platform/devices", name, "pwm");
        foreach (string entry in KernelFile.Names(directory))
        {
            if (entry.StartsWith("pwmchip", StringComparison.Ordinal)) return Path.Combine(directory, entry);
        }

        return null;
    }

    private static string? ByClass(string root, string name, string output)
    {
        string directory = Path.Combine(root, Class);
        string? found = null;
        foreach (string entry in KernelFile.Names(directory))
        {
            string chip = Path.Combine(directory, entry);
            if (entry == name) return chip;
            if (DeviceOf(chip) != name && KernelFile.TryReadText(Path.Combine(chip, "device/name")) != name) continue;
            if (found is not null)
            {
                throw new EdgeException(
                    "pwm.ambiguous", $"Could not choose the PWM controller of '{output}'.", $"{Path.GetFileName(found)} on {DeviceOf(found)} and {entry} on {DeviceOf(chip)} are both '{name}'.",
                    "Name the one by its device.", FailureClass.Config);
            }

            found = chip;
        }

        return found;
    }

    private static string DeviceOf(string chip)
    {
        string device = Path.Combine(chip, "device");
        return Directory.Exists(device) ? Path.GetFileName(Directory.ResolveLinkTarget(device, returnFinalTarget: true)?.FullName) ?? "" : "";
    }

    private static EdgeException Absent(string root, string name, string output)
    {
        var present = new List<string>();
        foreach (string entry in KernelFile.Names(Path.Combine(root, Class)))
        {
            if (present.Count < MaxListed) present.Add($"{entry} ({DeviceOf(Path.Combine(root, Class, entry))})");
        }

        return new EdgeException(
            "pwm.no_chip", $"Could not find the PWM controller of '{output}'.", $"The kernel shows no '{name}'; there {(present.Count == 0 ? "is none" : $"are {string.Join(", ", present)}")}.",
            "A header's controller may be off in the device tree: enable PWM on the pin with `sudo /opt/nvidia/jetson-io/jetson-io.py`, then restart.", FailureClass.DeviceAbsent);
    }
}
