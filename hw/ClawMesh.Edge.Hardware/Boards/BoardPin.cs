namespace ClawMesh.Edge.Hardware.Boards;

/// <summary>What a header pin can do whatever is said elsewhere: some are one-way because of the carrier board.</summary>
public enum PinDirection
{
    Both,
    InputOnly,
    OutputOnly,
}

/// <summary>One pin of a board's header.</summary>
/// <param name="Number">As printed on the board.</param>
/// <param name="Function">Power, ground or the name of its bus function; empty for a plain GPIO.</param>
/// <param name="Gpio">Null when it is no GPIO.</param>
/// <param name="Pwm">Null when no PWM controller reaches it.</param>
public sealed record BoardPin(int Number, string Function, BoardGpio? Gpio, BoardPwm? Pwm, string Notes);

/// <param name="ChipLabel">As the kernel's chip calls itself, e.g. <c>tegra234-gpio</c>.</param>
/// <param name="LineName">As the kernel names the line; empty when it names none, then the offset counts.</param>
/// <param name="Offset">A cross-check of the name; offsets differ between kernels.</param>
/// <param name="PadRegister">Physical address of the pad's PADCTL register; null when not known.</param>
/// <param name="PinGroup">The name in <c>nvidia,pins</c> of a device-tree overlay; empty when not known.</param>
public sealed record BoardGpio(string ChipLabel, string LineName, int Offset, PinDirection Direction, long? PadRegister, string PinGroup);

/// <param name="Device">The controller's platform device, e.g. <c>3280000.pwm</c>.</param>
public sealed record BoardPwm(string Device, int Channel, string Name);

/// <summary>A bus of the header.</summary>
/// <param name="Name">What sites call it, e.g. <c>header-i2c</c>.</param>
/// <param name="Kind"><c>i2c</c>, <c>spi</c> or <c>serial</c>.</param>
/// <param name="Controller">The platform device, e.g. <c>c250000.i2c</c>, by which its number is found at run time; empty when not known.</param>
/// <param name="Device">The device node it usually has, e.g. <c>/dev/i2c-7</c>.</param>
/// <param name="OwnDevices">What the module or its carrier itself has on it: address, and what sits there.</param>
public sealed record BoardBus(string Name, string Kind, string Controller, string Device, IReadOnlyList<BoardOwnDevice> OwnDevices, string Notes)
{
    /// <summary>The pins that belong to it once it is used; empty when not known.</summary>
    public IReadOnlyList<int> Pins { get; init; } = [];

    /// <summary>For example <c>header-i2c-id (pins 27, 28)</c>.</summary>
    public override string ToString() => Pins.Count == 0 ? Name : $"{Name} (pins {string.Join(", ", Pins)})";
}

public sealed record BoardOwnDevice(int Address, string What);

/// <summary>A current monitor of the module and its rails, for telemetry.</summary>
/// <param name="Monitor">Its place on I2C, e.g. <c>1-0040</c>.</param>
/// <param name="Total">The rail that is the board's input; empty when the sum of the rails must do.</param>
public sealed record BoardRails(string Monitor, IReadOnlyList<string> Rails, string Total);
