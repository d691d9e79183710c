using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Parts.I2c;
using ClawMesh.Edge.TestKit.Hardware;

namespace ClawMesh.Edge.Tests.Hardware.Parts.I2c;

public sealed class I2cSensorTests : IDisposable
{
    private readonly PartBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Inputs_of_one_ADC_do_not_mix_up_their_conversions()
    {
        FakeWordChip adc = Adc();
        // Each input has another voltage, converted when a conversion is started.
        adc.Written = register =>
        {
            if (register == 1) adc[0] = (ushort)(1000 * (((adc[1] >> 12) & 7) - 3));
        };
        IReadOnlyList<ISensor> sensors = _bench.Open([.. Enumerable.Range(0, 4).Select(i => AdcEntry(i))], []).Sensors;

        double[] values = await Task.WhenAll(sensors.Select(s => PartBench.ReadAsync(s)));

        Assert.Equal([0.125, 0.25, 0.375, 0.5], values);
    }

    [Fact]
    public void A_conversion_that_takes_longer_is_waited_for_and_one_that_never_ends_is_not()
    {
        FakeWordChip adc = Adc();
        adc[0] = 8000;
        int busy = 3;
        adc.Reading = register =>
        {
            if (register == 1) adc[1] = (ushort)(busy-- > 0 ? adc[1] & 0x7fff : adc[1] | 0x8000);
        };
        Func<double> read = PartBench.Inline(_bench.Open([AdcEntry(0)], []).Sensors[0]);

        Assert.Equal(1, read());
        busy = 1000;
        Assert.Equal("part.not_ready", Assert.Throws<EdgeException>(() => read()).Code);
    }

    [Fact]
    public void An_ADC_that_was_reset_in_the_middle_gives_no_value_of_another_input()
    {
        FakeWordChip adc = Adc();
        adc.Reading = register =>
        {
            if (register == 1) adc[1] = 0x8583;
        };
        Func<double> read = PartBench.Inline(_bench.Open([AdcEntry(2)], []).Sensors[0]);

        Assert.Equal("part.settings_lost", Assert.Throws<EdgeException>(() => read()).Code);
    }

    [Fact]
    public void The_checksum_is_the_datasheet_s()
    {
        Assert.Equal(0x92, Sht3x.Checksum([0xbe, 0xef]));
    }

    [Fact]
    public void A_power_monitor_waits_until_its_averages_are_ready()
    {
        FakeWordChip chip = _bench.I2c.Add(0x40, new FakeWordChip());
        (chip[1], chip[2]) = (2000, 0x5d98);
        int busy = 2;
        chip.Reading = register =>
        {
            if (register == 2) chip[2] = (ushort)(busy-- > 0 ? 0x5d98 : 0x5d9a);
        };
        Func<double> read = PartBench.Inline(_bench.Sensor("""{ "driver": "ina219", "bus": "i2c-1", "measures": "power", "shuntOhms": 0.002 }""", "W"));

        Assert.Equal(119.8, read(), 0.001);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(30)]
    [InlineData(900)]
    [InlineData(5_000)]
    [InlineData(20_000)]
    public void Light_is_measured_in_the_range_that_fits_it(double lux)
    {
        var chip = new LightModel { Lux = lux };
        _bench.I2c.Add(0x10, chip);
        Func<double> read = PartBench.Inline(_bench.Sensor("""{ "driver": "veml7700", "bus": "i2c-1" }""", "lx"));

        double value = read();

        // A step of the finest range is 0.0336 lx; elsewhere a hundred counts are a hundredth.
        Assert.Equal(Veml7700.Straighten(lux), value, Math.Max(0.034, value * 0.02));
        Assert.Equal(read(), value);
    }

    [Fact]
    public void A_light_sensor_that_lost_its_supply_is_set_up_again()
    {
        var chip = new LightModel { Lux = 900 };
        _bench.I2c.Add(0x10, chip);
        Func<double> read = PartBench.Inline(_bench.Sensor("""{ "driver": "veml7700", "bus": "i2c-1" }""", "lx"));
        double before = read();
        chip[0] = 0x0100;

        Assert.Equal(before, read(), 10.0);
    }

    [Theory]
    [MemberData(nameof(Parts))]
    public void A_sample_allocates_nothing(string keys, string unit)
    {
        Populate();
        // The test's clock allocates when it moves.
        _bench.Ports.Waits = static _ => { };
        Func<double> read = PartBench.Inline(_bench.Sensor(keys, unit));
        for (int i = 0; i < 100; i++) read();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++) read();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
    }

    public static TheoryData<string, string> Parts() => new()
    {
        { """{ "driver": "ads1115", "bus": "i2c-1", "input": "0" }""", "V" },
        { """{ "driver": "bme280", "bus": "i2c-1", "measures": "humidity" }""", "%" },
        { """{ "driver": "sht3x", "bus": "i2c-1", "measures": "temp" }""", "°C" },
        { """{ "driver": "ina219", "bus": "i2c-1", "measures": "power", "shuntOhms": 0.1 }""", "W" },
        { """{ "driver": "ina226", "bus": "i2c-1", "address": "0x41", "measures": "current", "shuntOhms": 0.1 }""", "A" },
        { """{ "driver": "ina3221", "bus": "i2c-1", "address": "0x42", "measures": "voltage", "input": 2, "shuntOhms": 0.1 }""", "V" },
        { """{ "driver": "veml7700", "bus": "i2c-1" }""", "lx" },
        { """{ "driver": "bh1750", "bus": "i2c-1" }""", "lx" },
        { """{ "driver": "mcp3008", "device": "spidev0.0", "input": 3 }""", "V" },
    };

    private void Populate()
    {
        Adc()[0] = 1000;
        FakeByteChip bme = _bench.I2c.Add(0x76, new FakeByteChip());
        bme[0xd0] = 0x60;
        bme.Set(0x88, Convert.FromHexString("706b436718fc7d8e43d6d00b270b8c00f9ff8c3cf8c67017004b"));
        bme.Set(0xe1, Convert.FromHexString("7201001329031e"));
        bme.Set(0xf7, Convert.FromHexString("655ac07eed007530"));
        _bench.I2c.Add(0x44, new FakeCommandChip()).Answer([0x24, 0x00], Convert.FromHexString("6000d4666693"));
        _bench.I2c.Add(0x23, new FakeCommandChip()).Answer([0x20], [0x83, 0x90]);
        foreach ((int address, int ready, int bit, int die) in new[] { (0x40, 2, 2, 0), (0x41, 6, 8, 0x2260), (0x42, 15, 1, 0x3220) })
        {
            FakeWordChip monitor = _bench.I2c.Add(address, new FakeWordChip());
            monitor[ready] = (ushort)bit;
            (monitor[0xfe], monitor[0xff]) = (0x5449, (ushort)die);
        }

        _bench.I2c.Add(0x10, new LightModel { Lux = 500 });
        var adc = new FakeMcp3008();
        adc.Inputs[3] = 512;
        _bench.Ports.Spi["/dev/spidev0.0"] = new FakeSpi(adc.Transfer);
    }

    private FakeWordChip Adc() => _bench.I2c.Add(0x48, new FakeWordChip());

    private static System.Text.Json.Nodes.JsonObject AdcEntry(int input) =>
        PartBench.SensorEntry($$"""{ "driver": "ads1115", "bus": "i2c-1", "input": "{{input}}" }""", "V", input);

    // A VEML7700 whose counts follow gain and integration time; its registers hold the byte that travels first in the upper half.
    private sealed class LightModel : FakeWordChip
    {
        public double Lux { get; init; }

        public override void Read(Span<byte> bytes)
        {
            int config = (ushort)((this[0] << 8) | (this[0] >> 8));
            double gain = ((config >> 11) & 3) switch { 0 => 1, 1 => 2, 2 => 0.125, _ => 0.25 };
            double time = ((config >> 6) & 15) switch { 0b1100 => 0.25, 0b1000 => 0.5, 0 => 1, _ => 8 };
            int counts = (int)Math.Min(65535, Lux / 0.0672 * gain * time);
            this[4] = (ushort)((counts << 8) | (counts >> 8));
            base.Read(bytes);
        }
    }
}
