namespace ClawMesh.Edge.Hardware.Buses.Spi;

/// <summary>Opens a device at its first transfer. Serialises transfers.</summary>
internal sealed class LazySpiDevice(Func<ISpiDevice> open, string name) : ISpiDevice
{
    private static readonly TimeSpan CloseLimit = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private volatile ISpiDevice? _device;
    private volatile bool _isStale;

    public string Device => _device?.Device ?? name;

    public void Transfer(ReadOnlySpan<byte> write, Span<byte> read)
    {
        lock (_lock)
        {
            if (_isStale)
            {
                _isStale = false;
                _device?.Dispose();
                _device = null;
            }

            (_device ??= open()).Transfer(write, read);
        }
    }

    /// <summary>With the next transfer: one that hangs now would keep the caller waiting.</summary>
    public void Reopen() => _isStale = true;

    /// <summary>A device that hangs in a transfer is left to the end of the process.</summary>
    public void Dispose()
    {
        if (!_lock.TryEnter(CloseLimit)) return;
        try
        {
            _device?.Dispose();
            _device = null;
        }
        finally
        {
            _lock.Exit();
        }
    }
}
