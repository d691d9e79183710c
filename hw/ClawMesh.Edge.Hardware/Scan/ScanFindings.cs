using ClawMesh.Edge.Hardware.Buses.Gpio;

namespace ClawMesh.Edge.Hardware.Scan;

/// <summary>What hangs on this machine, as the kernel and the parts themselves tell.</summary>
public sealed record ScanFindings(
    IReadOnlyList<ScannedChip> Gpio,
    IReadOnlyList<ScannedAdapter> I2c,
    IReadOnlyList<ScannedDevice> Devices);

/// <param name="Problem">Why its lines are not shown; empty when they are.</param>
public sealed record ScannedChip(GpioChip Chip, IReadOnlyList<GpioLine> Lines, string Problem);

/// <param name="Device">For example <c>/dev/i2c-7</c>.</param>
/// <param name="BoardBus">Its name in the board file; empty when the board does not name it.</param>
/// <param name="Probed">False when nobody was asked: only the header's buses are, unless a bus is named.</param>
/// <param name="Problem">Why it was not probed, or where the probing ended.</param>
public sealed record ScannedAdapter(string Device, string Name, string BoardBus, bool Probed, IReadOnlyList<ScannedPart> Parts, string Problem);

/// <param name="HeldBy">The kernel driver that holds the address; empty when none does.</param>
/// <param name="CouldBe">Drivers of this build whose parts can have the address, and what the board itself has there.</param>
public sealed record ScannedPart(int Address, string HeldBy, IReadOnlyList<string> CouldBe);

/// <summary>Anything with a name and a device: SPI, serial, 1-wire, PWM, hwmon, IIO, thermal, watchdog.</summary>
/// <param name="Kind">The word for its kind, e.g. <c>1-wire</c>.</param>
/// <param name="Name">What a site file or a person would call it.</param>
public sealed record ScannedDevice(string Kind, string Name, string Path, string Notes);
