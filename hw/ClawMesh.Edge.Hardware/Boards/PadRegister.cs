namespace ClawMesh.Edge.Hardware.Boards;

public enum PadPull
{
    None,
    Down,
    Up,
    Reserved,
}

/// <summary>
/// The PADCTL register of one pad of the Tegra234 (Orin Technical Reference Manual, pinmux registers; field positions as in
/// drivers/pinctrl/tegra/pinctrl-tegra234.c). Which way a pad is switched decides whether a GPIO write reaches its pin.
/// </summary>
public readonly record struct PadRegister(uint Value)
{
    /// <summary>The only system on chip whose pads are known here.</summary>
    public const string Soc = "tegra234";

    public const int SfioBit = 10;
    public const int InputBit = 6;
    public const int TristateBit = 4;

    /// <summary>The pad belongs to a special function (SFIO); else to the GPIO controller.</summary>
    public bool IsSfio => Bit(SfioBit);

    public bool InputEnabled => Bit(InputBit);

    /// <summary>The pad's driver is off: an output does not reach the pin.</summary>
    public bool IsTristate => Bit(TristateBit);

    /// <summary>Bits 3:2.</summary>
    public PadPull Pull => (PadPull)((Value >> 2) & 3);

    /// <summary>Bit 12: Schmitt trigger on the input.</summary>
    public bool Schmitt => Bit(12);

    public bool Bit(int number) => ((Value >> number) & 1) != 0;

    /// <summary>
    /// Whether an address lies in the pinmux apertures of <paramref name="soc"/> (pinmux@2430000 and pinmux@c300000 of tegra234.dtsi)
    /// and on a word. Nothing else is ever read from physical memory: what other registers do when they are read is not known.
    /// </summary>
    public static bool IsPad(string soc, long address) =>
        soc == Soc && address % 4 == 0 && address is (>= 0x0243_0000 and < 0x0244_9100) or (>= 0x0c30_0000 and < 0x0c30_4000);
}
