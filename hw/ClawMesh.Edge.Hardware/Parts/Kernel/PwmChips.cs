using System.Globalization;
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

    /// <summary>Looks whether a channel could be claimed, and claims nothing.</summary>
    /// <exception cref="EdgeException">As <see cref="Find"/>; <c>pwm.no_channel</c>, <c>pwm.channel_busy</c> (config).</exception>
    public static void RequireFree(string root, string name, int channel, BoardDefinition? board, string output)
    {
        string chip = Find(root, name, board, output);
        if (int.TryParse(KernelFile.TryReadText(Path.Combine(chip, "npwm")), NumberStyles.None, CultureInfo.InvariantCulture, out int channels) && channel >= channels)
            throw NoChannel(output, name, channels, channel);
        if (HolderOf(root, chip, channel) is { } driver) throw ChannelBusy(output, name, channel, driver, null);
    }

    /// <summary>The driver of the kernel that holds a channel. Null when none does, or this user may not look: debugfs is root's.</summary>
    /// <param name="chip">The controller's directory.</param>
    public static string? HolderOf(string root, string chip, int channel)
    {
        // drivers/pwm/core.c, pwm_seq_show and pwm_dbg_show: "[0: ]platform/32a0000.pwm, 1 PWM device", then
        // " pwm-0   (pwm-fan             ): requested enabled …". An exported channel is held by "sysfs".
        string device = $"/{DeviceOf(chip)},";
        string line = string.Create(CultureInfo.InvariantCulture, $" pwm-{channel,-3} (");
        bool isOurs = false;
        foreach (string text in (KernelFile.TryReadText(Path.Combine(root, "sys/kernel/debug/pwm")) ?? "").Split('\n'))
        {
            if (text.Length > 0 && text[0] != ' ') isOurs = text.Contains(device, StringComparison.Ordinal);
            else if (isOurs && text.StartsWith(line, StringComparison.Ordinal) && text.IndexOf(')', StringComparison.Ordinal) is var end and > 0 && text[end..].Contains("requested", StringComparison.Ordinal))
                return text[line.Length..end].Trim() is { Length: > 0 } holder and not "sysfs" ? holder : null;
        }

        return null;
    }

    public static EdgeException NoChannel(string output, string chip, int channels, int channel) => new(
        "pwm.no_channel", $"Could not claim '{output}'.", $"'{chip}' has channels 0 to {channels - 1}; the site names {channel}.", "Correct pwmChannel.", FailureClass.Config);

    /// <param name="driver">Null when it is not known.</param>
    public static EdgeException ChannelBusy(string output, string chip, int channel, string? driver, Exception? inner) => new(
        "pwm.channel_busy", $"Could not claim '{output}'.", $"Channel {channel} of '{chip}' belongs to {(driver is null ? "a driver of the kernel, such as a fan or a backlight" : $"the kernel's driver '{driver}'")}.",
        "Choose another channel; `sudo cat /sys/kernel/debug/pwm` names the driver.", FailureClass.Config, inner);

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

    // Also where the chip was found through its platform device, whose directory has the same link.
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
