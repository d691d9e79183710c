using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Native.Linux;

namespace ClawMesh.Edge.Hardware.Buses.Gpio;

/// <summary>What goes wrong at a GPIO chip, in the words of the person who has to mend it.</summary>
internal static class GpioFaults
{
    private const string UdevRule = "SUBSYSTEM==\"gpio\", KERNEL==\"gpiochip*\", GROUP=\"gpio\", MODE=\"0660\"";

    public static EdgeException NoPermission(string device)
    {
        string? group = PathAccess.OwnerOf(device) is { } owner ? new UnixUsers().GroupNameOf(owner.GroupId) ?? $"{owner.GroupId}" : null;
        // Root's own group means that no rule has run; nobody should join that one.
        bool hasGroup = group is not null and not "root";
        return new(
            "gpio.no_permission",
            $"Could not open '{device}'.",
            $"This user may not{(group is null ? "" : $"; the device belongs to group '{group}'")}.",
            hasGroup
                ? $"Add the user to the group: `sudo usermod -aG {group} USER`, then log in again; a service needs SupplementaryGroups={group} and DeviceAllow=char-gpiochip rw."
                : $"Give the chips to a group: `sudo groupadd -f gpio`, put the udev rule {UdevRule} into /etc/udev/rules.d, run `sudo udevadm trigger --subsystem-match=gpio`, and add the user with `sudo usermod -aG gpio USER`.",
            FailureClass.Auth);
    }

    public static EdgeException NoChip(string chip, string seen) => new(
        "gpio.no_chip",
        $"There is no GPIO chip '{chip}'.",
        seen.Length == 0 ? "This machine shows no GPIO chip at all." : $"This machine shows {seen}.",
        "Compare the site's board with the machine: `clawmesh-edge scan` lists chips and lines. A chip on a bus must be plugged in and its kernel driver loaded.",
        FailureClass.DeviceAbsent);

    /// <param name="line">The line with its chip, e.g. <c>line 12 (PAC.06) of tegra234-gpio</c>.</param>
    /// <param name="holder">The consumer the kernel names; empty when it names none.</param>
    public static EdgeException LineBusy(string device, string line, string holder) => new(
        "gpio.line_busy",
        $"Could not take {line}.",
        holder.Length == 0 ? "Somebody holds it without a name: often the kernel itself, for a driver of the device tree." : $"'{holder}' holds it; a line has one user.",
        $"End that program (`sudo fuser -v {device}` often shows it), or free the line in the device tree, or use another line.",
        FailureClass.Config);

    public static EdgeException NoEdges(GpioChip chip) => new(
        "gpio.no_edges",
        $"Chip '{chip.Label}' reports no edges.",
        "It has no interrupt: its driver cannot tell when an input changes (the kernel says ENXIO).",
        "Wire the chip's INT pin and name it in the device tree, or use a line of the module itself.",
        FailureClass.Config);

    public static EdgeException Gone(GpioChip chip) => new(
        "gpio.gone",
        $"GPIO chip '{chip.Label}' has gone.",
        "It was unplugged, or its driver was unloaded, while its lines were held.",
        "Plug it in again; its lines are requested anew by themselves.",
        FailureClass.DeviceAbsent);

    public static EdgeException Failed(int error, string what) => LinuxFault.FromError(
        error,
        code: "gpio.failed",
        what,
        "Look at `dmesg | tail`. EINVAL means a bias, drive or debounce this chip does not have, or a kernel before 5.10.",
        FailureClass.BusIo);
}
