namespace ClawMesh.Edge.Hardware.Parts.I2c;

/// <summary>Temperature and humidity. Knows commands, not registers.</summary>
internal sealed class Sht3x(PartSite site, IReadOnlyDictionary<string, string> wiring) : MeasuringChip(site, wiring, "SHT3x")
{
    public const string Driver = "sht3x";

    private static readonly PartMeasure[] Measures = [new("temp", "°C", -40, 125), new("humidity", "%", 0, 100)];

    public static readonly SensorPart Part = new(
        Driver,
        "Sensirion SHT30/31/35, temperature and humidity",
        "Sensirion SHT3x-DIS, version 7",
        PartBus.I2c,
        Measures,
        (site, binding) => new ChipSensor(
            site,
            binding,
            I2cChip.Of(site, binding.Wiring, Driver, () => new Sht3x(site, binding.Wiring)),
            binding.Wiring.Text(PartWiring.MeasuresKey) == "temp" ? 0 : 1))
    {
        Addresses = ["0x44", "0x45"],
    };

    // 2.2, table 4: 15.5 ms at most with high repeatability; the timer may be a millisecond early.
    private static readonly TimeSpan Conversion = TimeSpan.FromMilliseconds(17);

    private int _rawTemperature;
    private int _rawHumidity;

    /// <summary>4.12: CRC-8, polynomial 0x31, initial value 0xff.</summary>
    public static byte Checksum(ReadOnlySpan<byte> bytes)
    {
        int crc = 0xff;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 0x80) != 0 ? (crc << 1) ^ 0x31 : crc << 1;
        }

        return (byte)crc;
    }

    protected override void Measure()
    {
        // 4.3, table 9: single shot, high repeatability, no clock stretching (many adapters cannot wait for a stretched clock).
        Bus.Transfer(Address, [0x24, 0x00], []);
        Wait(Conversion);
        Span<byte> answer = stackalloc byte[6];
        Bus.Transfer(Address, [], answer);
        _rawTemperature = Checked(answer[..3]);
        _rawHumidity = Checked(answer[3..]);
    }

    // 4.13.
    protected override double ValueOf(int slot)
    {
        int raw = slot == 0 ? _rawTemperature : _rawHumidity;
        double value = slot == 0 ? -45 + (175.0 * raw / 65535) : 100.0 * raw / 65535;
        PartMeasure measure = Measures[slot];
        if (raw is > 0 and < 65535 && value >= measure.Min && value <= measure.Max) return value;
        throw AtRail(
            $"Its {measure.Name} comes to {value:0.##} {measure.Unit} (raw 0x{raw:x4}); the part measures {measure.Min} to {measure.Max} {measure.Unit}.",
            "A wet or broken sensor reads like this: let it dry, then exchange it.");
    }

    private int Checked(ReadOnlySpan<byte> word)
    {
        byte computed = Checksum(word[..2]);
        return word[2] == computed ? (word[0] << 8) | word[1] : throw BadChecksum(word[2], computed);
    }
}
