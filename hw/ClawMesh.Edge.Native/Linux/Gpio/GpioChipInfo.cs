using System.Runtime.InteropServices;
using System.Text;

namespace ClawMesh.Edge.Native.Linux.Gpio;

/// <summary><c>struct gpiochip_info</c> of linux/gpio.h: 68 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 68)]
internal unsafe struct GpioChipInfo
{
    [FieldOffset(0)]
    private fixed byte _name[GpioText.Bytes];

    [FieldOffset(32)]
    private fixed byte _label[GpioText.Bytes];

    [FieldOffset(64)]
    public uint Lines;

    public string Name => GpioText.Read(ref _name[0]);

    public string Label => GpioText.Read(ref _label[0]);
}

/// <summary>The kernel's text fields: GPIO_MAX_NAME_SIZE bytes, ended by a zero.</summary>
internal static class GpioText
{
    internal const int Bytes = 32;

    internal static string Read(ref byte field)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.CreateReadOnlySpan(ref field, Bytes);
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    /// <summary>Writes what fits in 31 bytes, never half a character.</summary>
    internal static void Write(ref byte field, string text)
    {
        Span<byte> bytes = MemoryMarshal.CreateSpan(ref field, Bytes);
        bytes.Clear();
        System.Text.Unicode.Utf8.FromUtf16(text, bytes[..^1], out _, out _);
    }
}
