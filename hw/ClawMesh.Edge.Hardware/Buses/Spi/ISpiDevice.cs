namespace ClawMesh.Edge.Hardware.Buses.Spi;

/// <param name="Mode">0 to 3: clock polarity and phase (linux/spi/spi.h SPI_MODE_0…3).</param>
/// <param name="ClockHz">Highest clock the part stands.</param>
public sealed record SpiSettings(int Mode, int ClockHz);

/// <summary>One chip select of one SPI controller. Calls block and are serialised by the device; any thread may call.</summary>
public interface ISpiDevice : IDisposable
{
    string Device { get; }

    /// <summary>Full duplex, 8 bits a word; both spans have the same length, at most 4,096 bytes.</summary>
    /// <exception cref="Core.Errors.EdgeException"><c>spi.failed</c> (bus_io).</exception>
    void Transfer(ReadOnlySpan<byte> write, Span<byte> read);

    /// <summary>Closes and opens the device again, once, after it failed.</summary>
    void Reopen();
}
