using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses.I2c;
using ClawMesh.Edge.Hardware.Scan;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Hardware;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Scan;

public sealed class BusScanTests : IDisposable
{
    private static readonly BoardDefinition OrinNano = new BoardCatalog("/nonexistent").Read("orin-nano").Board!;

    private readonly ScratchDirectory _root = new();
    private readonly FakeGpio _gpio = new(TimeProvider.System);
    private readonly FakeI2cBus _header = new("/dev/i2c-7");
    private readonly FakeI2cBus _idBus = new("/dev/i2c-1");
    private readonly FakeI2cBus _inner = new("/dev/i2c-4");
    private readonly FakePorts _ports;

    public BusScanTests()
    {
        _ports = new FakePorts { Root = _root.Path, Gpio = _gpio };
        foreach (FakeI2cBus bus in (FakeI2cBus[])[_header, _idBus, _inner])
        {
            _ports.I2c[bus.Device] = bus;
            _root.Put($"sys/class/i2c-dev/{Path.GetFileName(bus.Device)}/name", $"adapter of {bus.Device}\n");
        }
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Addresses_that_answer_are_told_with_the_parts_that_can_have_them()
    {
        _header.Add(0x48, new FakeWordChip());
        _header.Add(0x76, new FakeByteChip { Writes = [] });

        ScannedAdapter bus = Adapter("/dev/i2c-7");

        Assert.Equal([0x48, 0x76], bus.Parts.Select(p => p.Address));
        Assert.Contains("ads1115", bus.Parts[0].CouldBe);
        Assert.Contains("bme280", bus.Parts[1].CouldBe);
        Assert.Equal(("header-i2c", "adapter of /dev/i2c-7", true, ""), (bus.BoardBus, bus.Name, bus.Probed, bus.Problem));
    }

    [Fact]
    public void Asking_writes_nothing_into_a_part()
    {
        var relays = _header.Add(0x20, new FakeByteChip { Writes = [] });

        Adapter("/dev/i2c-7");

        Assert.Empty(relays.Writes!);
        Assert.Empty(_gpio.Writes);
    }

    [Fact]
    public void An_address_of_the_kernel_is_told_with_its_driver_and_not_asked()
    {
        FileTree.Unpack("sys/bus/i2c/drivers/ina3221/bind:\nsys/bus/i2c/devices/1-0040/driver -> ../../drivers/ina3221\nsys/bus/i2c/devices/1-0050/name: unbound", _root.Path);
        _idBus.Fail(0x40, FakeI2cFault.Stuck);

        ScannedPart part = Assert.Single(Adapter("/dev/i2c-1").Parts);

        Assert.Equal((0x40, "kernel driver ina3221"), (part.Address, part.HeldBy));
        Assert.Equal("the module's own INA3221 power monitor of the module", part.CouldBe[0]);
    }

    [Fact]
    public void An_address_only_the_kernel_s_answer_shows_as_held_is_told_too()
    {
        _header.Fail(0x50, FakeI2cFault.BusyByKernel);

        Assert.Equal((0x50, "a kernel driver"), Assert.Single(Adapter("/dev/i2c-7").Parts) is var part ? (part.Address, part.HeldBy) : default);
    }

    [Fact]
    public void A_stuck_bus_ends_early_with_the_reason_and_what_to_do()
    {
        for (int address = 0x08; address <= 0x77; address++) _header.Fail(address, FakeI2cFault.Stuck);

        ScannedAdapter bus = Adapter("/dev/i2c-7");

        Assert.Equal(3, _header.Transfers);
        Assert.True(bus.Probed);
        Assert.Contains("A line is held low.", bus.Problem, StringComparison.Ordinal);
        Assert.Contains("Unplug the parts one by one.", bus.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void One_address_that_times_out_does_not_end_the_others()
    {
        _header.Fail(0x30, FakeI2cFault.Stuck);
        _header.Fail(0x31, FakeI2cFault.Stuck);
        _header.Add(0x76, new FakeByteChip());

        ScannedAdapter bus = Adapter("/dev/i2c-7");

        Assert.Equal((0x76, ""), (Assert.Single(bus.Parts).Address, bus.Problem));
    }

    [Fact]
    public void Only_the_header_s_buses_are_asked_unless_another_is_named()
    {
        _inner.Add(0x3c, new FakeByteChip());

        ScannedAdapter silent = Adapter("/dev/i2c-4");
        Assert.Equal((false, 0), (silent.Probed, _inner.Transfers));
        Assert.Contains("clawmesh-edge scan --bus i2c-4", silent.Problem, StringComparison.Ordinal);

        Assert.Equal(0x3c, Assert.Single(Adapter("/dev/i2c-4", "i2c-4").Parts).Address);
    }

    [Fact]
    public void On_an_unknown_board_nothing_is_asked_by_itself()
    {
        ScanFindings found = BusScan.Run(_ports, board: null, []);

        Assert.All(found.I2c, a => Assert.False(a.Probed));
        Assert.Equal(0, _header.Transfers + _idBus.Transfers + _inner.Transfers);
    }

    [Fact]
    public void A_named_bus_that_is_not_there_is_told()
    {
        ScannedAdapter bus = Adapter("/dev/i2c-9", "i2c-9");

        Assert.False(bus.Probed);
        Assert.Contains("i2c-dev", bus.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bus_this_user_may_not_open_is_told_with_the_way_in()
    {
        var closed = new ClosedPorts(_ports);

        ScannedAdapter bus = Assert.Single(BusScan.Run(closed, OrinNano, []).I2c, a => a.Device == "/dev/i2c-7");

        Assert.Contains("This user may not use the device", bus.Problem, StringComparison.Ordinal);
        Assert.Contains("usermod -aG i2c", bus.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_are_told_with_their_users_and_a_closed_chip_with_the_way_in()
    {
        FakeGpioChip chip = _gpio.AddChip("tegra234-gpio", "PA.00", "", "PAC.06");
        chip.Lines[2].TakeBy("motor");
        _gpio.AddChip("tegra234-gpio-aon", "PAA.00").Denied = true;

        IReadOnlyList<ScannedChip> found = BusScan.Run(_ports, OrinNano, []).Gpio;

        Assert.Equal(("tegra234-gpio", ""), (found[0].Chip.Label, found[0].Problem));
        Assert.Equal("motor", found[0].Lines[2].Consumer);
        Assert.Contains("this user may not open it", found[1].Problem, StringComparison.Ordinal);
        Assert.Contains("usermod", found[1].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_devices_are_told_by_kind_and_name()
    {
        FileTree.Unpack(
            """
            dev/spidev0.0:
            dev/ttyTHS1:
            dev/ttyS0:
            sys/bus/w1/devices/w1_bus_master1/name: w1_bus_master1
            sys/bus/w1/devices/28-0123456789ab/name: 28-0123456789ab
            sys/devices/32c0000.pwm/pwm/pwmchip0/npwm: 1
            sys/devices/32c0000.pwm/pwm/pwmchip0/device -> ../../../32c0000.pwm
            sys/class/pwm/pwmchip0 -> ../../devices/32c0000.pwm/pwm/pwmchip0
            sys/class/hwmon/hwmon0/name: ina3221
            sys/class/watchdog/watchdog0/identity: Tegra WDT
            """, _root.Path);

        IEnumerable<string> told = BusScan.Run(_ports, OrinNano, []).Devices.Select(d => $"{d.Kind} {d.Name} {d.Notes}".TrimEnd());

        Assert.Equal(["1-wire 28-0123456789ab DS18B20", "hwmon ina3221", "pwm 32c0000.pwm 1 channels", "serial ttyTHS1", "spi spidev0.0", "watchdog Tegra WDT"], told.Order(StringComparer.Ordinal));
    }

    private ScannedAdapter Adapter(string device, params string[] named) => Assert.Single(BusScan.Run(_ports, OrinNano, named).I2c, a => a.Device == device);

    // The kernel's refusal in the product's words.
    private sealed class ClosedPorts(FakePorts ports) : ClawMesh.Edge.Hardware.Buses.IHardwarePorts
    {
        public string Root => ports.Root;

        public ClawMesh.Edge.Hardware.Buses.Gpio.IGpioPort Gpio => ports.Gpio;

        public II2cBus OpenI2c(string device) => throw new I2cFaults(Root, device).OfOpen(ClawMesh.Edge.Native.Linux.Errno.Eacces);

        public ClawMesh.Edge.Hardware.Buses.Spi.ISpiDevice OpenSpi(string device, ClawMesh.Edge.Hardware.Buses.Spi.SpiSettings settings) => ports.OpenSpi(device, settings);

        public ClawMesh.Edge.Hardware.Buses.Serial.ISerialLine OpenSerial(string device, ClawMesh.Edge.Hardware.Buses.Serial.SerialSettings settings) => ports.OpenSerial(device, settings);

        public void Wait(TimeSpan span)
        {
        }
    }
}
