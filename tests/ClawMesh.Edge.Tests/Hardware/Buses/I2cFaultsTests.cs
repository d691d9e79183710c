using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.I2c;
using ClawMesh.Edge.Hardware.Buses.Spi;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Buses;

public sealed class I2cFaultsTests : IDisposable
{
    private readonly ScratchDirectory _root = new();
    private readonly I2cFaults _faults;

    public I2cFaultsTests()
    {
        foreach (string node in new[] { "i2c-10", "i2c-2", "spidev0.0" }) Touch($"dev/{node}");
        _faults = new I2cFaults(_root.Path, "/dev/i2c-2");
    }

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData(6, "i2c.no_answer", FailureClass.DeviceAbsent)]
    [InlineData(19, "i2c.no_answer", FailureClass.DeviceAbsent)]
    [InlineData(121, "i2c.no_answer", FailureClass.DeviceAbsent)]
    [InlineData(110, "i2c.bus_stuck", FailureClass.BusIo)]
    [InlineData(11, "i2c.bus_stuck", FailureClass.BusIo)]
    [InlineData(95, "i2c.unsupported", FailureClass.Config)]
    [InlineData(13, "i2c.no_permission", FailureClass.Auth)]
    [InlineData(5, "i2c.failed", FailureClass.BusIo)]
    public void An_errno_of_a_transfer_has_a_name_and_a_class(int error, string code, FailureClass failureClass)
    {
        EdgeException fault = _faults.Of(error, 0x48, "read");

        Assert.Equal(code, fault.Code);
        Assert.Equal(failureClass, fault.FailureClass);
        Assert.Contains("/dev/i2c-2", fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_that_was_unplugged_is_not_a_part_that_is_silent()
    {
        File.Delete(Path.Combine(_root.Path, "dev/i2c-2"));

        Assert.Equal("i2c.no_adapter", _faults.Of(19, 0x48, "read").Code);
    }

    [Fact]
    public void An_address_in_use_names_the_kernel_s_driver_and_how_to_free_it()
    {
        string driver = Directory.CreateDirectory(Path.Combine(_root.Path, "sys/bus/i2c/drivers/lm75")).FullName;
        string client = Directory.CreateDirectory(Path.Combine(_root.Path, "sys/bus/i2c/devices/2-0048")).FullName;
        Directory.CreateSymbolicLink(Path.Combine(client, "driver"), driver);

        EdgeException fault = _faults.OfBusyAddress(0x48);

        Assert.Equal("i2c.address_busy", fault.Code);
        Assert.Contains("'lm75'", fault.Why, StringComparison.Ordinal);
        Assert.Contains("echo 2-0048 | sudo tee /sys/bus/i2c/drivers/lm75/unbind", fault.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_adapter_names_those_that_are_there_in_order()
    {
        EdgeException fault = new I2cFaults(_root.Path, "/dev/i2c-7").OfOpen(2);

        Assert.Equal("i2c.no_adapter", fault.Code);
        Assert.Contains("/dev/i2c-2, /dev/i2c-10.", fault.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_any_adapter_the_module_is_named()
    {
        using var empty = new ScratchDirectory();

        Assert.Contains("modprobe i2c-dev", new I2cFaults(empty.Path, "/dev/i2c-7").OfOpen(2).Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_of_others_names_a_group_to_join()
    {
        Assert.Contains("usermod -aG ", _faults.OfOpen(13).Fix, StringComparison.Ordinal);
        Assert.Equal("i2c.no_permission", _faults.OfOpen(13).Code);
        Assert.Equal("spi.no_permission", new SpiFaults(_root.Path, "/dev/spidev0.0").OfOpen(13).Code);
    }

    [Fact]
    public void A_missing_SPI_device_names_those_that_are_there()
    {
        EdgeException fault = new SpiFaults(_root.Path, "/dev/spidev1.0").OfOpen(2);

        Assert.Equal("spi.no_device", fault.Code);
        Assert.Contains("/dev/spidev0.0", fault.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void The_kernel_s_own_words_arrive_as_faults_of_the_bus()
    {
        Assert.Equal("i2c.no_adapter", Assert.Throws<EdgeException>(() => LinuxI2cBus.Open("/dev/i2c-2147483")).Code);
        Assert.Equal("spi.no_device", Assert.Throws<EdgeException>(() => LinuxSpiDevice.Open("/dev/spidev99.9", new SpiSettings(0, 1_000_000))).Code);
        // It opens, and knows no ioctl of an adapter.
        Assert.Equal("i2c.failed", Assert.Throws<EdgeException>(() => LinuxI2cBus.Open("/dev/null")).Code);
        Assert.Equal("spi.settings", Assert.Throws<EdgeException>(() => LinuxSpiDevice.Open("/dev/null", new SpiSettings(0, 1_000_000))).Code);
    }

    private void Touch(string path)
    {
        string full = Path.Combine(_root.Path, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, "");
    }
}
