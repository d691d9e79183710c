using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Hardware;

namespace ClawMesh.Edge.Tests.Hardware.Parts.Serial;

public sealed class ModbusSensorTests
{
    private readonly ManualTime _time = new();
    private readonly FakePorts _ports = new();
    private readonly FakeModbusStation _station = new(1);
    private readonly FakeSerialLine _line;

    public ModbusSensorTests()
    {
        _line = new FakeSerialLine(_time, _station);
        _ports.Serial["/dev/ttyUSB0"] = _line;
    }

    // 123456 is 0x0001E240; −2 is 0xFFFFFFFE; 2.5 is 0x40200000 (IEEE 754).
    [Theory]
    [InlineData("u16", 0xFFFE, 0, 65534)]
    [InlineData("i16", 0xFFFE, 0, -2)]
    [InlineData("u32", 0x0001, 0xE240, 123456)]
    [InlineData("u32-swapped", 0xE240, 0x0001, 123456)]
    [InlineData("i32", 0xFFFF, 0xFFFE, -2)]
    [InlineData("i32-swapped", 0xFFFE, 0xFFFF, -2)]
    [InlineData("f32", 0x4020, 0x0000, 2.5)]
    [InlineData("f32-swapped", 0x0000, 0x4020, 2.5)]
    public async Task Every_type_reads_as_its_name_says(string type, int first, int second, double value)
    {
        (_station.Holding[8], _station.Holding[9]) = ((ushort)first, (ushort)second);
        using OneSensor sensor = Open($"\"register\": 8, \"type\": \"{type}\"");

        Assert.Equal(value, await sensor.ValueAsync());
        Assert.Equal(type.Contains("32", StringComparison.Ordinal) ? 2 : 1, _line.Written[0][5]);
    }

    [Fact]
    public async Task A_tank_s_pressure_becomes_metres_by_scale_and_offset()
    {
        _station.Input[0] = 2000;
        using OneSensor sensor = Open("\"register\": 0, \"table\": \"input\", \"scale\": 0.001, \"offset\": 0.15", unit: "m");

        Reading reading = await sensor.Sensor.ReadAsync(TestContext.Current.CancellationToken);

        Assert.Equal(2.15, reading.Value, tolerance: 1e-9);
        Assert.Equal(new Quantity("value", "m"), reading.Quantity);
        Assert.Equal("ttyUSB0", sensor.Sensor.Info.Bus);
        Assert.False(reading.Simulated);
    }

    [Fact]
    public async Task Not_a_number_and_the_word_for_nothing_measured_are_no_values()
    {
        (_station.Holding[0], _station.Holding[1]) = (0x7FC0, 0);
        using OneSensor real = Open("\"register\": 0, \"type\": \"f32\"");
        Assert.True(double.IsNaN(await real.ValueAsync()));

        _station.Holding[0] = 65535;
        using OneSensor whole = Open("\"register\": 0, \"invalid\": 65535");
        EdgeException fault = await whole.FaultAsync();

        Assert.Equal(("part.at_rail", FailureClass.OutOfRange), (fault.Code, fault.FailureClass));
        Assert.Contains("65535", fault.Why);
        _station.Holding[0] = 65534;
        Assert.Equal(65534, await whole.ValueAsync());
    }

    [Fact]
    public async Task A_port_that_is_not_there_is_a_fault_of_the_read_and_recovery_opens_it_again()
    {
        using OneSensor sensor = Open("\"register\": 0", port: "ttyUSB1");
        Assert.Equal("serial.no_port", (await sensor.FaultAsync()).Code);

        _station.Holding[0] = 5;
        _ports.Serial["/dev/ttyUSB1"] = _line;
        ((IRecoverableSensor)sensor.Sensor).Recover();

        Assert.Equal(5, await sensor.ValueAsync());
    }

    [Theory]
    [InlineData("\"register\": 65536", "sensors[0].register")]
    [InlineData("\"station\": 1", "sensors[0].register")]
    [InlineData("\"register\": 1, \"type\": \"f64\"", "sensors[0].type")]
    [InlineData("\"register\": 1, \"timeout\": \"3s\"", "sensors[0].timeout")]
    public void A_wrong_key_is_a_problem_of_the_site(string keys, string path)
    {
        string station = keys.Contains("station", StringComparison.Ordinal) ? "" : "\"station\": 1, ";
        Assert.Contains(OneSensor.Read("m", $"\"driver\": \"modbus\", \"port\": \"ttyUSB0\", {station}{keys}").Problems, p => p.Path == path);
    }

    private OneSensor Open(string keys, string unit = "l", string port = "ttyUSB0") =>
        new(_ports, _time, unit, $"\"driver\": \"modbus\", \"port\": \"{port}\", \"station\": 1, {keys}");
}
