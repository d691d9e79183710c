using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Boards;

public sealed class BoardConflictsTests : IDisposable
{
    private readonly ScratchDirectory _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_site_that_fits_has_no_conflict() => Assert.Empty(Files(
        WiringBench.OnPin("a", 29), WiringBench.OnPin("b", 31), WiringBench.Output("c", "pwm", "pwmChip=32c0000.pwm", "pwmChannel=0"),
        WiringBench.Sensor("t", "bme280", "bus=header-i2c", "address=0x76"), WiringBench.Sensor("h", "bme280", "bus=header-i2c", "address=0x76"),
        WiringBench.Sensor("u", "bme280", "bus=header-i2c-id", "address=0x76")));

    [Theory]
    [InlineData("PQ.05")]
    [InlineData("105")]
    public void Two_names_of_one_line_are_one_line(string line)
    {
        BoardConflict conflict = Assert.Single(Files(WiringBench.OnPin("a", 29), WiringBench.Output("b", "relay", "line.chip=tegra234-gpio", $"line.lines={line}")));

        Assert.Equal((ProblemSeverity.Error, "actuator:valve:b"), (conflict.Severity, conflict.Ref));
        Assert.Contains("pin 29 is used by 'actuator:valve:a' too", conflict.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_off_the_header_has_one_user_too() => Assert.Contains(
        "line 3 of expander is used by", Assert.Single(Files(
            WiringBench.Sensor("a", "contact", "line.chip=expander", "line.lines=3"), WiringBench.Output("b", "relay", "line.chip=expander", "line.lines=3"))).What,
        StringComparison.Ordinal);

    [Fact]
    public void Flow_and_volume_of_one_meter_share_its_line_and_nobody_else_does()
    {
        SensorBinding flow = WiringBench.Sensor("flow", "pulse-flow", WiringBench.GpioWiring(29));
        SensorBinding volume = WiringBench.Sensor("volume", "pulse-flow", WiringBench.GpioWiring(29));

        Assert.Empty(Files(flow, volume));
        BoardConflict conflict = Assert.Single(Files(flow, volume, WiringBench.OnPin("a", 29)));
        Assert.Equal(("actuator:valve:a", "sensor:flow"), (conflict.Ref, conflict.Other));
    }

    [Fact]
    public void A_contact_of_one_part_is_no_output_of_another() => Assert.Contains(
        "pin 31 is used by 'actuator:valve:a' too", Assert.Single(Files(
            WiringBench.Output("a", "contactor", [.. WiringBench.GpioWiring(29), .. WiringBench.GpioWiring(31, "feedback")]), WiringBench.OnPin("b", 31))).What,
        StringComparison.Ordinal);

    [Fact]
    public void Two_users_of_a_PWM_channel_are_found() => Assert.Contains(
        "a channel has one user", Assert.Single(Files(
            WiringBench.Output("a", "pwm", "pwmChip=pwmchip3", "pwmChannel=1"), WiringBench.Output("b", "pwm", "pwmChip=pwmchip3", "pwmChannel=1"))).What,
        StringComparison.Ordinal);

    [Fact]
    public void A_pin_cannot_be_a_GPIO_and_carry_PWM()
    {
        BoardConflict conflict = Assert.Single(Files(WiringBench.Output("a", "pwm", "pwmChip=32c0000.pwm", "pwmChannel=0"), WiringBench.OnPin("b", 33)));

        Assert.Contains("pin 33 is a GPIO of 'actuator:valve:b' and carries the PWM of 'actuator:valve:a'", conflict.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_PWM_channel_that_comes_out_nowhere_may_be_the_fan_s()
    {
        BoardConflict conflict = Assert.Single(Files(WiringBench.Output("a", "pwm", "pwmChip=32a0000.pwm", "pwmChannel=0")));

        Assert.Equal(ProblemSeverity.Warning, conflict.Severity);
        Assert.Contains("fan", conflict.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pin_of_a_bus_in_use_is_no_GPIO()
    {
        BoardConflict conflict = Assert.Single(Files(WiringBench.OnPin("a", 19), WiringBench.Sensor("s", "adc", "device=header-spi")));

        Assert.Contains("pin 19 belongs to header-spi (pins 19, 21, 23, 24), which 'sensor:s' uses", conflict.What, StringComparison.Ordinal);
        Assert.Empty(Files(WiringBench.OnPin("a", 19), WiringBench.Sensor("s", "adc", "device=header-spi-b")));
    }

    [Fact]
    public void An_output_on_a_pin_that_only_listens_moves_nothing()
    {
        BoardDefinition xavier = new BoardCatalog("/nonexistent").Read("agx-xavier").Board!;
        Site site = WiringBench.Site(WiringBench.Output("a", "relay", "line.chip=tegra194-gpio", "line.lines=PR.05"));

        Assert.Contains("pin 36 is an input only by the carrier", Assert.Single(BoardConflicts.Find(site, xavier, null, null)).What, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_kinds_of_part_at_one_address_are_found_whatever_the_bus_is_called()
    {
        BoardConflict conflict = Assert.Single(Files(WiringBench.Sensor("a", "ads1115", "bus=header-i2c", "address=0x48"), WiringBench.Sensor("b", "ina219", "bus=i2c-7", "address=0x48")));

        Assert.Contains("address 0x48 on i2c-7 is 'sensor:a', a ads1115; here it is a ina219", conflict.What, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_outputs_with_one_wiring_are_one_output() => Assert.Contains(
        "its wiring is that of 'actuator:valve:a'", Assert.Single(Files(
            WiringBench.Output("a", "mcp23017", "bus=header-i2c", "address=0x20", "output=3"), WiringBench.Output("b", "mcp23017", "bus=header-i2c", "address=0x20", "output=3"),
            WiringBench.Output("c", "mcp23017", "bus=header-i2c", "address=0x20", "output=4"))).What,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("header-i2c-id")]
    [InlineData("i2c-1")]
    [InlineData("/dev/i2c-1")]
    public void The_module_s_own_INA3221_is_told_in_words(string bus)
    {
        BoardConflict conflict = Assert.Single(Files(WiringBench.Output("a", "pca9685", $"bus={bus}", "address=0x40", "output=1")));

        Assert.Equal(ProblemSeverity.Error, conflict.Severity);
        Assert.Contains("pins 27/28 share the bus with the INA3221 power monitor of the module at 0x40", conflict.What, StringComparison.Ordinal);
        Assert.Contains("UU", conflict.What, StringComparison.Ordinal);
        Assert.Contains("a PCA9685 leaves the factory at 0x40", conflict.Fix, StringComparison.Ordinal);
        Assert.Contains("header-i2c (pins 3, 5)", conflict.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_of_one_serial_line_have_one_speed_and_stations_of_their_own()
    {
        string[] at(string port, string baud, string station) => [$"port={port}", $"baud={baud}", "parity=none", "stopBits=1", $"station={station}"];

        BoardConflict speed = Assert.Single(Files(WiringBench.Sensor("a", "modbus", at("header-serial", "9600", "1")), WiringBench.Sensor("b", "modbus", at("/dev/ttyTHS1", "19200", "2"))));
        BoardConflict station = Assert.Single(Files(WiringBench.Sensor("a", "modbus", at("header-serial", "9600", "1")), WiringBench.Output("b", "modbus-relay", at("ttyTHS1", "9600", "1"))));

        Assert.Contains("a line has one speed", speed.What, StringComparison.Ordinal);
        Assert.Contains("station 1 on ttyTHS1 is 'sensor:a'", station.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pad_that_is_muxed_elsewhere_is_a_conflict_with_its_overlay()
    {
        var pinmux = new PinmuxTable("boot", "orin-nano", [new PinmuxEntry(29, 0x02430068, new PadRegister(0x400))]);

        BoardConflict conflict = Assert.Single(BoardConflicts.Find(WiringBench.Site(WiringBench.OnPin("a", 29)), WiringBench.OrinNano, null, pinmux));

        Assert.Contains("bit 10 is 1", conflict.What, StringComparison.Ordinal);
        Assert.Contains("nvidia,pins", conflict.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_is_there_and_free_is_no_conflict() =>
        Assert.Empty(Here([ListedPorts.Line(105, "PQ.05")], WiringBench.OnPin("a", 29)));

    [Fact]
    public void A_line_this_node_holds_is_no_conflict() =>
        Assert.Empty(Here([ListedPorts.Line(105, "PQ.05", "clawmesh:valve:a", used: true)], WiringBench.OnPin("a", 29)));

    [Theory]
    [InlineData("motor", "held by 'motor'")]
    [InlineData("", "held by the kernel")]
    public void A_line_somebody_holds_is_told_with_the_holder(string consumer, string told)
    {
        BoardConflict conflict = Assert.Single(Here([ListedPorts.Line(105, "PQ.05", consumer, used: true)], WiringBench.OnPin("a", 29)));

        Assert.Contains(told, conflict.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_at_another_offset_is_a_warning_and_the_name_counts()
    {
        BoardConflict conflict = Assert.Single(Here([ListedPorts.Line(105, "PQ.04"), ListedPorts.Line(120, "PQ.05")], WiringBench.OnPin("a", 29)));

        Assert.Equal(ProblemSeverity.Warning, conflict.Severity);
        Assert.Contains("at offset 120", conflict.What, StringComparison.Ordinal);
        Assert.Contains("not at 105", conflict.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_the_kernel_does_not_have_is_an_error_whatever_lies_at_the_offset()
    {
        BoardConflict conflict = Assert.Single(Here([ListedPorts.Line(105, "PX.01")], WiringBench.OnPin("a", 29)));

        Assert.Equal((ProblemSeverity.Error, FailureClass.Config), (conflict.Severity, conflict.Class));
        Assert.Contains("no line 'PQ.05'", conflict.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chip_that_is_not_there_is_told_with_those_that_are()
    {
        Site site = WiringBench.Site(WiringBench.Output("a", "relay", "line.chip=nowhere", "line.lines=1"));

        BoardConflict conflict = Assert.Single(BoardConflicts.Find(site, WiringBench.OrinNano, new ListedPorts(_root.Path, ListedPorts.Orin()), null));

        Assert.Equal(FailureClass.DeviceAbsent, conflict.Class);
        Assert.Contains("This machine shows 'tegra234-gpio' (gpiochip0)", conflict.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chip_that_may_not_be_opened_is_a_matter_of_groups()
    {
        var ports = new ListedPorts(_root.Path, (new("/dev/gpiochip0", "", "", 0), []));

        BoardConflict conflict = Assert.Single(BoardConflicts.Find(WiringBench.Site(WiringBench.OnPin("a", 29)), WiringBench.OrinNano, ports, null));

        Assert.Equal(FailureClass.Auth, conflict.Class);
        Assert.Contains("Could not open '/dev/gpiochip0'", conflict.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_that_cannot_be_asked_is_told_once()
    {
        var ports = new ListedPorts(_root.Path) { Fault = new EdgeException("gpio.failed", "w", "the bus is gone", "f", FailureClass.BusIo) };

        BoardConflict conflict = Assert.Single(BoardConflicts.Find(WiringBench.Site(WiringBench.OnPin("a", 29), WiringBench.OnPin("b", 31)), WiringBench.OrinNano, ports, null));

        Assert.Contains("the bus is gone", conflict.What, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_a_driver_of_the_kernel_holds_is_told_with_its_name()
    {
        Directory.CreateDirectory(_root.At("sys/bus/i2c/drivers/bmp280"));
        Directory.CreateDirectory(_root.At("sys/bus/i2c/devices/7-0076"));
        File.CreateSymbolicLink(_root.At("sys/bus/i2c/devices/7-0076/driver"), _root.At("sys/bus/i2c/drivers/bmp280"));

        BoardConflict conflict = Assert.Single(Here(
            [], WiringBench.Sensor("t", "bme280", "bus=header-i2c", "address=0x76"), WiringBench.Sensor("h", "bme280", "bus=header-i2c", "address=0x76"),
            WiringBench.Sensor("x", "sht3x", "bus=header-i2c", "address=0x44")));

        Assert.Equal("sensor:t", conflict.Ref);
        Assert.Contains("held by 'bmp280' (7-0076)", conflict.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bus_whose_number_differs_is_found_by_its_controller()
    {
        Directory.CreateDirectory(_root.At("sys/devices/c240000.i2c/i2c-4/i2c-dev/i2c-4"));
        Directory.CreateDirectory(_root.At("sys/class/i2c-dev"));
        File.CreateSymbolicLink(_root.At("sys/class/i2c-dev/i2c-4"), _root.At("sys/devices/c240000.i2c/i2c-4/i2c-dev/i2c-4"));

        Assert.Contains("INA3221", Assert.Single(Here([], WiringBench.Sensor("a", "ina219", "bus=i2c-4", "address=0x40"))).What, StringComparison.Ordinal);
        Assert.Empty(Here([], WiringBench.Sensor("a", "ina219", "bus=i2c-1", "address=0x40")));
    }

    private static IReadOnlyList<BoardConflict> Files(params object[] parts) => BoardConflicts.Find(WiringBench.Site(parts), WiringBench.OrinNano, ports: null, pinmux: null);

    private IReadOnlyList<BoardConflict> Here(ClawMesh.Edge.Hardware.Buses.Gpio.GpioLine[] lines, params object[] parts) =>
        BoardConflicts.Find(WiringBench.Site(parts), WiringBench.OrinNano, new ListedPorts(_root.Path, ListedPorts.Orin(lines)), pinmux: null);
}
