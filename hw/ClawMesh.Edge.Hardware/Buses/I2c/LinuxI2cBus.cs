using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Native.Linux;
using ClawMesh.Edge.Native.Linux.I2c;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Hardware.Buses.I2c;

/// <summary>One adapter through <c>/dev/i2c-N</c>. Nothing is allocated per transfer.</summary>
internal sealed class LinuxI2cBus : II2cBus
{
    /// <summary>Longest wait for one transfer, where the adapter honours I2C_TIMEOUT (Tegra's waits up to a second of its own).</summary>
    public static readonly TimeSpan TransferLimit = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly I2cFaults _faults;
    private SafeFileHandle _adapter;
    private bool _isPlain;

    private LinuxI2cBus(string device, I2cFaults faults)
    {
        (Device, _faults) = (device, faults);
        _adapter = OpenAdapter();
    }

    public string Device { get; }

    /// <exception cref="EdgeException"><c>i2c.no_adapter</c>, <c>i2c.no_permission</c>, <c>i2c.failed</c>.</exception>
    public static II2cBus Open(string device) => new LinuxI2cBus(device, new I2cFaults("/", device));

    public byte ReadRegister(int address, byte register)
    {
        lock (_lock)
        {
            Select(address);
            return I2cAdapter.TryReadRegister(_adapter, register, out byte value) ? value : throw Failed(address, "read");
        }
    }

    public void WriteRegister(int address, byte register, byte value)
    {
        lock (_lock)
        {
            Select(address);
            if (!I2cAdapter.TryWriteRegister(_adapter, register, value)) throw Failed(address, "write");
        }
    }

    public ushort ReadWord(int address, byte register)
    {
        lock (_lock)
        {
            Select(address);
            return I2cAdapter.TryReadWord(_adapter, register, out ushort lowFirst) ? BinaryPrimitives.ReverseEndianness(lowFirst) : throw Failed(address, "read");
        }
    }

    public void WriteWord(int address, byte register, ushort value)
    {
        lock (_lock)
        {
            Select(address);
            if (!I2cAdapter.TryWriteWord(_adapter, register, BinaryPrimitives.ReverseEndianness(value))) throw Failed(address, "write");
        }
    }

    public void ReadBlock(int address, byte register, Span<byte> bytes)
    {
        CheckBlock(bytes.Length);
        lock (_lock)
        {
            Select(address);
            if (!I2cAdapter.TryReadBlock(_adapter, register, bytes)) throw Failed(address, "read");
        }
    }

    public void WriteBlock(int address, byte register, ReadOnlySpan<byte> bytes)
    {
        CheckBlock(bytes.Length);
        lock (_lock)
        {
            Select(address);
            if (!I2cAdapter.TryWriteBlock(_adapter, register, bytes)) throw Failed(address, "write");
        }
    }

    public void Transfer(int address, ReadOnlySpan<byte> write, Span<byte> read)
    {
        // The kernel takes 8,192 bytes a message (i2c-dev.c); no part here needs more than a block.
        if (write.Length + read.Length == 0 || write.Length > 8192 || read.Length > 8192)
            throw new ArgumentException("A transfer has 1 to 8,192 bytes in one of its directions.", nameof(write));
        lock (_lock)
        {
            if (!_isPlain) throw _faults.Of(Errno.Eopnotsupp, address, "reach");
            // I2C_RDWR does not ask whether a kernel driver holds the address; I2C_SLAVE does.
            Select(address);
            if (!I2cAdapter.TryTransfer(_adapter, address, write, read)) throw Failed(address, read.Length > 0 ? "read" : "write");
        }
    }

    public void Reopen()
    {
        lock (_lock)
        {
            SafeFileHandle fresh = OpenAdapter();
            _adapter.Dispose();
            _adapter = fresh;
        }
    }

    public void Dispose() => _adapter.Dispose();

    private SafeFileHandle OpenAdapter()
    {
        SafeFileHandle adapter = FileDescriptor.Open(Device, FileDescriptor.ReadWrite);
        if (adapter.IsInvalid) throw _faults.OfOpen(Marshal.GetLastPInvokeError());
        if (!I2cAdapter.TryGetFunctions(adapter, out ulong functions))
        {
            int error = Marshal.GetLastPInvokeError();
            adapter.Dispose();
            throw _faults.OfOpen(error);
        }

        _isPlain = (functions & I2cAdapter.FunctionPlain) != 0;
        // Wishes; an adapter that does not listen is used as it is.
        I2cAdapter.TrySetTimeout(adapter, TransferLimit);
        I2cAdapter.TrySetRetries(adapter, 1);
        return adapter;
    }

    private void Select(int address)
    {
        if (I2cAdapter.TrySelect(_adapter, address)) return;
        int error = Marshal.GetLastPInvokeError();
        throw error == Errno.Ebusy ? _faults.OfBusyAddress(address) : _faults.Of(error, address, "reach");
    }

    private EdgeException Failed(int address, string doing) => _faults.Of(Marshal.GetLastPInvokeError(), address, doing);

    private static void CheckBlock(int length)
    {
        if (length is < 1 or > SmbusData.MaxBlock) throw new ArgumentOutOfRangeException(nameof(length), length, "A block has 1 to 32 bytes.");
    }
}
