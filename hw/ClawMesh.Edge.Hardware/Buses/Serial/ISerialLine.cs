namespace ClawMesh.Edge.Hardware.Buses.Serial;

public enum SerialParity
{
    None,
    Even,
    Odd,
}

/// <param name="BaudRate">One of the rates of termios: 1,200 to 921,600 bit/s.</param>
/// <param name="StopBits">1 or 2.</param>
public sealed record SerialSettings(int BaudRate, SerialParity Parity, int StopBits);

/// <summary>A raw tty, 8 data bits, no flow control. One caller at a time.</summary>
public interface ISerialLine : IDisposable
{
    string Device { get; }

    /// <summary>Writes all bytes and waits until they are on the wire.</summary>
    /// <exception cref="Core.Errors.EdgeException"><c>serial.failed</c> (bus_io).</exception>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Reads what arrives; 0 when nothing came within <paramref name="timeout"/>.</summary>
    /// <exception cref="Core.Errors.EdgeException"><c>serial.failed</c> (bus_io).</exception>
    int Read(Span<byte> bytes, TimeSpan timeout);

    /// <summary>Throws away what arrived and was not read.</summary>
    void DiscardInput();

    /// <summary>Closes and opens the line again, once, after it failed.</summary>
    void Reopen();
}
