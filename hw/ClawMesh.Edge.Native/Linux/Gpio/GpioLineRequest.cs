using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Linux.Gpio;

/// <summary>
/// <c>struct gpio_v2_line_request</c> of linux/gpio.h with the <c>gpio_v2_line_config</c> inside it: 592 bytes. Of the ten attributes
/// the first two are named here; we never need more.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 592)]
internal unsafe struct GpioLineRequest
{
    /// <summary>GPIO_V2_LINES_MAX.</summary>
    internal const int MaxLines = 64;

    // enum gpio_v2_line_attr_id
    private const uint OutputValuesId = 2;
    private const uint DebounceId = 3;
    private const int MaxAttributes = 2;

    [FieldOffset(0)]
    private fixed uint _offsets[MaxLines];

    [FieldOffset(256)]
    private fixed byte _consumer[GpioText.Bytes];

    [FieldOffset(288)]
    public ulong Flags;

    [FieldOffset(296)]
    private uint _attributeCount;

    [FieldOffset(320)]
    private GpioLineAttribute _first;

    [FieldOffset(344)]
    private GpioLineAttribute _second;

    [FieldOffset(560)]
    private uint _lineCount;

    /// <summary>Events the kernel keeps until they are read; 0 leaves it to the kernel (16 a line).</summary>
    [FieldOffset(564)]
    public uint EventBufferSize;

    /// <summary>Filled in by the kernel.</summary>
    [FieldOffset(588)]
    public int FileDescriptor;

    public string Consumer
    {
        set => GpioText.Write(ref _consumer[0], value);
    }

    /// <param name="offset">The line's offset on its chip.</param>
    public void AddLine(int offset) => _offsets[_lineCount++] = (uint)offset;

    /// <summary>Bit i of <paramref name="values"/> is the logical value line i gets in the moment of the request.</summary>
    public void SetOutputValues(ulong values, ulong mask) => Add(new GpioLineAttribute { Id = OutputValuesId, Value = values, Mask = mask });

    public void SetDebounce(uint microseconds, ulong mask) => Add(new GpioLineAttribute { Id = DebounceId, Value = microseconds, Mask = mask });

    private void Add(GpioLineAttribute attribute)
    {
        if (_attributeCount >= MaxAttributes) throw new InvalidOperationException("a line request has two attributes at most");
        if (_attributeCount++ == 0) _first = attribute;
        else _second = attribute;
    }
}

/// <summary><c>struct gpio_v2_line_config_attribute</c>: 24 bytes. The union of its values is little-endian on all our targets.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal struct GpioLineAttribute
{
    [FieldOffset(0)]
    public uint Id;

    [FieldOffset(8)]
    public ulong Value;

    /// <summary>Bit i means line i of the request.</summary>
    [FieldOffset(16)]
    public ulong Mask;
}
