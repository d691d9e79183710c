namespace ClawMesh.Edge.Hardware.Buses.I2c;

/// <summary>
/// One I2C adapter. Calls block as long as the adapter does and are serialised by the bus itself; any thread may call.
/// Register calls are SMBus transfers, <see cref="Transfer"/> is a plain one.
/// </summary>
/// <remarks>
/// Every call throws <see cref="Core.Errors.EdgeException"/>: <c>i2c.no_answer</c> (device_absent: nobody acknowledges the address),
/// <c>i2c.address_busy</c> (config: a kernel driver holds the address), <c>i2c.bus_stuck</c> (bus_io: timeout or lost arbitration, as with a
/// line held low), <c>i2c.unsupported</c> (config: the adapter cannot do this transfer), <c>i2c.failed</c> (bus_io: anything else).
/// </remarks>
public interface II2cBus : IDisposable
{
    /// <summary>The device, e.g. <c>/dev/i2c-7</c>.</summary>
    string Device { get; }

    byte ReadRegister(int address, byte register);

    void WriteRegister(int address, byte register, byte value);

    /// <summary>Two bytes in the order they travel: the first in the high byte, as most sensors send them.</summary>
    ushort ReadWord(int address, byte register);

    /// <summary>Sends the high byte first.</summary>
    void WriteWord(int address, byte register, ushort value);

    /// <summary>1 to 32 bytes from <paramref name="register"/> on.</summary>
    void ReadBlock(int address, byte register, Span<byte> bytes);

    /// <summary>1 to 32 bytes.</summary>
    void WriteBlock(int address, byte register, ReadOnlySpan<byte> bytes);

    /// <summary>Writes, then reads with a repeated start; either part may be empty, not both. For parts that know no registers.</summary>
    void Transfer(int address, ReadOnlySpan<byte> write, Span<byte> read);

    /// <summary>Closes and opens the adapter again, once, after it failed. The caller reports it.</summary>
    void Reopen();
}
