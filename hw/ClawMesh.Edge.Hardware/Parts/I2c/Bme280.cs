namespace ClawMesh.Edge.Hardware.Parts.I2c;

/// <summary>Temperature, humidity and pressure. Forced mode: each measurement brings its settings along.</summary>
internal sealed class Bme280(PartSite site, IReadOnlyDictionary<string, string> wiring) : MeasuringChip(site, wiring, "BME280")
{
    public const string Driver = "bme280";

    // Section 5.3, memory map.
    private const byte FirstCalibration = 0x88;
    private const byte SecondCalibration = 0xe1;
    private const byte IdRegister = 0xd0;
    private const byte HumidityControl = 0xf2;
    private const byte Status = 0xf3;
    private const byte MeasureControl = 0xf4;
    private const byte FirstResult = 0xf7;

    // 5.4.1.
    private const byte ChipId = 0x60;
    private const byte Bmp280Id = 0x58;

    // 5.4.3 and 5.4.5: one sample of each, forced mode; 5.4.4: a conversion is running.
    private const byte HumidityOnce = 0b001;
    private const byte OnceForced = (0b001 << 5) | (0b001 << 2) | 0b01;
    private const byte MeasuringBit = 1 << 3;

    // What a result reads that was never measured: 5.4.7 to 5.4.9.
    private const int NoTemperature = 0x80000;

    private const int Patience = 5;

    private static readonly PartMeasure[] Measures = [new("temp", "°C", -40, 85), new("humidity", "%", 0, 100), new("pressure", "hPa", 300, 1100)];

    public static readonly SensorPart Part = new(
        Driver,
        "Bosch BME280, temperature, humidity, pressure",
        "Bosch BST-BME280-DS002",
        PartBus.I2c,
        Measures,
        (site, binding) => new ChipSensor(
            site,
            binding,
            I2cChip.Of(site, binding.Wiring, Driver, () => new Bme280(site, binding.Wiring)),
            Array.FindIndex(Measures, m => m.Name == binding.Wiring.Text(PartWiring.MeasuresKey))))
    {
        Addresses = ["0x76", "0x77"],
    };

    // 9.1: 1.25 + 2.3 + 2.3 + 0.575 + 2.3 + 0.575 ms at most; the timer may be a millisecond early.
    private static readonly TimeSpan Conversion = TimeSpan.FromMilliseconds(11);
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(3);

    private Bme280Compensation? _calibration;
    private int _rawHumidity;
    private double _temperature;
    private double _humidity;
    private double _pressure;

    protected override void Identify()
    {
        byte id = Bus.ReadRegister(Address, IdRegister);
        if (id != ChipId)
        {
            throw WrongChip(
                $"Its id register reads 0x{id:x2}; a BME280 has 0x60{(id == Bmp280Id ? ". It is a BMP280, which measures no humidity" : "; 0x58 would be a BMP280, which measures no humidity")}.",
                id is 0x00 or 0xff ? "Check the wiring: all bits alike mean that nobody drives the line." : "Put in a BME280, or correct the address in the site file.");
        }

        Span<byte> first = stackalloc byte[Bme280Compensation.FirstLength];
        Span<byte> second = stackalloc byte[Bme280Compensation.SecondLength];
        Bus.ReadBlock(Address, FirstCalibration, first);
        Bus.ReadBlock(Address, SecondCalibration, second);
        _calibration = new Bme280Compensation(first, second);
    }

    protected override void Measure()
    {
        // 5.4.3: the humidity setting counts from the next write to ctrl_meas on.
        Bus.WriteRegister(Address, HumidityControl, HumidityOnce);
        Bus.WriteRegister(Address, MeasureControl, OnceForced);
        Wait(Conversion);
        for (int i = 0; (Bus.ReadRegister(Address, Status) & MeasuringBit) != 0; i++)
        {
            if (i == Patience) throw NotReady();
            Wait(Again);
        }

        // 4: results in one burst, so that they belong together.
        Span<byte> result = stackalloc byte[8];
        Bus.ReadBlock(Address, FirstResult, result);
        int rawPressure = (result[0] << 12) | (result[1] << 4) | (result[2] >> 4);
        int rawTemperature = (result[3] << 12) | (result[4] << 4) | (result[5] >> 4);
        _rawHumidity = (result[6] << 8) | result[7];
        if (rawTemperature == NoTemperature) throw NotReady();

        Bme280Compensation calibration = _calibration!;
        double fine = calibration.Fine(rawTemperature);
        _temperature = Bme280Compensation.Temperature(fine);
        _pressure = calibration.Pressure(fine, rawPressure) / 100;
        _humidity = calibration.Humidity(fine, _rawHumidity);
    }

    protected override double ValueOf(int slot)
    {
        double value = slot switch { 0 => _temperature, 1 => _humidity, _ => _pressure };
        PartMeasure measure = Measures[slot];
        if (value >= measure.Min && value <= measure.Max && (slot != 1 || _rawHumidity is > 0 and < 0xffff)) return value;
        throw AtRail(
            $"Its {measure.Name} comes to {value:0.##} {measure.Unit}; the part measures {measure.Min} to {measure.Max} {measure.Unit}.",
            "A wet or broken sensor reads like this: let it dry, then exchange it.");
    }
}
