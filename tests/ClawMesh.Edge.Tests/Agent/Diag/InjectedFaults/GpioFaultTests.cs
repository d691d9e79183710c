using ClawMesh.Edge.Agent.Diag;
using ClawMesh.Edge.Core.Errors;
using static ClawMesh.Edge.Tests.Agent.Diag.InjectedFaults.HealthyFarm;

namespace ClawMesh.Edge.Tests.Agent.Diag.InjectedFaults;

/// <summary>Lines, pads and PWM channels: one fault each, its cause named, its fix followed, and all is green again.</summary>
public sealed class GpioFaultTests : IDisposable
{
    private readonly HealthyFarm _farm = new();

    public void Dispose() => _farm.Dispose();

    [Fact]
    public async Task A_chip_this_kernel_calls_otherwise_is_told_with_the_chips_there_are()
    {
        _farm.Edit(_ => Rewire("tegra186-gpio", "PQ.05"));

        CheckOutcome valve = await _farm.DiagnosedAsync(Valve1, CheckStatus.Fail, FailureClass.DeviceAbsent, Wiring);

        Names(valve, "clawmesh-edge scan", "'tegra186-gpio'", "'tegra234-gpio'");
        _farm.Edit(_ => Rewire("tegra234-gpio", "PQ.05"));
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_GPIO_chip_this_user_may_not_open_is_told_with_the_commands_that_open_it()
    {
        _farm.Chip.Denied = true;

        CheckOutcome valve = await _farm.DiagnosedAsync(Valve1, CheckStatus.Fail, FailureClass.Auth, Door, Wiring);

        Names(valve, "sudo usermod -aG", "'/dev/gpiochip0'", "This user may not");
        _farm.Chip.Denied = false;
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_line_somebody_holds_is_told_with_the_holder_and_how_to_find_the_process()
    {
        _farm.Chip.Lines[105].TakeBy("pump-daemon");

        CheckOutcome valve = await _farm.DiagnosedAsync(Valve1, CheckStatus.Fail, FailureClass.Config, Wiring);

        Names(valve, "sudo fuser -v /dev/gpiochip0", "PQ.05", "tegra234-gpio", "'pump-daemon'");
        _farm.Chip.Lines[105].Release();
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_contact_whose_line_the_kernel_holds_is_not_asked()
    {
        _farm.Chip.Lines[106].TakeBy("");

        CheckOutcome door = await _farm.DiagnosedAsync(Door, CheckStatus.Fail, FailureClass.Config, Wiring);

        Names(door, "take the line out of the device tree", "PQ.06", "held by the kernel");
        _farm.Chip.Lines[106].Release();
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_line_this_kernel_has_no_name_for_is_told_with_what_stands_at_its_offset()
    {
        FakeLines("PQ.05", "PQ.05-renamed");

        CheckOutcome valve = await _farm.DiagnosedAsync(Valve1, CheckStatus.Fail, FailureClass.Config, Wiring);

        Names(valve, "clawmesh-edge scan", "has no line 'PQ.05'", "offset 105", "'PQ.05-renamed'");
        FakeLines("PQ.05-renamed", "PQ.05");
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_line_at_another_offset_works_and_is_a_warning()
    {
        FakeLines("PQ.05", "");
        FakeLines("", "PQ.05", from: 150);

        CheckOutcome valve = await _farm.DiagnosedAsync(Valve1, CheckStatus.Warn, FailureClass.Config);

        Names(valve, "Nothing to do when this kernel is another", "'PQ.05' is at offset 150", "not at 105", "its name decides");
    }

    [Fact]
    public async Task Two_parts_on_one_line_are_both_named_and_neither_is_asked()
    {
        _farm.Edit(_ =>
        {
            System.Text.Json.Nodes.JsonObject door = _farm.Entry(Door);
            door.Remove("pin");
            (door["chip"], door["line"]) = ("tegra234-gpio", "105");
        });

        IReadOnlyList<CheckResult> results = await _farm.DiagAsync();
        CheckOutcome valve = await _farm.DiagnosedAsync(Valve1, CheckStatus.Fail, FailureClass.Config, Wiring);

        Names(valve, "Choose a free one", "pin 29", "'sensor:door:house'");
        Assert.Equal(CheckStatus.Skip, Find(results, Door).Status);
        Assert.Contains("'actuator:valve:bed-1' names its line too", Find(results, Door).Summary, StringComparison.Ordinal);
        _farm.Edit(_ => _farm.Entry(Door)["line"] = "PQ.06");
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_pad_that_belongs_to_a_special_function_is_told_by_pin_register_and_bit_with_its_overlay()
    {
        _farm.Probe(pin29: 0x440);

        CheckOutcome valve = await _farm.DiagnosedAsync(Valve1, CheckStatus.Fail, FailureClass.Config, Wiring, Pinmux);

        Names(valve, "nvidia,pins = \"soc_gpio32_pq5\"; nvidia,gpio-mode = <0>; nvidia,tristate = <0>", "pin 29", "0x02430068", "bit 10 is 1 and must be 0", "SFIO");
        // What the overlay writes: bit 10 and bit 4 clear, bit 6 set.
        _farm.Probe(pin29: 0x40);
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_pad_whose_driver_is_off_is_told_by_its_bit()
    {
        _farm.Probe(pin29: 0x50);

        CheckOutcome valve = await _farm.DiagnosedAsync(Valve1, CheckStatus.Fail, FailureClass.Config, Wiring, Pinmux);

        Names(valve, "nvidia,tristate = <0>", "pin 29", "bit 4 is 1 and must be 0", "tristate");
        _farm.Probe();
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_probe_of_another_boot_is_skipped_with_the_reason_and_judges_nothing()
    {
        _farm.Probe(pin29: 0x440, boot: "of-yesterday");

        await _farm.AssertGreenAsync();
        CheckOutcome pinmux = Find(await _farm.DiagAsync(), Pinmux);

        Assert.Equal(CheckStatus.Skip, pinmux.Status);
        Assert.Contains("from another boot", pinmux.Summary, StringComparison.Ordinal);
        Assert.Contains("sudo clawmesh-edge board probe-pinmux", pinmux.Summary, StringComparison.Ordinal);
        _farm.Probe();
        Assert.Equal(CheckStatus.Pass, Find(await _farm.DiagAsync(), Pinmux).Status);
    }

    [Fact]
    public async Task A_PWM_controller_that_is_off_is_told_with_those_there_are()
    {
        File.Delete(_farm.At("sys/bus/platform/devices/32c0000.pwm"));
        File.Delete(_farm.At("sys/class/pwm/pwmchip0"));

        CheckOutcome fan = await _farm.DiagnosedAsync(Fan, CheckStatus.Fail, FailureClass.DeviceAbsent, Wiring);

        Names(fan, "jetson-io.py", "'32c0000.pwm'", "there is none");
        _farm.Machine("sys/bus/platform/devices/32c0000.pwm -> ../../../devices/platform/bus@0/32c0000.pwm\nsys/class/pwm/pwmchip0 -> ../../devices/platform/bus@0/32c0000.pwm/pwm/pwmchip0");
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_PWM_channel_a_driver_of_the_kernel_holds_is_told_with_the_driver()
    {
        _farm.Machine("sys/kernel/debug/pwm: 0: platform/32a0000.pwm, 1 PWM device\\n pwm-0   (pwm-fan             ): requested enabled\\n\\n1: platform/32c0000.pwm, 1 PWM device\\n pwm-0   (pwm-backlight       ): requested");

        CheckOutcome fan = await _farm.DiagnosedAsync(Fan, CheckStatus.Fail, FailureClass.Config, Wiring);

        Names(fan, "Choose another channel", "Channel 0 of '32c0000.pwm'", "'pwm-backlight'");
        _farm.Machine("sys/kernel/debug/pwm: 1: platform/32c0000.pwm, 1 PWM device\\n pwm-0   (sysfs               ): requested");
        await _farm.AssertGreenAsync();
    }

    [Fact]
    public async Task A_PWM_channel_that_the_controller_does_not_have_is_told_with_those_it_has()
    {
        _farm.Edit(_ =>
        {
            System.Text.Json.Nodes.JsonObject fan = _farm.Entry(Fan);
            fan.Remove("pin");
            (fan["pwmChip"], fan["pwmChannel"]) = ("pwmchip0", 2);
        });

        CheckOutcome fan = await _farm.DiagnosedAsync(Fan, CheckStatus.Fail, FailureClass.Config, Wiring);

        Names(fan, "Correct pwmChannel", "channels 0 to 0", "names 2");
        _farm.Edit(_ => _farm.Entry(Fan)["pwmChannel"] = 0);
        await _farm.AssertGreenAsync();
    }

    private void Rewire(string chip, string line)
    {
        System.Text.Json.Nodes.JsonObject valve = _farm.Entry(Valve1);
        valve.Remove("pin");
        (valve["chip"], valve["line"]) = (chip, line);
    }

    // The line that has one name gets another, or the line at an offset does.
    private void FakeLines(string before, string after, int? from = null) => _farm.Rename(from ?? _farm.Chip.Lines.First(l => l.Name == before).Offset, after);
}
