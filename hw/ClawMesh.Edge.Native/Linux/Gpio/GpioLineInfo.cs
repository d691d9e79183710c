using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Linux.Gpio;

/// <summary><c>struct gpio_v2_line_info</c> of linux/gpio.h: 256 bytes. Its attributes, at 80, are not looked at.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal unsafe struct GpioLineInfo
{
    [FieldOffset(0)]
    private fixed byte _name[GpioText.Bytes];

    [FieldOffset(32)]
    private fixed byte _consumer[GpioText.Bytes];

    /// <summary>Set by the caller: which line is asked about.</summary>
    [FieldOffset(64)]
    public uint Offset;

    [FieldOffset(72)]
    public ulong Flags;

    public string Name => GpioText.Read(ref _name[0]);

    public string Consumer => GpioText.Read(ref _consumer[0]);
}

/// <summary><c>enum gpio_v2_line_flag</c> of linux/gpio.h.</summary>
internal static class GpioLineFlags
{
    internal const ulong Used = 1 << 0;
    internal const ulong ActiveLow = 1 << 1;
    internal const ulong Input = 1 << 2;
    internal const ulong Output = 1 << 3;
    internal const ulong EdgeRising = 1 << 4;
    internal const ulong EdgeFalling = 1 << 5;
    internal const ulong OpenDrain = 1 << 6;
    internal const ulong OpenSource = 1 << 7;
    internal const ulong BiasPullUp = 1 << 8;
    internal const ulong BiasPullDown = 1 << 9;
    internal const ulong BiasDisabled = 1 << 10;
}
