using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Buses.I2c;

namespace ClawMesh.Edge.TestKit.Hardware;

public enum FakeI2cFault
{
    None,

    /// <summary>Nobody acknowledges.</summary>
    NoAnswer,

    /// <summary>A line is held low.</summary>
    Stuck,

    /// <summary>A kernel driver holds the address.</summary>
    BusyByKernel,

    /// <summary>Transfers do not come back until the fault ends.</summary>
    Hang,
}

/// <summary>An I2C bus over models of chips. Register calls become the same bytes on the wire as SMBus makes of them.</summary>
public sealed class FakeI2cBus(string device = "/dev/i2c-1") : II2cBus
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, FakeI2cChip> _chips = [];
    private readonly Dictionary<int, FakeI2cFault> _faults = [];
    private readonly ManualResetEventSlim _goOn = new(true);

    public string Device { get; } = device;

    public int Transfers { get; private set; }

    public int Reopened { get; private set; }

    public T Add<T>(int address, T chip)
        where T : FakeI2cChip
    {
        _chips[address] = chip;
        return chip;
    }

    public void Remove(int address) => _chips.Remove(address);

    /// <summary>From the next transfer on; <see cref="FakeI2cFault.None"/> ends it, and lets go who hangs.</summary>
    public void Fail(int address, FakeI2cFault fault)
    {
        lock (_lock) _faults[address] = fault;
        if (fault == FakeI2cFault.Hang) _goOn.Reset();
        else _goOn.Set();
    }

    public byte ReadRegister(int address, byte register)
    {
        Span<byte> value = stackalloc byte[1];
        Transfer(address, [register], value);
        return value[0];
    }

    public void WriteRegister(int address, byte register, byte value) => Transfer(address, [register, value], []);

    public ushort ReadWord(int address, byte register)
    {
        Span<byte> word = stackalloc byte[2];
        Transfer(address, [register], word);
        return (ushort)((word[0] << 8) | word[1]);
    }

    public void WriteWord(int address, byte register, ushort value) => Transfer(address, [register, (byte)(value >> 8), (byte)value], []);

    public void ReadBlock(int address, byte register, Span<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfZero(bytes.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, 32);
        Transfer(address, [register], bytes);
    }

    public void WriteBlock(int address, byte register, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfZero(bytes.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, 32);
        Span<byte> wire = stackalloc byte[33];
        wire[0] = register;
        bytes.CopyTo(wire[1..]);
        Transfer(address, wire[..(bytes.Length + 1)], []);
    }

    public void Transfer(int address, ReadOnlySpan<byte> write, Span<byte> read)
    {
        FakeI2cFault fault;
        lock (_lock) fault = _faults.GetValueOrDefault(address);
        if (fault == FakeI2cFault.Hang) _goOn.Wait();

        lock (_lock)
        {
            Transfers++;
            switch (fault)
            {
                case FakeI2cFault.Stuck:
                    throw new EdgeException("i2c.bus_stuck", $"Could not reach 0x{address:x2} on {Device}.", "A line is held low.", "Unplug the parts one by one.", FailureClass.BusIo);
                case FakeI2cFault.BusyByKernel:
                    throw new EdgeException("i2c.address_busy", $"Could not use 0x{address:x2} on {Device}.", "The kernel's driver 'fake' holds it.", "Unbind it.", FailureClass.Config);
            }

            if (fault == FakeI2cFault.NoAnswer || !_chips.TryGetValue(address, out FakeI2cChip? chip))
                throw new EdgeException("i2c.no_answer", $"Could not reach 0x{address:x2} on {Device}.", "Nobody acknowledged.", "Check its wires.", FailureClass.DeviceAbsent);
            if (write.Length > 0) chip.Write(write);
            if (read.Length > 0) chip.Read(read);
        }
    }

    public void Reopen() => Reopened++;

    /// <summary>The bus and its chips outlive whoever opened it.</summary>
    public void Dispose() => _goOn.Set();
}
