using ClawMesh.Edge.Hardware.Boards;

namespace ClawMesh.Edge.Hardware.Buses;

/// <summary>From the name a site uses to the device node of this start.</summary>
public static class BusNames
{
    public const string I2c = "i2c";
    public const string Spi = "spi";
    public const string Serial = "serial";

    /// <summary>
    /// A bus of the board is found by its controller, because the kernel's numbers are not stable; the number the board file gives is
    /// used where the controller cannot be seen. Anything else is taken as the name of a device node.
    /// </summary>
    public static string Device(string root, BoardDefinition? board, string name, string kind)
    {
        if (board?.Bus(name) is { } bus && bus.Kind == kind) return ByController(root, bus) ?? bus.Device;
        return name.StartsWith('/') ? name : $"/dev/{name}";
    }

    // /sys/class/CLASS/NODE leads to …/CONTROLLER/…/NODE.
    private static string? ByController(string root, BoardBus bus)
    {
        if (bus.Controller.Length == 0) return null;
        string directory = Path.Combine(root, bus.Kind switch { I2c => "sys/class/i2c-dev", Spi => "sys/class/spidev", _ => "sys/class/tty" });
        if (!Directory.Exists(directory)) return null;
        try
        {
            foreach (string entry in Directory.EnumerateFileSystemEntries(directory))
            {
                string? target = Directory.ResolveLinkTarget(entry, returnFinalTarget: true)?.FullName;
                if (target is not null && target.Contains($"/{bus.Controller}/", StringComparison.Ordinal) && IsWanted(bus, Path.GetFileName(entry))) return $"/dev/{Path.GetFileName(entry)}";
            }
        }
        catch (Exception vanished) when (vanished is IOException or UnauthorizedAccessException)
        {
            // An adapter that is unplugged while its links are read; the board's own number is tried.
        }

        return null;
    }

    // A controller with several chip selects shows several nodes; the board's own node says which.
    private static bool IsWanted(BoardBus bus, string node) =>
        bus.Kind != Spi || !bus.Device.Contains('.') || node.EndsWith(bus.Device[bus.Device.LastIndexOf('.')..], StringComparison.Ordinal);
}
