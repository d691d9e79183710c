using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Hardware.Parts.I2c;

/// <summary>16-bit ADC with four inputs. Single-shot: each sample chooses its input and range, so a part that lost its supply in between is no harm.</summary>
internal static class Ads1115
{
    public const string Driver = "ads1115";

    private const string InputKey = "input";
    private const string RangeKey = "range";

    // In the order of MUX[2:0] and PGA[2:0] (Config register).
    private static readonly string[] Inputs = ["0-1", "0-3", "1-3", "2-3", "0", "1", "2", "3"];
    private static readonly string[] Ranges = ["6.144", "4.096", "2.048", "1.024", "0.512", "0.256"];

    public static readonly SensorPart Part = new(
        Driver, "TI ADS1115, 16-bit ADC, 4 inputs", "TI SBAS444E", PartBus.I2c, [new("voltage", "V", -6.144, 6.144)], (site, binding) => new Ads1115Sensor(site, binding))
    {
        Addresses = ["0x48", "0x49", "0x4a", "0x4b"],
        Keys =
        [
            new(InputKey, PartKeyKind.Word, "the input against ground, or two inputs for their difference") { Words = Inputs, Required = true },
            new(RangeKey, PartKeyKind.Word, "the full scale in volts, both signs; an input above the part's supply is never measured") { Words = Ranges, Default = "4.096" },
        ],
    };

    /// <summary>The Config register that starts a conversion, without a comparator.</summary>
    public static ushort ConfigOf(IReadOnlyDictionary<string, string> wiring)
    {
        const int start = 1 << 15;
        const int singleShot = 1 << 8;
        const int samplesPerSecond128 = 0b100 << 5;
        const int noComparator = 0b11;
        return (ushort)(start | (Array.IndexOf(Inputs, wiring.Text(InputKey)) << 12) | (Array.IndexOf(Ranges, wiring.Text(RangeKey)) << 9) | singleShot | samplesPerSecond128 | noComparator);
    }
}

internal sealed class Ads1115Sensor : PartSensor
{
    private readonly Ads1115Chip _chip;
    private readonly ushort _config;
    private readonly double _range;

    public Ads1115Sensor(PartSite site, SensorBinding binding)
        : base(site, binding)
    {
        _chip = I2cChip.Of(site, binding.Wiring, Ads1115.Driver, () => new Ads1115Chip(site, binding.Wiring));
        _config = Ads1115.ConfigOf(binding.Wiring);
        _range = binding.Wiring.Number("range");
    }

    public override void Recover() => _chip.Bus.Reopen();

    protected override double Measure() => _chip.Convert(_config, _range);
}

/// <summary>The converter behind the inputs: one conversion at a time.</summary>
internal sealed class Ads1115Chip(PartSite site, IReadOnlyDictionary<string, string> wiring) : I2cChip(site, wiring, "ADS1115")
{
    // Address Pointer register.
    private const byte ConversionRegister = 0x00;
    private const byte ConfigRegister = 0x01;

    private const int IdleBit = 1 << 15;
    private const short HighRail = 0x7fff;
    private const short LowRail = -0x8000;
    private const int Patience = 5;

    // Electrical Characteristics: 128 samples a second, 10 % slow; the wait may be a millisecond early.
    private static readonly TimeSpan Conversion = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(3);

    /// <param name="range">Full scale in volts.</param>
    /// <returns>Volts.</returns>
    public double Convert(ushort config, double range)
    {
        short raw;
        lock (Gate)
        {
            Bus.WriteWord(Address, ConfigRegister, config);
            Wait(Conversion);
            ushort seen = Bus.ReadWord(Address, ConfigRegister);
            for (int i = 0; (seen & IdleBit) == 0; i++)
            {
                if (i == Patience) throw NotReady();
                Wait(Again);
                seen = Bus.ReadWord(Address, ConfigRegister);
            }

            // After a reset it would measure another input in another range.
            if ((seen | IdleBit) != (config | IdleBit)) throw SettingsLost("Config", config, seen);
            raw = (short)Bus.ReadWord(Address, ConversionRegister);
        }

        if (raw is HighRail or LowRail)
        {
            throw AtRail(
                $"It reads 0x{(ushort)raw:x4}, the {(raw == HighRail ? "upper" : "lower")} end of its range of ±{range} V.",
                "Look for a broken or open wire at the input, or choose a larger \"range\" in the site file.");
        }

        return raw * range / 32768;
    }
}
