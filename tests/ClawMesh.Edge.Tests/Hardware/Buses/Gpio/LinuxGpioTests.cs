using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.Gpio;

namespace ClawMesh.Edge.Tests.Hardware.Buses.Gpio;

/// <summary>What can be seen without a GPIO chip; the rest is for the kernel rig.</summary>
public sealed class LinuxGpioTests : IDisposable
{
    private readonly string _devices = Directory.CreateTempSubdirectory("clawmesh-gpio-").FullName;

    public void Dispose() => Directory.Delete(_devices, recursive: true);

    [Fact]
    public void A_file_that_is_no_chip_is_not_listed_and_a_link_is_not_followed()
    {
        File.WriteAllText(Path.Combine(_devices, "gpiochip0"), "no chip");
        File.CreateSymbolicLink(Path.Combine(_devices, "gpiochip4"), "/dev/null");

        Assert.Empty(new LinuxGpio(_devices).Chips());
        Assert.Empty(new LinuxGpio(Path.Combine(_devices, "nowhere")).Chips());
    }

    [Fact]
    public void A_chip_that_is_not_there_any_more_is_absent()
    {
        var port = new LinuxGpio(_devices);
        var chip = new GpioChip(Path.Combine(_devices, "gpiochip0"), "gpiochip0", "pca9555", 16);

        EdgeException asked = Assert.Throws<EdgeException>(() => port.Request(new GpioRequest(chip, [0], "test")));
        EdgeException looked = Assert.Throws<EdgeException>(() => port.Lines(chip));

        Assert.Equal(("gpio.no_chip", FailureClass.DeviceAbsent), (asked.Code, asked.FailureClass));
        Assert.Equal("gpio.no_chip", looked.Code);
    }

    [Fact]
    public void A_request_the_kernel_refuses_is_told_with_its_words()
    {
        string path = Path.Combine(_devices, "gpiochip0");
        File.WriteAllText(path, "no chip");

        EdgeException fault = Assert.Throws<EdgeException>(() => new LinuxGpio(_devices).Request(new GpioRequest(new GpioChip(path, "gpiochip0", "odd", 4), [1, 2], "test")));

        Assert.Equal(("gpio.failed", FailureClass.BusIo), (fault.Code, fault.FailureClass));
        Assert.Contains("lines 1, 2 of 'odd'", fault.What);
        Assert.Contains("errno 25", fault.Why);
    }

    [Fact]
    public void A_request_without_lines_or_with_more_than_64_is_a_mistake_of_the_caller()
    {
        var chip = new GpioChip("/dev/gpiochip0", "gpiochip0", "big", 128);

        Assert.Throws<ArgumentException>(() => new LinuxGpio(_devices).Request(new GpioRequest(chip, [], "test")));
        Assert.Throws<ArgumentException>(() => new LinuxGpio(_devices).Request(new GpioRequest(chip, [.. Enumerable.Range(0, 65)], "test")));
    }
}
