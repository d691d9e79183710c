using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.Gpio;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Hardware;

namespace ClawMesh.Edge.Tests.Hardware.Buses.Gpio;

public sealed class GpioResolverTests
{
    private readonly FakeGpio _gpio = new(new ManualTime());

    [Fact]
    public void A_line_is_found_by_the_label_of_its_chip_and_its_name()
    {
        _gpio.AddChip("tegra234-gpio-aon", "PAA.00");
        _gpio.AddChip("tegra234-gpio", "PA.00", "", "PAC.06");

        GpioResolution found = GpioResolver.Resolve(_gpio, Target("tegra234-gpio", ["PAC.06", "PA.00"], [2, 0]));

        Assert.Equal(("/dev/gpiochip1", ""), (found.Chip.Path, found.Note));
        Assert.Equal([2, 0], found.Offsets);
    }

    [Fact]
    public void A_chip_is_found_by_its_own_name_and_a_line_by_its_offset_where_the_site_says_so()
    {
        _gpio.AddChip("mcp23017", "", "", "");

        Assert.Equal([2], GpioResolver.Resolve(_gpio, Target("gpiochip0", ["2"], [])).Offsets);
    }

    [Fact]
    public void A_line_without_a_name_on_the_board_is_taken_by_its_offset_whatever_the_kernel_calls_it()
    {
        _gpio.AddChip("tegra-gpio", "A", "B", "C");

        Assert.Equal([1], GpioResolver.Resolve(_gpio, Target("tegra-gpio", ["1"], [1])).Offsets);
    }

    [Fact]
    public void A_line_that_moved_is_followed_by_its_name_and_that_is_told()
    {
        _gpio.AddChip("tegra234-gpio", "", "PAC.06");

        GpioResolution found = GpioResolver.Resolve(_gpio, Target("tegra234-gpio", ["PAC.06"], [144]));

        Assert.Equal([1], found.Offsets);
        Assert.Contains("offset 1 of 'tegra234-gpio', not at 144", found.Note);
    }

    [Fact]
    public void A_missing_chip_is_told_with_the_chips_there_are()
    {
        _gpio.AddChip("tegra234-gpio", "PA.00");
        _gpio.AddChip("mcp23017", "");

        EdgeException fault = Fault(Target("tegra194-gpio", ["PA.00"], []));

        Assert.Equal(("gpio.no_chip", FailureClass.DeviceAbsent), (fault.Code, fault.FailureClass));
        Assert.Equal("This machine shows 'tegra234-gpio' (gpiochip0), 'mcp23017' (gpiochip1).", fault.Why);
    }

    [Fact]
    public void A_chip_that_may_not_be_opened_is_not_called_missing()
    {
        _gpio.AddChip("tegra234-gpio", "PA.00").Denied = true;

        EdgeException fault = Fault(Target("tegra234-gpio", ["PA.00"], []));

        Assert.Equal(("gpio.no_permission", FailureClass.Auth), (fault.Code, fault.FailureClass));
        Assert.Contains("/dev/gpiochip0", fault.What);
        Assert.Contains("GROUP=\"gpio\"", fault.Fix);
    }

    [Fact]
    public void Two_chips_of_one_label_are_refused_with_both_paths()
    {
        _gpio.AddChip("pca9555", "A");
        _gpio.AddChip("pca9555", "A");

        EdgeException fault = Fault(Target("pca9555", ["A"], []));

        Assert.Equal(("gpio.ambiguous", FailureClass.Config), (fault.Code, fault.FailureClass));
        Assert.Contains("/dev/gpiochip0 and /dev/gpiochip1", fault.Why);
    }

    [Theory]
    [InlineData("PZ.01", null, "gpio.no_line", "None of its lines has that name.")]
    [InlineData("PZ.01", 1, "gpio.line_mismatch", "at offset 1, where this kernel has 'PB.00'")]
    [InlineData("PZ.01", 2, "gpio.no_line", "offset 2, where the board file expects it, has no name")]
    [InlineData("PZ.01", 99, "gpio.no_line", "offset 99")]
    [InlineData("6", null, "gpio.no_line", "6 lines, from 0 on")]
    [InlineData("TWICE", null, "gpio.ambiguous", "lines 3 and 4")]
    [InlineData("0", null, "gpio.ambiguous", "line 5 carries that name")]
    public void A_line_that_is_not_certain_is_refused(string line, int? expected, string code, string why)
    {
        _gpio.AddChip("chip", "PA.00", "PB.00", "", "TWICE", "TWICE", "0");

        EdgeException fault = Fault(Target("chip", [line], expected is { } offset ? [offset] : []));

        Assert.Equal((code, FailureClass.Config), (fault.Code, fault.FailureClass));
        Assert.Contains(why, fault.Why);
    }

    [Fact]
    public void One_line_under_two_names_is_refused()
    {
        _gpio.AddChip("chip", "PA.00", "PB.00");

        Assert.Equal("gpio.ambiguous", Fault(Target("chip", ["PB.00", "1"], [])).Code);
    }

    private static GpioTarget Target(string chip, string[] lines, int[] offsets) => new(chip, lines, offsets, []);

    private EdgeException Fault(GpioTarget target) => Assert.Throws<EdgeException>(() => GpioResolver.Resolve(_gpio, target));
}
