using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Tests.Hardware.Outputs;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Boards;

public sealed class PinmuxArmingTests : IDisposable
{
    private const long Pin29 = 0x02430068;

    private readonly ScratchDirectory _root = new();

    public PinmuxArmingTests() => _root.Put("proc/sys/kernel/random/boot_id", "boot");

    public void Dispose() => _root.Dispose();

    [Fact]
    public void An_output_over_a_pad_that_is_muxed_elsewhere_is_refused_and_told_why()
    {
        Probed((29, Pin29, 0x400));

        Refusal refusal = Check(WiringBench.OnPin("a", 29))!()!;

        Assert.Equal(GateCodes.InterlockActive, refusal.Code);
        Assert.Contains("pin 29", refusal.Why, StringComparison.Ordinal);
        Assert.Contains("bit 10", refusal.Why, StringComparison.Ordinal);
        Assert.Contains("nvidia,pins = \"soc_gpio32_pq5\"", refusal.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pad_that_is_well_or_not_known_is_no_reason_to_refuse()
    {
        Func<Refusal?> check = Check(WiringBench.OnPin("a", 29))!;

        Assert.Null(check());
        Probed((31, 0x02430070, 0x400));
        Assert.Null(check());
        Probed((29, Pin29, 0x40));
        Assert.Null(check());
    }

    [Fact]
    public void A_probe_beside_a_running_node_counts()
    {
        Func<Refusal?> check = Check(WiringBench.OnPin("a", 29))!;
        Probed((29, Pin29, 0x400));
        Assert.NotNull(check());

        Probed((29, Pin29, 0x40));

        Assert.Null(check());
    }

    [Fact]
    public void A_probe_of_another_boot_does_not_count()
    {
        Probed((29, Pin29, 0x400));
        _root.Put("proc/sys/kernel/random/boot_id", "later");

        Assert.Null(Check(WiringBench.OnPin("a", 29))!());
    }

    [Fact]
    public void A_line_named_by_chip_and_name_is_the_pin_it_comes_out_at()
    {
        Probed((29, Pin29, 0x400));

        Assert.NotNull(Check(WiringBench.Output("a", "relay", "line.chip=tegra234-gpio", "line.lines=PQ.05"))!());
        Assert.NotNull(Check(WiringBench.Output("a", "relay", "line.chip=tegra234-gpio", "line.lines=105"))!());
    }

    [Fact]
    public void A_pad_of_PWM_must_not_be_a_GPIO()
    {
        Probed((33, 0x02434040, 0x0));

        Assert.Contains("bit 10 is 0", Check(WiringBench.Output("a", "pwm", "pwmChip=32c0000.pwm", "pwmChannel=0"))!()!.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_feedback_contact_is_no_output()
    {
        // Well for an input, wrong for an output.
        Probed((29, Pin29, 0x40), (31, 0x02430070, 0x50));

        Assert.Null(Check(WiringBench.Output("a", "contactor", [.. WiringBench.GpioWiring(29), .. WiringBench.GpioWiring(31, "feedback")]))!());
    }

    [Fact]
    public void Outputs_without_known_pads_are_not_asked()
    {
        Assert.Null(Check(WiringBench.Output("a", "relay-i2c", "bus=header-i2c", "address=0x20")));
        Assert.Null(Check(WiringBench.Output("a", "relay", "line.chip=other", "line.lines=3")));
    }

    [Fact]
    public void The_obstacle_never_keeps_an_output_from_its_safe_value()
    {
        Probed((29, Pin29, 0x400));
        var output = new ScriptedOutput("actuator:valve:a", OutputValue.Inactive) { ArmingCheck = Check(WiringBench.OnPin("a", 29)) };

        Assert.NotNull(output.ArmingObstacle);
        Assert.True(output.MakeSafe(SafeCause.Operator).Confirmed);
        Assert.Equal([OutputValue.Inactive], output.Writes);
    }

    private Func<Refusal?>? Check(ActuatorBinding binding) => new PinmuxArming(_root.Path).For(binding, WiringBench.OrinNano);

    private void Probed(params (int Pin, long Address, uint Value)[] pads) =>
        PinmuxFile.Write(_root.Path, new PinmuxTable("boot", "orin-nano", [.. pads.Select(p => new PinmuxEntry(p.Pin, p.Address, new PadRegister(p.Value)))]));
}
