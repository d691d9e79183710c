namespace ClawMesh.Edge.Hardware.Buses.I2c;

/// <summary>Opens an adapter at its first transfer, so that one that is not there is a fault of its parts and not of the node's start. Serialises transfers.</summary>
internal sealed class LazyI2cBus(Func<II2cBus> open, string name) : II2cBus
{
    private readonly Lock _lock = new();
    private II2cBus? _bus;

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

    public void Reopen()
    {
        lock (_lock)
        {
            _bus?.Dispose();
            _bus = null;
        }
    }

    public void Dispose() => Reopen();

    private II2cBus Bus() => _bus ??= open();
}
