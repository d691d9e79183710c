using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.Spi;

namespace ClawMesh.Edge.TestKit.Hardware;

/// <summary>What a part on SPI sends while it receives; both spans have the same length.</summary>
public delegate void FakeSpiPart(ReadOnlySpan<byte> write, Span<byte> read);

/// <summary>One chip select with a part behind it.</summary>
public sealed class FakeSpi(FakeSpiPart part, string device = "/dev/spidev0.0") : ISpiDevice
{
    public string Device { get; } = device;

    /// <summary>Every transfer fails as a controller's does.</summary>
    public bool Fails { get; set; }

    public int Reopened { get; private set; }

    public void Transfer(ReadOnlySpan<byte> write, Span<byte> read)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(read.Length, write.Length);
        if (Fails) throw new EdgeException("spi.failed", $"Could not transfer on {Device}.", "The kernel says: Input/output error (errno 5).", "Check it.", FailureClass.BusIo);
        part(write, read);
    }

    public void Reopen() => Reopened++;

    /// <summary>The part outlives whoever opened it.</summary>
    public void Dispose()
    {
    }
}

/// <summary>An MCP3008: three bytes in, ten bits out.</summary>
public sealed class FakeMcp3008
{
    public int[] Inputs { get; } = new int[8];

    public void Transfer(ReadOnlySpan<byte> write, Span<byte> read)
    {
        read.Clear();
        if (write.Length < 3 || write[0] != 1) return;
        int value = Inputs[(write[1] >> 4) & 7];
        (read[1], read[2]) = ((byte)(value >> 8), (byte)value);
    }
}
