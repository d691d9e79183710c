using ClawMesh.Edge.Core.Sites;

namespace ClawMesh.Edge.Hardware.Parts.I2c;

/// <summary>What tells TI's current monitors apart. Input n (from 0) has its shunt voltage in register 1 + 2n and its bus voltage in 2 + 2n.</summary>
internal sealed record PowerMonitorModel(string Driver, string Chip, int Inputs)
{
    /// <summary>Configuration register (0x00): one triggered measurement of shunt and bus, averaged.</summary>
    public required ushort Config { get; init; }

    /// <summary>The longest it can take, and a millisecond for the timer.</summary>
    public required TimeSpan Conversion { get; init; }

    /// <summary>Where it says that the measurement is ready.</summary>
    public required byte ReadyRegister { get; init; }

    public required ushort ReadyBit { get; init; }

    /// <summary>Volts a step, after the shift.</summary>
    public required double ShuntStep { get; init; }

    public int ShuntShift { get; init; }

    /// <summary>The register's ends.</summary>
    public required short ShuntHigh { get; init; }

    public required short ShuntLow { get; init; }

    /// <summary>Volts a step, after the shift.</summary>
    public required double BusStep { get; init; }

    public int BusShift { get; init; }

    public bool BusIsSigned { get; init; }

    /// <summary>The highest bus voltage as the register shows it, after the shift.</summary>
    public required int BusHigh { get; init; }

    /// <summary>The upper 12 bits of the die id in register 0xff; null for a part without one.</summary>
    public int? Die { get; init; }
}

/// <summary>
/// Voltage, current and power by a shunt. Current is computed here from the shunt's voltage, so the part's calibration register,
/// which a brown-out would clear, is not used.
/// </summary>
internal sealed class PowerMonitor(PartSite site, IReadOnlyDictionary<string, string> wiring, PowerMonitorModel model) : MeasuringChip(site, wiring, model.Chip)
{
    public const string ShuntKey = "shuntOhms";

    public const string InputKey = "input";

    private const byte ConfigRegister = 0x00;
    private const byte ManufacturerRegister = 0xfe;
    private const byte DieRegister = 0xff;
    private const int TexasInstruments = 0x5449;
    private const int Patience = 5;

    // The order of the slots of one input.
    private static readonly string[] Names = ["voltage", "current", "power", "shuntVoltage"];

    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(3);

    private readonly short[] _shunt = new short[model.Inputs];
    private readonly ushort[] _bus = new ushort[model.Inputs];

    /// <summary>The catalogue entry of a model.</summary>
    public static SensorPart PartOf(PowerMonitorModel model, string title, string datasheet, double maxVolts, string[] addresses)
    {
        var shunt = new PartKey(ShuntKey, PartKeyKind.Number, "the shunt's resistance in ohms; R100 on it means 0.1") { Min = 0.00001, Max = 100, Required = true };
        var input = new PartKey(InputKey, PartKeyKind.Whole, "the input, as printed on the board") { Min = 1, Max = model.Inputs, Required = true };
        return new SensorPart(
            model.Driver,
            title,
            datasheet,
            PartBus.I2c,
            // Amperes and watts depend on the shunt; no shunt there is takes more.
            [new(Names[0], "V", 0, maxVolts), new(Names[1], "A", -10_000, 10_000), new(Names[2], "W", -400_000, 400_000), new(Names[3], "V", -0.33, 0.33)],
            (site, binding) => new PowerSensor(site, binding, I2cChip.Of(site, binding.Wiring, model.Driver, () => new PowerMonitor(site, binding.Wiring, model))))
        {
            Addresses = addresses,
            Keys = model.Inputs > 1 ? [shunt, input] : [shunt],
        };
    }

    /// <summary>0x40 on, as two pins of four levels choose.</summary>
    public static string[] Addresses(int count)
    {
        var addresses = new string[count];
        for (int i = 0; i < count; i++) addresses[i] = $"0x{0x40 + i:x2}";
        return addresses;
    }

    /// <summary>The slot of a measure of an input, counted from 0.</summary>
    public static int Slot(int input, string measure) => (input * Names.Length) + Array.IndexOf(Names, measure);

    /// <summary>Volts across the shunt for current and shunt voltage, volts of the bus for voltage, their product for power: the caller divides by the shunt.</summary>
    protected override double ValueOf(int slot)
    {
        int input = slot / Names.Length;
        return (slot % Names.Length) switch
        {
            0 => Volts(input),
            2 => Volts(input) * ShuntVolts(input),
            _ => ShuntVolts(input),
        };
    }

    protected override void Identify()
    {
        if (model.Die is not { } die) return;
        int manufacturer = Bus.ReadWord(Address, ManufacturerRegister);
        int seen = Bus.ReadWord(Address, DieRegister);
        if (manufacturer == TexasInstruments && seen >> 4 == die) return;
        throw WrongChip(
            $"Its ids read 0x{manufacturer:x4} and 0x{seen:x4}; it must have 0x{TexasInstruments:x4} and 0x{die:x3}x.",
            "Correct the driver or the address in the site file: ina219, ina226 and ina3221 share their addresses.");
    }

    protected override void Measure()
    {
        Bus.WriteWord(Address, ConfigRegister, model.Config);
        Wait(model.Conversion);
        for (int i = 0; (Bus.ReadWord(Address, model.ReadyRegister) & model.ReadyBit) == 0; i++)
        {
            if (i == Patience) throw NotReady();
            Wait(Again);
        }

        for (int i = 0; i < _shunt.Length; i++)
        {
            _shunt[i] = (short)Bus.ReadWord(Address, (byte)(1 + (2 * i)));
            _bus[i] = Bus.ReadWord(Address, (byte)(2 + (2 * i)));
        }
    }

    private double Volts(int input)
    {
        // The part cannot measure below its ground; a set sign is an offset of a step or two.
        if (model.BusIsSigned && (short)_bus[input] < 0) return 0;
        int raw = _bus[input] >> model.BusShift;
        return raw < model.BusHigh
            ? raw * model.BusStep
            : throw AtRail(
                $"Its bus voltage{Where(input)} reads {raw * model.BusStep:0.##} V, the end of its range.",
                "Measure the voltage; above the part's limit it breaks.");
    }

    private double ShuntVolts(int input)
    {
        short raw = _shunt[input];
        return raw > model.ShuntLow && raw < model.ShuntHigh
            ? (raw >> model.ShuntShift) * model.ShuntStep
            : throw AtRail(
                $"Its shunt voltage{Where(input)} reads {(raw >> model.ShuntShift) * model.ShuntStep * 1000:0.#} mV, the end of its range.",
                "The current is too high for the shunt, or the shunt is open or not connected: check its wires, or use a smaller one.");
    }

    private string Where(int input) => model.Inputs > 1 ? $" of input {input + 1}" : "";

    private sealed class PowerSensor : PartSensor
    {
        private readonly PowerMonitor _chip;
        private readonly int _slot;
        private readonly double _perOhm;

        public PowerSensor(PartSite site, SensorBinding binding, PowerMonitor chip)
            : base(site, binding)
        {
            string measure = binding.Wiring.Text(PartWiring.MeasuresKey);
            _chip = chip;
            _slot = Slot(binding.Wiring.Optional(InputKey) is null ? 0 : binding.Wiring.Whole(InputKey) - 1, measure);
            _perOhm = measure is "current" or "power" ? 1 / binding.Wiring.Number(ShuntKey) : 1;
        }

        public override void Recover() => _chip.Bus.Reopen();

        protected override double Measure() => _chip.Value(_slot) * _perOhm;
    }
}
