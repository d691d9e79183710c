using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.Hardware.Buses.I2c;
using ClawMesh.Edge.Hardware.Host;
using ClawMesh.Edge.Hardware.Parts;

namespace ClawMesh.Edge.Hardware.Scan;

/// <summary>
/// Looks at every bus without claiming or changing anything. Lines and devices are told by the kernel; I2C parts are asked for one
/// byte, as i2cdetect does, and only on the header's buses or those the caller names: a module's own buses carry its power supply.
/// </summary>
public static class BusScan
{
    private const int FirstAddress = 0x08;
    private const int LastAddress = 0x77;

    // SMBus 3.0, 6.5.10.1: whoever pulls the alert line answers here, and lets the line go; the kernel's driver would then miss it.
    private const int AlertResponse = 0x0c;

    // A bus whose clock or data is held low times out at each address; three in a row are proof enough.
    private const int StuckLimit = 3;

    /// <param name="buses">I2C buses to probe besides those of the board, by name as in a site file.</param>
    public static ScanFindings Run(IHardwarePorts ports, BoardDefinition? board, IReadOnlyList<string> buses) =>
        new(Chips(ports.Gpio), Adapters(ports, board, buses), Devices(ports.Root));

    private static IReadOnlyList<ScannedChip> Chips(IGpioPort gpio)
    {
        var found = new List<ScannedChip>();
        foreach (GpioChip chip in gpio.Chips())
        {
            try
            {
                found.Add(chip.Label.Length == 0 && chip.LineCount == 0
                    ? new ScannedChip(chip, [], $"this user may not open it: {GpioFaults.NoPermission(chip.Path).Fix}")
                    : new ScannedChip(chip, gpio.Lines(chip), ""));
            }
            catch (EdgeException closed)
            {
                found.Add(new ScannedChip(chip, [], $"{closed.Why} {closed.Fix}"));
            }
        }

        return found;
    }

    private static IReadOnlyList<ScannedAdapter> Adapters(IHardwarePorts ports, BoardDefinition? board, IReadOnlyList<string> buses)
    {
        HashSet<string> wanted = new(buses.Select(b => BusNames.Device(ports.Root, board, b, BusNames.I2c)), StringComparer.Ordinal);
        Dictionary<string, BoardBus> ofBoard = new(StringComparer.Ordinal);
        foreach (BoardBus bus in board?.Buses ?? [])
        {
            if (bus.Kind == BusNames.I2c) ofBoard[BusNames.Device(ports.Root, board, bus.Name, BusNames.I2c)] = bus;
        }

        string directory = Path.Combine(ports.Root, "sys/class/i2c-dev");
        var found = new List<ScannedAdapter>();
        foreach (string node in KernelFile.Names(directory))
        {
            string device = $"/dev/{node}";
            string name = KernelFile.TryReadText(Path.Combine(directory, node, "name")) ?? "unnamed";
            BoardBus? bus = ofBoard.GetValueOrDefault(device);
            IReadOnlyList<ScannedPart> held = Held(ports.Root, node, bus);
            found.Add(wanted.Contains(device) || bus is not null
                ? Probe(ports, device, name, bus, held)
                : new ScannedAdapter(device, name, "", Probed: false, held, $"not asked; `clawmesh-edge scan --bus {node}` does"));
        }

        foreach (string missing in wanted.Where(w => !found.Any(a => a.Device == w)))
            found.Add(new ScannedAdapter(missing, "", "", Probed: false, [], "there is no such adapter; the module i2c-dev makes the device nodes"));
        return found;
    }

    private static ScannedAdapter Probe(IHardwarePorts ports, string device, string name, BoardBus? bus, IReadOnlyList<ScannedPart> held)
    {
        var parts = new List<ScannedPart>(held);
        int stuck = 0;
        try
        {
            using II2cBus adapter = ports.OpenI2c(device);
            for (int address = FirstAddress; address <= LastAddress; address++)
            {
                if (address == AlertResponse || held.Any(h => h.Address == address)) continue;
                try
                {
                    Ask(adapter, address);
                    parts.Add(new ScannedPart(address, "", CouldBe(address, bus)));
                }
                catch (EdgeException busy) when (busy.Code == "i2c.address_busy")
                {
                    parts.Add(new ScannedPart(address, "a kernel driver", CouldBe(address, bus)));
                }
                catch (EdgeException timedOut) when (timedOut.Code == "i2c.bus_stuck")
                {
                    if (++stuck >= StuckLimit) return Ended($"{timedOut.Why} {timedOut.Fix}");
                    continue;
                }
                catch (EdgeException)
                {
                    // Nobody there.
                }

                stuck = 0;
            }
        }
        catch (EdgeException closed)
        {
            return Ended($"{closed.Why} {closed.Fix}");
        }

        return Ended("");

        ScannedAdapter Ended(string problem) => new(device, name, bus?.Name ?? "", Probed: true, [.. parts.OrderBy(p => p.Address)], problem);
    }

    // One byte, as i2cdetect -r. An adapter that knows registers only is asked for register 0.
    private static void Ask(II2cBus adapter, int address)
    {
        try
        {
            adapter.Transfer(address, [], stackalloc byte[1]);
        }
        catch (EdgeException registersOnly) when (registersOnly.Code == "i2c.unsupported")
        {
            adapter.ReadRegister(address, 0);
        }
    }

    // Addresses with a client of the kernel: /sys/bus/i2c/devices/7-0040, with the driver as a link where one is bound.
    private static IReadOnlyList<ScannedPart> Held(string root, string node, BoardBus? bus)
    {
        string number = node["i2c-".Length..];
        string directory = Path.Combine(root, "sys/bus/i2c/devices");
        var held = new List<ScannedPart>();
        foreach (string client in KernelFile.Names(directory))
        {
            if (!client.StartsWith(number + "-", StringComparison.Ordinal) || client.Length != number.Length + 5) continue;
            if (PartWiring.ParseAddress("0x" + client[^2..]) is not { } address) continue;
            string? driver = Directory.Exists(Path.Combine(directory, client, "driver"))
                ? Path.GetFileName(Directory.ResolveLinkTarget(Path.Combine(directory, client, "driver"), returnFinalTarget: true)?.FullName)
                : null;
            if (driver is not null) held.Add(new ScannedPart(address, $"kernel driver {driver}", CouldBe(address, bus)));
        }

        return held;
    }

    private static IReadOnlyList<string> CouldBe(int address, BoardBus? bus)
    {
        string text = $"0x{address:x2}";
        return
        [
            .. (bus?.OwnDevices ?? []).Where(own => own.Address == address).Select(own => $"the module's own {own.What}"),
            .. PartCatalog.All.Where(part => part.Addresses.Contains(text)).Select(part => part.Driver),
        ];
    }

    private static IReadOnlyList<ScannedDevice> Devices(string root)
    {
        var found = new List<ScannedDevice>();
        string dev = Path.Combine(root, "dev");
        foreach (string node in KernelFile.Names(dev))
        {
            if (node.StartsWith("spidev", StringComparison.Ordinal)) found.Add(new ScannedDevice("spi", node, $"/dev/{node}", ""));
            else if (node.StartsWith("ttyTHS", StringComparison.Ordinal) || node.StartsWith("ttyUSB", StringComparison.Ordinal) || node.StartsWith("ttyACM", StringComparison.Ordinal)) found.Add(new ScannedDevice("serial", node, $"/dev/{node}", ""));
        }

        foreach (string part in KernelFile.Names(Path.Combine(root, "sys/bus/w1/devices")))
        {
            if (!part.StartsWith("w1_bus", StringComparison.Ordinal)) found.Add(new ScannedDevice("1-wire", part, $"/sys/bus/w1/devices/{part}", part.StartsWith("28-", StringComparison.Ordinal) ? "DS18B20" : ""));
        }

        foreach (string chip in KernelFile.Names(Path.Combine(root, "sys/class/pwm")))
        {
            string directory = Path.Combine(root, "sys/class/pwm", chip);
            string device = Path.GetFileName(Directory.ResolveLinkTarget(Path.Combine(directory, "device"), returnFinalTarget: true)?.FullName) ?? chip;
            found.Add(new ScannedDevice("pwm", device, $"/sys/class/pwm/{chip}", $"{KernelFile.TryReadText(Path.Combine(directory, "npwm")) ?? "?"} channels"));
        }

        AddNamed(found, root, "sys/class/hwmon", "hwmon", "name", "hwmon");
        AddNamed(found, root, "sys/bus/iio/devices", "iio", "name", "iio:device");
        AddNamed(found, root, "sys/class/thermal", "thermal", "type", "thermal_zone");
        AddNamed(found, root, "sys/class/watchdog", "watchdog", "identity", "watchdog");
        return found;
    }

    private static void AddNamed(List<ScannedDevice> found, string root, string directory, string kind, string nameFile, string prefix)
    {
        foreach (string entry in KernelFile.Names(Path.Combine(root, directory)))
        {
            if (entry.StartsWith(prefix, StringComparison.Ordinal))
                found.Add(new ScannedDevice(kind, KernelFile.TryReadText(Path.Combine(root, directory, entry, nameFile)) ?? entry, $"/{directory}/{entry}", ""));
        }
    }
}
