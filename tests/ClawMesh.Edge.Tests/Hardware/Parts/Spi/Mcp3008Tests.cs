using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Readings;
using ClawMesh.Edge.TestKit.Hardware;

namespace ClawMesh.Edge.Tests.Hardware.Parts.Spi;

public sealed class Mcp3008Tests : IDisposable
{
    private readonly PartBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_line_that_nobody_drives_is_no_value()
    {
        ISensor sensor = Open((_, read) => read.Fill(0xff));

        EdgeException fault = await Assert.ThrowsAsync<EdgeException>(() => PartBench.ReadAsync(sensor));

        Assert.Equal("part.no_answer", fault.Code);
        Assert.Equal(FailureClass.DeviceAbsent, fault.FailureClass);
    }

    [Fact]
    public async Task The_frame_is_the_datasheet_s()
    {
        byte[] sent = [];
        ISensor sensor = Open((write, read) =>
        {
            sent = write.ToArray();
            read.Clear();
        });

        await PartBench.ReadAsync(sensor);

        Assert.Equal([0x01, 0xd0, 0x00], sent);
    }

    [Fact]
    public async Task A_device_that_is_not_there_is_a_fault_of_its_sensor_and_not_of_the_start()
    {
        ISensor sensor = Open(part: null);

        Assert.Equal("spi.no_device", (await Assert.ThrowsAsync<EdgeException>(() => PartBench.ReadAsync(sensor))).Code);
    }

    private ISensor Open(FakeSpiPart? part)
    {
        if (part is not null) _bench.Ports.Spi["/dev/spidev0.0"] = new FakeSpi(part);
        return _bench.Sensor("""{ "driver": "mcp3008", "device": "spidev0.0", "input": 5 }""", "V");
    }
}
