using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Linux.Serial;

/// <summary><c>struct termios</c> as the kernel takes it (asm-generic/termbits.h; x64 and arm64 both use it): 36 bytes. The C library's is another one.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TerminalSettings
{
    // asm-generic/termbits.h
    internal const uint BaudMask = 0x100F;
    internal const uint CharacterSizeMask = 0x30;
    internal const uint EightBits = 0x30;
    internal const uint TwoStopBits = 0x40;
    internal const uint ReceiverOn = 0x80;
    internal const uint ParityOn = 0x100;
    internal const uint ParityOdd = 0x200;

    /// <summary>CLOCAL: there is no modem whose carrier matters.</summary>
    internal const uint IgnoreModem = 0x800;

    /// <summary>INPCK: a byte with wrong parity reads as zero.</summary>
    internal const uint CheckParity = 0x10;

    /// <summary>VMIN.</summary>
    internal const int MinimumIndex = 6;

    public uint InputModes;
    public uint OutputModes;
    public uint ControlModes;
    public uint LocalModes;
    public byte LineDiscipline;
    public ControlCharacters Characters;

    /// <summary>The code of a rate in bits a second, or null when termios knows no such rate.</summary>
    internal static uint? BaudCode(int rate) => rate switch
    {
        1_200 => 0x9,
        1_800 => 0xA,
        2_400 => 0xB,
        4_800 => 0xC,
        9_600 => 0xD,
        19_200 => 0xE,
        38_400 => 0xF,
        57_600 => 0x1001,
        115_200 => 0x1002,
        230_400 => 0x1003,
        460_800 => 0x1004,
        500_000 => 0x1005,
        576_000 => 0x1006,
        921_600 => 0x1007,
        _ => null,
    };
}

/// <summary><c>c_cc</c>.</summary>
[InlineArray(19)]
internal struct ControlCharacters
{
    private byte _first;
}
