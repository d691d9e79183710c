using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.Hardware.Parts.I2c;
using ClawMesh.Edge.TestKit.Hardware;

namespace ClawMesh.Edge.Tests.Hardware.Parts.I2c;

public sealed class Bme280Tests : IDisposable
{
    private static readonly byte[] First = Convert.FromHexString("706b436718fc7d8e43d6d00b270b8c00f9ff8c3cf8c67017004b");
    private static readonly byte[] Second = Convert.FromHexString("7201001329031e");

    private readonly PartBench _bench = new();
    private readonly FakeByteChip _chip;

    public Bme280Tests()
    {
        _chip = _bench.I2c.Add(0x76, new FakeByteChip());
        _chip[0xd0] = 0x60;
        _chip.Set(0x88, First);
        _chip.Set(0xe1, Second);
        _chip.Set(0xf7, Convert.FromHexString("655ac07eed007530"));
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void The_formulas_in_double_agree_with_the_datasheet_s_formulas_in_integers()
    {
        var compensation = new Bme280Compensation(First, Second);
        for (int raw = 400_000; raw <= 600_000; raw += 7_919)
        {
            int fine = IntegerFine(raw);
            double x = compensation.Fine(raw);
            Assert.Equal(((fine * 5) + 128) >> 8, Bme280Compensation.Temperature(x) * 100, 1.0);
            for (int humidity = 20_000; humidity < 40_000; humidity += 1_777) Assert.Equal(IntegerHumidity(fine, humidity), compensation.Humidity(x, humidity), 0.05);
            for (int pressure = 300_000; pressure < 500_000; pressure += 9_973) Assert.Equal(IntegerPressure(fine, pressure), compensation.Pressure(x, pressure), 2.0);
        }
    }

    [Fact]
    public void Sensors_of_one_chip_share_a_measurement_for_a_quarter_of_a_second()
    {
        Func<double>[] read = [.. OpenAll().Select(PartBench.Inline)];
        _chip.Writes = [];

        foreach (Func<double> one in read) one();
        Assert.Equal(1, Measurements());
        _bench.Time.Advance(MeasuringChip.ShareFor + TimeSpan.FromMilliseconds(1));
        foreach (Func<double> one in read) one();
        Assert.Equal(2, Measurements());
    }

    [Fact]
    public void Who_asks_twice_gets_a_new_measurement_and_not_the_one_from_before()
    {
        Func<double> temperature = PartBench.Inline(OpenAll()[0]);
        double before = temperature();
        _chip.Set(0xfa, 0x80, 0xed, 0x00);

        Assert.True(temperature() > before + 2);
    }

    [Fact]
    public void A_BMP280_is_told_apart_and_a_BME280_in_its_place_is_taken()
    {
        Func<double> humidity = PartBench.Inline(OpenAll()[1]);
        _chip[0xd0] = 0x58;

        EdgeException fault = Assert.Throws<EdgeException>(() => humidity());
        _chip[0xd0] = 0x60;

        Assert.Equal("part.wrong_chip", fault.Code);
        Assert.Contains("0x58", fault.Why, StringComparison.Ordinal);
        Assert.Contains("no humidity", fault.Why, StringComparison.Ordinal);
        Assert.Equal(56.2, humidity(), 0.1);
    }

    [Fact]
    public void A_part_that_never_ends_its_measurement_is_given_up_in_time()
    {
        Func<double> temperature = PartBench.Inline(OpenAll()[0]);
        _chip[0xf3] = 0x08;
        long start = _bench.Time.GetTimestamp();

        Assert.Equal("part.not_ready", Assert.Throws<EdgeException>(() => temperature()).Code);
        Assert.InRange(_bench.Time.GetElapsedTime(start).TotalMilliseconds, 10, 50);
    }

    [Fact]
    public async Task A_silent_bus_is_a_fault_of_each_of_its_sensors_and_passes()
    {
        IReadOnlyList<ISensor> sensors = OpenAll();
        _bench.I2c.Fail(0x76, FakeI2cFault.Stuck);
        foreach (ISensor sensor in sensors) Assert.Equal("i2c.bus_stuck", (await Assert.ThrowsAsync<EdgeException>(() => PartBench.ReadAsync(sensor))).Code);
        _bench.I2c.Fail(0x76, FakeI2cFault.None);

        Assert.Equal(25.08, await PartBench.ReadAsync(sensors[0]), 0.01);
    }

    private IReadOnlyList<ISensor> OpenAll() => _bench.Open(
        [
            Entry("temp", "°C", 0, "i2c-1"),
            // The same bus by another name is the same chip.
            Entry("humidity", "%", 1, "/dev/i2c-1"),
            Entry("pressure", "hPa", 2, "i2c-1"),
        ],
        []).Sensors;

    private static System.Text.Json.Nodes.JsonObject Entry(string measures, string unit, int number, string bus) =>
        PartBench.SensorEntry($$"""{ "driver": "bme280", "bus": "{{bus}}", "measures": "{{measures}}" }""", unit, number);

    private int Measurements() => _chip.Writes!.Count(w => w.Register == 0xf4);

    // BST-BME280-DS002, 4.2.3.
    private static int IntegerFine(int raw)
    {
        int a = (((raw >> 3) - (27504 << 1)) * 26435) >> 11;
        int b = (((((raw >> 4) - 27504) * ((raw >> 4) - 27504)) >> 12) * -1000) >> 14;
        return a + b;
    }

    private static double IntegerHumidity(int fine, int raw)
    {
        const int h1 = 75, h2 = 370, h3 = 0, h4 = 313, h5 = 50, h6 = 30;
        int v = fine - 76800;
        v = (((raw << 14) - (h4 << 20) - (h5 * v) + 16384) >> 15) * (((((((v * h6) >> 10) * (((v * h3) >> 11) + 32768)) >> 10) + 2097152) * h2 + 8192) >> 14);
        v -= ((((v >> 15) * (v >> 15)) >> 7) * h1) >> 4;
        return (Math.Clamp(v, 0, 419430400) >> 12) / 1024.0;
    }

    private static double IntegerPressure(int fine, int raw)
    {
        long a = fine - 128000L;
        long b = (a * a * -7) + ((a * 140) << 17) + (2855L << 35);
        a = ((a * a * 3024) >> 8) + ((a * -10685) << 12);
        a = (((1L << 47) + a) * 36477) >> 33;
        long p = 1048576 - raw;
        p = ((p << 31) - b) * 3125 / a;
        a = (6000 * (p >> 13) * (p >> 13)) >> 25;
        b = (-14600 * p) >> 19;
        return (((p + a + b) >> 8) + (15500L << 4)) / 256.0;
    }
}
