using System.Globalization;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Parts;
using ClawMesh.Edge.Hardware.Parts.Kernel;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>Whether the lines and addresses of a site are there, and free, on this machine. Looks only; requests no line and addresses no part.</summary>
internal static class BoardPresence
{
    /// <summary>How this node's lines are called by whoever asks the kernel.</summary>
    private const string OurConsumers = "clawmesh:";

    public static void Find(List<WiredLine> lines, List<WiredBus> buses, BoardDefinition board, IHardwarePorts ports, List<BoardConflict> found)
    {
        try
        {
            FindLines(lines, ports.Gpio, found);
        }
        catch (EdgeException unreadable)
        {
            found.Add(new BoardConflict(ProblemSeverity.Warning, "", $"The lines of this machine could not be looked at: {unreadable.Why}", unreadable.Fix, unreadable.FailureClass));
        }

        foreach (WiredLine line in lines)
        {
            if (line.Use == PadUse.Pwm) Try(line, found, () => PwmChips.RequireFree(ports.Root, line.Chip, int.Parse(line.Line, CultureInfo.InvariantCulture), board, line.Ref));
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
            GpioChip? chip = null;
            Try(line, found, () => chip = GpioResolver.FindChip(chips, line.Chip));
            if (chip is null) continue;

            // A site's lines are mostly on one chip, which has hundreds.
            if (chip != last) (last, there) = (chip, gpio.Lines(chip));
            Try(line, found, () => FindLine(line, chip, there, found));
        }
    }

    // What the node would meet when it takes the line, in the same words.
    private static void Try(WiredLine line, List<BoardConflict> found, Action look)
    {
        try
        {
            look();
        }
        catch (EdgeException fault)
        {
            found.Add(BoardConflicts.Error(line.Ref, $"{fault.What} {fault.Why}", fault.Fix, fault.FailureClass));
        }
    }

    private static void FindLine(WiredLine line, GpioChip chip, IReadOnlyList<GpioLine> there, List<BoardConflict> found)
    {
        int? expected = line.Pin?.Gpio?.Offset;
        int offset = GpioResolver.FindLine(chip, there, line.Line, expected);
        if (GpioResolver.MovedNote(chip, line.Line, offset, expected) is { Length: > 0 } note)
        {
            found.Add(new BoardConflict(
                ProblemSeverity.Warning, line.Ref, note,
                "Nothing to do when this kernel is another than the board file was made for; else compare the pin with a lamp or a meter.", FailureClass.Config));
        }

        if (there.FirstOrDefault(l => l.Offset == offset) is { Used: true } seen && !seen.Consumer.StartsWith(OurConsumers, StringComparison.Ordinal))
        {
            found.Add(BoardConflicts.Error(
                line.Ref, $"line {line.Line} of chip {chip.Label} is held by {(seen.Consumer.Length > 0 ? $"'{seen.Consumer}'" : "the kernel")}.",
                $"Stop that program (`sudo fuser -v {chip.Path}` often shows it), or take the line out of the device tree where it gives it to a driver; `gpioinfo` shows who holds what."));
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
