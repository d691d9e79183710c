namespace ClawMesh.Edge.Hardware.Buses.Gpio;

/// <summary>A GPIO controller as the kernel names it.</summary>
/// <param name="Path">For example <c>/dev/gpiochip0</c>; the number is not stable between starts.</param>
/// <param name="Label">For example <c>tegra234-gpio</c>; what boards and sites name.</param>
public sealed record GpioChip(string Path, string Name, string Label, int LineCount);

/// <param name="Name">For example <c>PAC.06</c>; empty when the board names none.</param>
/// <param name="Consumer">Who holds it; empty when nobody does, or when the kernel holds it without a name.</param>
/// <param name="Used">Held by a process or by the kernel.</param>
public sealed record GpioLine(int Offset, string Name, string Consumer, bool Used, bool IsOutput, bool ActiveLow);

public enum GpioBias
{
    AsIs,
    Disabled,
    PullUp,
    PullDown,
}

public enum GpioDrive
{
    PushPull,
    OpenDrain,
    OpenSource,
}

[Flags]
public enum GpioEdges
{
    None = 0,
    Rising = 1,
    Falling = 2,
}

/// <summary>Lines of one chip that are held together and switch together: one request, one set ioctl.</summary>
/// <param name="Offsets">1 to 64 lines.</param>
/// <param name="Consumer">Shown to whoever asks who holds the line, e.g. <c>clawmesh:valve:zone-1</c>; cut to 31 bytes.</param>
public sealed record GpioRequest(GpioChip Chip, IReadOnlyList<int> Offsets, string Consumer)
{
    /// <summary>The value the lines get in the moment of the request, bit i for line i; null asks for inputs.</summary>
    public ulong? OutputValues { get; init; }

    public bool ActiveLow { get; init; }

    public GpioBias Bias { get; init; }

    public GpioDrive Drive { get; init; }

    /// <summary>Inputs only.</summary>
    public GpioEdges Edges { get; init; }

    /// <summary>Inputs only; zero asks for none.</summary>
    public TimeSpan Debounce { get; init; }
}

/// <summary>An edge as the kernel saw it.</summary>
/// <param name="TimestampNs">CLOCK_MONOTONIC of the interrupt, nanoseconds.</param>
/// <param name="Sequence">Counts the edges of this line from 1; a gap means that edges were lost.</param>
public readonly record struct GpioEdge(int Offset, bool Rising, ulong TimestampNs, uint Sequence);

/// <summary>The kernel's GPIO character devices (linux/gpio.h, uAPI v2).</summary>
public interface IGpioPort
{
    /// <summary>The chips this user may open, and those it may not with an empty label and no lines.</summary>
    IReadOnlyList<GpioChip> Chips();

    IReadOnlyList<GpioLine> Lines(GpioChip chip);

    /// <exception cref="Core.Errors.EdgeException">
    /// <c>gpio.line_busy</c> (config; names the holder), <c>gpio.no_permission</c> (auth), <c>gpio.no_chip</c> (device_absent),
    /// <c>gpio.no_edges</c> (config: the chip has no interrupt), <c>gpio.failed</c> (bus_io).
    /// </exception>
    IGpioLines Request(GpioRequest request);

    IGpioWaiter OpenWaiter();
}

/// <summary>Held lines. Values are logical: active-low is applied by the kernel. Thread-safe. Disposal gives the lines back.</summary>
public interface IGpioLines : IDisposable
{
    GpioRequest Request { get; }

    /// <summary>Bit i is line i of the request.</summary>
    /// <exception cref="Core.Errors.EdgeException"><c>gpio.gone</c> (device_absent: the chip was unplugged), <c>gpio.failed</c> (bus_io).</exception>
    ulong Read();

    /// <summary>Sets the lines of <paramref name="mask"/> in one step.</summary>
    /// <exception cref="Core.Errors.EdgeException"><c>gpio.gone</c>, <c>gpio.failed</c>.</exception>
    void Write(ulong values, ulong mask);

    /// <summary>Takes the edges that have come; 0 when there are none. Never blocks.</summary>
    /// <exception cref="Core.Errors.EdgeException"><c>gpio.gone</c>, <c>gpio.failed</c>.</exception>
    int TakeEdges(Span<GpioEdge> edges);
}

/// <summary>Waits for edges on many requests at once (epoll).</summary>
public interface IGpioWaiter : IDisposable
{
    /// <param name="key">Comes back from <see cref="Wait"/>.</param>
    void Add(IGpioLines lines, int key);

    void Remove(IGpioLines lines);

    /// <summary>Fills in the keys whose lines have edges, or whose chip has gone, and returns how many; 0 after <see cref="Wake"/>.</summary>
    int Wait(Span<int> keys);

    /// <summary>Ends a <see cref="Wait"/>, from any thread.</summary>
    void Wake();
}
