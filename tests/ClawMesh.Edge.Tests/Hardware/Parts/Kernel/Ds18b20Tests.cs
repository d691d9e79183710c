using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Hardware;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Parts.Kernel;

public sealed class Ds18b20Tests : IDisposable
{
    private const string Devices = "sys/bus/w1/devices";
    private const string Serial = "28-0123456789ab";

    private readonly ScratchDirectory _root = new();
    private readonly OneSensor _sensor;

    public Ds18b20Tests()
    {
        _sensor = new OneSensor(new FakePorts { Root = _root.Path }, new ManualTime(), "°C", $"\"driver\": \"ds18b20\", \"serial\": \"{Serial}\"");
    }

    [Theory]
    [InlineData("22625\n", 22.625)]
    [InlineData("-10125\n", -10.125)]
    [InlineData("0\n", 0)]
    public async Task The_temperature_file_is_in_millidegrees(string text, double celsius)
    {
        Put("temperature", text);

        Assert.Equal(celsius, await _sensor.ValueAsync());
        Assert.Equal("1-wire", _sensor.Sensor.Info.Bus);
    }

    [Fact]
    public async Task An_older_kernel_s_file_is_read_too()
    {
        Put("w1_slave", "6a 01 4b 46 7f ff 06 10 67 : crc=67 YES\n6a 01 4b 46 7f ff 06 10 67 t=22625\n");
        Assert.Equal(22.625, await _sensor.ValueAsync());

        Put("w1_slave", "6a 01 4b 46 7f ff 06 10 67 : crc=12 NO\n6a 01 4b 46 7f ff 06 10 67 t=22625\n");
        Assert.Equal("w1.bad_checksum", (await _sensor.FaultAsync()).Code);
    }

    [Theory]
    [InlineData("temperature")]
    [InlineData("w1_slave")]
    public async Task An_empty_file_is_a_bad_checksum(string file)
    {
        Put(file, "");

        EdgeException fault = await _sensor.FaultAsync();

        Assert.Equal(("w1.bad_checksum", FailureClass.BusIo), (fault.Code, fault.FailureClass));
        Assert.Contains("4.7 kΩ", fault.Fix);
        Put("temperature", "1000\n");
        Put("w1_slave", "crc=67 YES\nt=1000\n");
        Assert.Equal(1, await _sensor.ValueAsync());
    }

    [Fact]
    public async Task A_missing_part_is_told_with_those_that_are_there()
    {
        EdgeException noBus = await _sensor.FaultAsync();
        _root.Put($"{Devices}/28-0000000000ff/temperature", "1\n");
        _root.Put($"{Devices}/w1_bus_master1/w1_master_slaves", "");
        EdgeException noPart = await _sensor.FaultAsync();

        Assert.Equal(("w1.no_part", "The kernel has no 1-wire bus."), (noBus.Code, noBus.Why));
        Assert.Equal(("w1.no_part", FailureClass.DeviceAbsent), (noPart.Code, noPart.FailureClass));
        Assert.EndsWith("there are 28-0000000000ff.", noPart.Why);
    }

    [Fact]
    public async Task The_power_on_value_is_no_temperature_unless_it_is_come_to_by_degrees()
    {
        Put("temperature", "21000\n");
        await _sensor.ValueAsync();
        Put("temperature", "85000\n");
        EdgeException fault = await _sensor.FaultAsync();

        Assert.Equal(("part.at_rail", FailureClass.OutOfRange), (fault.Code, fault.FailureClass));
        Assert.Contains("power-on", fault.Why);

        Put("temperature", "83500\n");
        await _sensor.ValueAsync();
        Put("temperature", "85000\n");
        Assert.Equal(85, await _sensor.ValueAsync());
    }

    public void Dispose()
    {
        _sensor.Dispose();
        _root.Dispose();
    }

    private void Put(string file, string text) => _root.Put($"{Devices}/{Serial}/{file}", text);
}
