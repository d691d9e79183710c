namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>What a site wants a pad to be.</summary>
public enum PadUse
{
    Output,
    Input,
    Pwm,
}

public enum PinmuxState
{
    /// <summary>The register was not read, or not in this life of the kernel.</summary>
    Unknown,
    Ok,
    Wrong,
}

/// <summary>Whether a pad is switched the way a part needs it. A GPIO write succeeds and moves nothing while it is not.</summary>
/// <param name="Why">Pin, register, bit, what it is and what it must be; or why it is not known. Empty when it is well.</param>
/// <param name="Fix">With the line of a device-tree overlay. Empty unless it is wrong.</param>
public sealed record PinmuxVerdict(PinmuxState State, string Why, string Fix)
{
    public static readonly PinmuxVerdict Fine = new(PinmuxState.Ok, "", "");

    private static readonly string[] Names = ["an output", "an input", "PWM"];

    public static PinmuxVerdict Unknown(string why) => new(PinmuxState.Unknown, why, "");

    /// <param name="number">On the header.</param>
    /// <param name="address">Of the register.</param>
    public static PinmuxVerdict Judge(int number, long address, string group, PadRegister pad, PadUse use)
    {
        var wrong = new List<string>();
        bool muxed = pad.IsSfio == (use == PadUse.Pwm);
        if (!muxed) wrong.Add(Bit(PadRegister.SfioBit, pad.IsSfio, "the pad belongs to a special function of the chip (SFIO)", "the pad belongs to the GPIO controller"));
        if (use == PadUse.Input && !pad.InputEnabled) wrong.Add(Bit(PadRegister.InputBit, one: false, "", "its input is off"));
        if (use != PadUse.Input && pad.IsTristate) wrong.Add(Bit(PadRegister.TristateBit, one: true, "its driver is off (tristate)", ""));
        if (wrong.Count == 0) return Fine;

        // Kernels of JetPack 6.0 to 6.2.1 set the bit whenever a line is given back.
        string again = !muxed && use != PadUse.Pwm ? " If it was well before the node was stopped: this kernel gives pads away with their lines; probe again while the node runs." : "";
        return new PinmuxVerdict(
            PinmuxState.Wrong,
            $"pin {number} cannot be {Names[(int)use]}: register 0x{address:x8} is 0x{pad.Value:x8}, {string.Join("; ", wrong)}",
            $"Put `{Overlay(group, use)}` into a device-tree overlay, add it with `sudo /opt/nvidia/jetson-io/jetson-io.py`, start anew, then `sudo clawmesh-edge board probe-pinmux`.{again}");
    }

    // nvidia,gpio-mode writes its value into bit 10; naming a function sets the bit (drivers/pinctrl/tegra/pinctrl-tegra.c).
    private static string Overlay(string group, PadUse use) =>
        $"nvidia,pins = \"{(group.Length > 0 ? group : "GROUP")}\"; "
        + (use == PadUse.Pwm ? "nvidia,function = \"gp\"; " : "nvidia,gpio-mode = <0>; ")
        + (use == PadUse.Input ? "nvidia,tristate = <1>; nvidia,enable-input = <1>;" : "nvidia,tristate = <0>; nvidia,enable-input = <" + (use == PadUse.Pwm ? "0" : "1") + ">;");

    private static string Bit(int number, bool one, string whenOne, string whenZero) =>
        $"bit {number} is {(one ? 1 : 0)} and must be {(one ? 0 : 1)} ({(one ? whenOne : whenZero)})";
}
