using System.Buffers.Binary;

namespace ClawMesh.Edge.Hardware.Parts.I2c;

/// <summary>
/// Ambient light from starlight to full sun, in three ranges it chooses itself. The part measures all the time; a sample waits only
/// after the range has changed or the part has lost its supply.
/// </summary>
internal sealed class Veml7700(PartSite site, IReadOnlyDictionary<string, string> wiring) : MeasuringChip(site, wiring, "VEML7700")
{
    public const string Driver = "veml7700";

    // Datasheet, command register format.
    private const byte ConfigRegister = 0x00;
    private const byte LightRegister = 0x04;

    // ALS_CONF_0: ALS_SD, ALS_IT at bit 6, ALS_GAIN at bit 11.
    private const ushort ShutDown = 1;
    private const ushort Time25Ms = 0b1100 << 6;
    private const ushort Time100Ms = 0b0000 << 6;
    private const ushort GainEighth = 0b10 << 11;
    private const ushort GainTwo = 0b01 << 11;

    // Application note 84323: change the range outside of these counts.
    private const int TooFew = 100;
    private const int TooMany = 10_000;
    private const int Saturated = 0xffff;

    // Beyond it the correction has no meaning; it is the sun without a cloud.
    private const double MaxLux = 140_000;

    private static readonly ushort[] Configs = [GainEighth | Time25Ms, GainEighth | Time100Ms, GainTwo | Time100Ms];

    // Lux a count: table "resolution and maximum detection range" of the datasheet.
    private static readonly double[] LuxPerCount = [2.1504, 0.5376, 0.0336];

    public static readonly SensorPart Part = new(
        Driver,
        "Vishay VEML7700, ambient light",
        "Vishay 84286, rev. 1.8; application note 84323",
        PartBus.I2c,
        [new("light", "lx", 0, MaxLux)],
        (site, binding) => new ChipSensor(site, binding, I2cChip.Of(site, binding.Wiring, Driver, () => new Veml7700(site, binding.Wiring)), 0))
    {
        Addresses = ["0x10"],
    };

    // Start-up of 2.5 ms and one whole integration, with a fifth to spare.
    private static readonly TimeSpan[] Settling = [TimeSpan.FromMilliseconds(35), TimeSpan.FromMilliseconds(125), TimeSpan.FromMilliseconds(125)];

    private int _range;
    private int _counts;

    /// <summary>
    /// The part bends at much light: the polynomial of application note 84323 straightens it above 1,000 lx, where the gain is an
    /// eighth.
    /// </summary>
    public static double Straighten(double lux) =>
        lux <= 1_000 ? lux : ((((((6.0135e-13 * lux) - 9.3924e-9) * lux) + 8.1488e-5) * lux) + 1.0023) * lux;

    protected override void Identify() => _range = 0;

    protected override void Measure()
    {
        // Each step leads away from the last, or ends; three ranges need two steps at most.
        for (int step = 0; ; step++)
        {
            _counts = Read();
            int better = _counts > TooMany && _range > 0 ? _range - 1 : _counts < TooFew && _range < Configs.Length - 1 ? _range + 1 : _range;
            if (better == _range || step == Configs.Length) return;
            _range = better;
        }
    }

    protected override double ValueOf(int slot)
    {
        double lux = _counts * LuxPerCount[_range];
        if (_range < 2) lux = Straighten(lux);
        if (_counts < Saturated && lux <= MaxLux) return lux;
        throw AtRail(
            $"It reads {_counts} counts, beyond the {MaxLux:0} lx it can measure.",
            "Shade the part or put it behind a diffuser. In the dark it is a line that nobody drives: check the wiring.");
    }

    private int Read()
    {
        ushort config = Configs[_range];
        if (ReadWord(ConfigRegister) != config)
        {
            WriteWord(ConfigRegister, (ushort)(config | ShutDown));
            WriteWord(ConfigRegister, config);
            Wait(Settling[_range]);
            ushort seen = ReadWord(ConfigRegister);
            if (seen != config) throw SettingsLost("configuration", config, seen);
        }

        return ReadWord(LightRegister);
    }

    // The low byte travels first.
    private ushort ReadWord(byte register) => BinaryPrimitives.ReverseEndianness(Bus.ReadWord(Address, register));

    private void WriteWord(byte register, ushort value) => Bus.WriteWord(Address, register, BinaryPrimitives.ReverseEndianness(value));
}
