namespace ClawMesh.Edge.Hardware.Buses.I2c;

/// <summary>Opens an adapter at its first transfer, so that one that is not there is a fault of its parts and not of the node's start. Serialises transfers.</summary>
internal sealed class LazyI2cBus(Func<II2cBus> open, string name) : II2cBus
{
    private static readonly TimeSpan CloseLimit = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private volatile II2cBus? _bus;
    private volatile bool _isStale;

    public string Device => _bus?.Device ?? name;

    public byte ReadRegister(int address, byte register)
    {
        lock (_lock) return Bus().ReadRegister(address, register);
    }

    public void WriteRegister(int address, byte register, byte value)
    {
        lock (_lock) Bus().WriteRegister(address, register, value);
    }

    public ushort ReadWord(int address, byte register)
    {
        lock (_lock) return Bus().ReadWord(address, register);
    }

    public void WriteWord(int address, byte register, ushort value)
    {
        lock (_lock) Bus().WriteWord(address, register, value);
    }

    public void ReadBlock(int address, byte register, Span<byte> bytes)
    {
        lock (_lock) Bus().ReadBlock(address, register, bytes);
    }

    public void WriteBlock(int address, byte register, ReadOnlySpan<byte> bytes)
    {
        lock (_lock) Bus().WriteBlock(address, register, bytes);
    }

    public void Transfer(int address, ReadOnlySpan<byte> write, Span<byte> read)
    {
        lock (_lock) Bus().Transfer(address, write, read);
    }

    /// <summary>With the next transfer: one that hangs now would keep the caller waiting.</summary>
    public void Reopen() => _isStale = true;

    /// <summary>An adapter that hangs in a transfer is left to the end of the process.</summary>
    public void Dispose()
    {
        if (!_lock.TryEnter(CloseLimit)) return;
        try
        {
            _bus?.Dispose();
            _bus = null;
        }
        finally
        {
            _lock.Exit();
        }
    }

    private II2cBus Bus()
    {
        if (_isStale)
        {
            _isStale = false;
            _bus?.Dispose();
            _bus = null;
        }

        return _bus ??= open();
    }
}
