using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Parts;

namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>Something about a site's wiring that cannot work, or may not.</summary>
/// <param name="Ref">The sensor or actuator it is about.</param>
/// <param name="What">What was found.</param>
public sealed record BoardConflict(ProblemSeverity Severity, string Ref, string What, string Fix, FailureClass Class)
{
    /// <summary>The other user of a line that has two; empty where there is none.</summary>
    public string Other { get; init; } = "";
}

/// <summary>
/// Holds a site against its board, and, on the machine itself, against what its kernel shows. Reads the wiring only, so it sees two
/// names of one line or bus, which the site reader does not.
/// </summary>
public static class BoardConflicts
{
    /// <param name="ports">Null looks at files only; otherwise the machine must be <paramref name="board"/>.</param>
    /// <param name="pinmux">Null judges no pad.</param>
    public static IReadOnlyList<BoardConflict> Find(Site site, BoardDefinition board, IHardwarePorts? ports, PinmuxTable? pinmux)
    {
        var found = new List<BoardConflict>();
        List<WiredLine> lines = WiredLine.Of(site, board);
        List<WiredBus> buses = WiredBus.Of(site, board, ports?.Root);
        FindSharedLines(lines, found);
        FindDirections(lines, found);
        FindHiddenPwm(lines, board, found);
        FindBusPins(lines, buses, board, ports?.Root, found);
        FindAddresses(buses, board, ports?.Root, found);
        FindOwnDevices(buses, board, ports?.Root, found);
        FindSerialSettings(buses, found);
        if (ports is not null) BoardPresence.Find(lines, buses, board, ports, found);
        if (pinmux is not null) found.AddRange(FindPads(site, board, pinmux));
        return found;
    }

    /// <summary>The pads of a site's lines that are switched so that the line cannot do its work.</summary>
    public static IReadOnlyList<BoardConflict> FindPads(Site site, BoardDefinition board, PinmuxTable pinmux)
    {
        var found = new List<BoardConflict>();
        foreach (WiredLine line in WiredLine.Of(site, board))
        {
            if (line.Pin is { } pin && pinmux.Judge(pin, line.Use) is { State: PinmuxState.Wrong } wrong) found.Add(Error(line.Ref, $"{wrong.Why}.", wrong.Fix));
        }

        return found;
    }

    internal static BoardConflict Error(string reference, string what, string fix, FailureClass failureClass = FailureClass.Config) =>
        new(ProblemSeverity.Error, reference, what, fix, failureClass);

    private static void FindSharedLines(List<WiredLine> lines, List<BoardConflict> found)
    {
        foreach (WiredLine line in lines)
        {
            string place = line.Place;
            WiredLine first = lines.Find(l => l.Place == place)!;
            // That their keys agree, the site reader has seen to.
            if (first == line || (first.IsShared && line.IsShared)) continue;
            BoardConflict shared = first.Use == PadUse.Pwm != (line.Use == PadUse.Pwm)
                ? Error(line.Ref, $"{line.Place} is a GPIO of '{(line.Use == PadUse.Pwm ? first : line).Ref}' and carries the PWM of '{(line.Use == PadUse.Pwm ? line : first).Ref}'; its pad can be switched to one of them only.", "Move one of them to another pin.")
                : Error(line.Ref, $"{line.Place} is used by '{first.Ref}' too{(first.Line == line.Line ? "" : $", which calls it line {first.Line} of {first.Chip}")}; {(line.Use == PadUse.Pwm ? "a channel" : "a line")} has one user.", "Choose a free one.");
            found.Add(shared with { Other = first.Ref });
        }
    }

    private static void FindDirections(List<WiredLine> lines, List<BoardConflict> found)
    {
        foreach (WiredLine line in lines)
        {
            if (line.Pin is not { Gpio: { } gpio } pin) continue;
            if (gpio.Direction == PinDirection.InputOnly && line.Use != PadUse.Input) found.Add(Error(line.Ref, $"pin {pin.Number} is an input only {pin.Notes}; an output there moves nothing.", "Choose another pin."));
            if (gpio.Direction == PinDirection.OutputOnly && line.Use == PadUse.Input) found.Add(Error(line.Ref, $"pin {pin.Number} is an output only {pin.Notes}; what is read there is no input.", "Choose another pin."));
        }
    }

    // The fan of a module hangs on such a channel.
    private static void FindHiddenPwm(List<WiredLine> lines, BoardDefinition board, List<BoardConflict> found)
    {
        int[] able = [.. board.Pins.Where(p => p.Pwm is not null).Select(p => p.Number)];
        foreach (WiredLine line in lines)
        {
            if (line.Use != PadUse.Pwm || line.Pin is not null || able.Length == 0 || !line.Chip.EndsWith(".pwm", StringComparison.Ordinal)) continue;
            found.Add(new BoardConflict(
                ProblemSeverity.Warning, line.Ref, $"{line.Place} comes out at no pin of board '{board.Name}'; the module may use it itself, as for its fan.",
                $"Use one of the PWM pins {string.Join(", ", able)}, or check the carrier's manual.", FailureClass.Config));
        }
    }

    private static void FindBusPins(List<WiredLine> lines, List<WiredBus> buses, BoardDefinition board, string? root, List<BoardConflict> found)
    {
        foreach (BoardBus bus in board.Buses)
        {
            if (buses.Find(b => b.Is(bus, board, root)) is not { } user) continue;
            foreach (WiredLine line in lines)
            {
                if (line.Pin is { } pin && bus.Pins.Contains(pin.Number))
                    found.Add(Error(line.Ref, $"pin {pin.Number} belongs to {bus}, which '{user.Ref}' uses; its pad can be switched to one of them only.", "Move the line to another pin, or the part to another bus."));
            }
        }
    }

    // Several sensors, or several outputs of an expander, are one part; then the driver is the same.
    private static void FindAddresses(List<WiredBus> buses, BoardDefinition board, string? root, List<BoardConflict> found)
    {
        foreach (WiredBus bus in buses)
        {
            WiredBus first = buses.Find(b => b.Device == bus.Device && b.Address == bus.Address)!;
            if (first == bus || bus.Address.Length == 0) continue;
            if (first.Driver != bus.Driver)
                found.Add(Error(bus.Ref, $"{bus.AddressText} on {bus.Name} is '{first.Ref}', a {first.Driver}; here it is a {bus.Driver}.", bus.Kind == BusNames.I2c ? $"Strap one of them to another address{Elsewhere(bus, board, root)}." : "Give each part a station of its own."));
            else if (bus.IsOutput && first.IsOutput && bus.SameWiring(first))
                found.Add(Error(bus.Ref, $"its wiring is that of '{first.Ref}'; an output of a part has one user.", "Choose a free output."));
        }
    }

    private static void FindOwnDevices(List<WiredBus> buses, BoardDefinition board, string? root, List<BoardConflict> found)
    {
        foreach (WiredBus used in buses)
        {
            if (used.Kind != BusNames.I2c || PartWiring.ParseAddress(used.Address) is not { } address) continue;
            foreach (BoardBus bus in board.Buses)
            {
                if (!used.Is(bus, board, root) || bus.OwnDevices.FirstOrDefault(o => o.Address == address) is not { } own) continue;
                string shared = bus.Pins.Count == 0 ? bus.Name : $"pins {string.Join("/", bus.Pins)}";
                found.Add(Error(
                    used.Ref,
                    $"address {used.Address} on {used.Name} is taken: {shared} share the bus with the {own.What} at {used.Address}, which the kernel may hold (`i2cdetect` then shows UU).",
                    $"Strap the part to another address{(address == 0x40 ? " (a PCA9685 leaves the factory at 0x40)" : "")}{Elsewhere(used, board, root)}."));
            }
        }
    }

    private static string Elsewhere(WiredBus used, BoardDefinition board, string? root) =>
        board.Buses.FirstOrDefault(b => b.Kind == BusNames.I2c && !used.Is(b, board, root) && b.OwnDevices.Count == 0) is { } free ? $", or wire it to {free}" : "";

    private static void FindSerialSettings(List<WiredBus> buses, List<BoardConflict> found)
    {
        foreach (WiredBus bus in buses)
        {
            WiredBus first = buses.Find(b => b.Device == bus.Device)!;
            if (first == bus || bus.Kind != BusNames.Serial) continue;
            if (first.Settings != bus.Settings)
                found.Add(Error(bus.Ref, $"{bus.Name} has {bus.Settings} here and {first.Settings} at '{first.Ref}'; a line has one speed.", "Give all parts of one port the same baud, parity and stopBits."));
        }
    }
}
