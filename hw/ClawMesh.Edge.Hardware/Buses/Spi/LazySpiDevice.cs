namespace ClawMesh.Edge.Hardware.Buses.Spi;

/// <summary>Opens a device at its first transfer. Serialises transfers.</summary>
internal sealed class LazySpiDevice(Func<ISpiDevice> open, string name) : ISpiDevice
{
    private readonly Lock _lock = new();
    private ISpiDevice? _device;

    public string Device => _device?.Device ?? name;

    public void Transfer(ReadOnlySpan<byte> write, Span<byte> read)
    {
        lock (_lock) (_device ??= open()).Transfer(write, read);
    }

    public void Reopen()
    {
        lock (_lock)
        {
            _device?.Dispose();
            _device = null;
        }
    }

    public void Dispose() => Reopen();
}
