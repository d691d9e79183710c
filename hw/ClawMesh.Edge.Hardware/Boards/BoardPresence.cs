using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Parts;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>Whether the lines and addresses of a site are there, and free, on this machine. Looks only; requests no line and addresses no part.</summary>
internal static class BoardPresence
{
    /// <summary>How this node's lines are called by whoever asks the kernel.</summary>
    private const string OurConsumers = "clawmesh:";

    public static void Find(List<WiredLine> lines, List<WiredBus> buses, IHardwarePorts ports, List<BoardConflict> found)
    {
        try
        {
            FindLines(lines, ports.Gpio, found);
        }
        catch (EdgeException unreadable)
        {
            found.Add(new BoardConflict(ProblemSeverity.Warning, "", $"The lines of this machine could not be looked at: {unreadable.Why}", unreadable.Fix, unreadable.FailureClass));
        }

        FindDrivers(buses, ports.Root, found);
    }

    private static void FindLines(List<WiredLine> lines, IGpioPort gpio, List<BoardConflict> found)
    {
        IReadOnlyList<GpioChip>? chips = null;
        GpioChip? last = null;
        IReadOnlyList<GpioLine> there = [];
        foreach (WiredLine line in lines)
        {
            if (line.Use == PadUse.Pwm) continue;
            chips ??= gpio.Chips();
            if (chips.FirstOrDefault(c => c.Label == line.Chip || c.Name == line.Chip || c.Path == line.Chip) is not { } chip)
            {
                found.Add(NoChip(line, chips));
                continue;
            }

            // A site's lines are mostly on one chip, which has hundreds.
            if (chip != last) (last, there) = (chip, gpio.Lines(chip));
            FindLine(line, chip, there, found);
        }
    }

    private static BoardConflict NoChip(WiredLine line, IReadOnlyList<GpioChip> chips)
    {
        string[] closed = [.. chips.Where(c => c.Label.Length == 0).Select(c => c.Path)];
        return closed.Length > 0
            ? BoardConflicts.Error(line.Ref, $"no chip that this user may open is called '{line.Chip}'; {string.Join(", ", closed)} may not be opened.", "Join the group of the GPIO chips: docs/permissions.md.", FailureClass.Auth)
            : BoardConflicts.Error(
                line.Ref, $"this machine has no GPIO chip '{line.Chip}'; it has {(chips.Count == 0 ? "none" : string.Join(", ", chips.Select(c => c.Label)))}.",
                "Check that the site's board is this machine; another kernel may call its chips otherwise.", FailureClass.DeviceAbsent);
    }

    private static void FindLine(WiredLine line, GpioChip chip, IReadOnlyList<GpioLine> there, List<BoardConflict> found)
    {
        GpioLine? seen = there.FirstOrDefault(l => l.Name == line.Line)
            ?? (int.TryParse(line.Line, NumberStyles.None, CultureInfo.InvariantCulture, out int offset) ? there.FirstOrDefault(l => l.Offset == offset) : null);
        if (seen is null)
        {
            found.Add(BoardConflicts.Error(
                line.Ref, $"chip {chip.Label} ({chip.Path}) has no line '{line.Line}' among its {there.Count}.",
                $"`clawmesh-edge scan` lists its lines; when this kernel names them otherwise, put a board file of your own into {BoardCatalog.SystemDirectory}.", FailureClass.DeviceAbsent));
            return;
        }

        if (line.Pin?.Gpio is { LineName.Length: > 0 } gpio && gpio.LineName == seen.Name && gpio.Offset != seen.Offset)
        {
            found.Add(new BoardConflict(
                ProblemSeverity.Warning, line.Ref, $"line {seen.Name} is at offset {seen.Offset} of chip {chip.Label}; the board file expects {gpio.Offset}. The name counts.",
                "Nothing to do when this kernel is another than the board file was made for; else compare the pin with a lamp or a meter.", FailureClass.Config));
        }

        if (seen.Used && !seen.Consumer.StartsWith(OurConsumers, StringComparison.Ordinal))
        {
            found.Add(BoardConflicts.Error(
                line.Ref, $"line {line.Line} of chip {chip.Label} is held by {(seen.Consumer.Length > 0 ? $"'{seen.Consumer}'" : "the kernel")}.",
                "Stop that program, or take the line out of the device tree where it gives it to a driver; `gpioinfo` shows who holds what."));
        }
    }

    // Every i2c_client the kernel has made is a directory BUS-00AA; its link `driver` is there while a driver holds the address.
    private static void FindDrivers(List<WiredBus> buses, string root, List<BoardConflict> found)
    {
        var asked = new HashSet<string>(StringComparer.Ordinal);
        foreach (WiredBus bus in buses)
        {
            const string prefix = "/dev/i2c-";
            if (bus.Kind != BusNames.I2c || !bus.Device.StartsWith(prefix, StringComparison.Ordinal) || PartWiring.ParseAddress(bus.Address) is not { } address) continue;
            string client = $"{bus.Device[prefix.Length..]}-{address:x4}";
            string link = Path.Combine(root, "sys/bus/i2c/devices", client, "driver");
            if (!asked.Add(client) || !Directory.Exists(link)) continue;
            string driver = Path.GetFileName(Directory.ResolveLinkTarget(link, returnFinalTarget: true)?.FullName ?? "") is { Length: > 0 } name ? $"'{name}'" : "a driver of the kernel";
            found.Add(BoardConflicts.Error(
                bus.Ref, $"address {bus.Address} on {bus.Name} is held by {driver} ({client}).",
                $"When that is the part itself, read it through the kernel (hwmon, IIO), or `echo {client} | sudo tee {Path.Combine("/sys/bus/i2c/devices", client, "driver/unbind")}`; when it is a part of the module, strap yours to another address."));
        }
    }
}
