namespace ClawMesh.Edge.Hardware.Parts.I2c;

/// <summary>Ambient light. Knows one-byte commands, not registers.</summary>
internal sealed class Bh1750(PartSite site, IReadOnlyDictionary<string, string> wiring) : MeasuringChip(site, wiring, "BH1750")
{
    public const string Driver = "bh1750";

    // Instruction set: one measurement in H-resolution mode, then power down.
    private const byte OneTimeHighResolution = 0x20;
    private const int Rail = 0xffff;

    // Measurement accuracy: counts per lux with the default measurement time.
    private const double CountsPerLux = 1.2;

    public static readonly SensorPart Part = new(
        Driver,
        "ROHM BH1750FVI, ambient light",
        "ROHM BH1750FVI, 2011.11 rev. D",
        PartBus.I2c,
        [new("light", "lx", 0, Rail / CountsPerLux)],
        (site, binding) => new ChipSensor(site, binding, I2cChip.Of(site, binding.Wiring, Driver, () => new Bh1750(site, binding.Wiring)), 0))
    {
        Addresses = ["0x23", "0x5c"],
    };

    // Electrical characteristics: 180 ms at most.
    private static readonly TimeSpan Conversion = TimeSpan.FromMilliseconds(182);

    private int _counts;

    protected override void Measure()
    {
        Bus.Transfer(Address, [OneTimeHighResolution], []);
        Wait(Conversion);
        Span<byte> answer = stackalloc byte[2];
        Bus.Transfer(Address, [], answer);
        _counts = (answer[0] << 8) | answer[1];
    }

    protected override double ValueOf(int slot) => _counts < Rail
        ? _counts / CountsPerLux
        : throw AtRail(
            $"It reads 0x{Rail:x4}, the end of its range of {Rail / CountsPerLux:0} lx.",
            "Shade the part or put it behind a diffuser: direct sun has more than twice as much. In the dark it is a line that nobody drives: check the wiring.");
}
