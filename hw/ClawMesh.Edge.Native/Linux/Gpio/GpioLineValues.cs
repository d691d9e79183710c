using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Linux.Gpio;

/// <summary><c>struct gpio_v2_line_values</c> of linux/gpio.h: 16 bytes. Bit i is line i of the request.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GpioLineValues
{
    public ulong Bits;
    public ulong Mask;
}

/// <summary><c>struct gpio_v2_line_event</c> of linux/gpio.h: 48 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 48)]
internal struct GpioLineEvent
{
    /// <summary>GPIO_V2_LINE_EVENT_RISING_EDGE; of the logical value, so active-low is applied.</summary>
    internal const uint RisingEdge = 1;

    /// <summary>CLOCK_MONOTONIC, nanoseconds.</summary>
    [FieldOffset(0)]
    public ulong TimestampNs;

    [FieldOffset(8)]
    public uint Id;

    [FieldOffset(12)]
    public uint Offset;

    /// <summary>Counts the events of this line alone, from 1; those the kernel had no room for are counted too.</summary>
    [FieldOffset(20)]
    public uint LineSequence;
}
