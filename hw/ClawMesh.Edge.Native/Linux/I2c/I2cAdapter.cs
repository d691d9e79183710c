using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Linux.I2c;

/// <summary>The ioctls of <c>/dev/i2c-N</c> (linux/i2c-dev.h, Documentation/i2c/dev-interface.rst). All allocate nothing and answer false with errno set.</summary>
internal static unsafe partial class I2cAdapter
{
    /// <summary>I2C_FUNC_I2C: plain transfers, not only SMBus ones.</summary>
    internal const ulong FunctionPlain = 0x0000_0001;

    private const nuint Retries = 0x0701;
    private const nuint Timeout = 0x0702;
    private const nuint Slave = 0x0703;
    private const nuint Funcs = 0x0705;
    private const nuint ReadWrite = 0x0707;
    private const nuint Smbus = 0x0720;

    // linux/i2c.h: I2C_M_RD, I2C_SMBUS_READ and _WRITE, transaction sizes.
    private const ushort MessageRead = 0x0001;
    private const byte SmbusRead = 1;
    private const byte SmbusWrite = 0;
    private const uint SizeByteData = 2;
    private const uint SizeWordData = 3;
    private const uint SizeI2cBlock = 8;

    /// <summary>What the adapter can do, as I2C_FUNC_ bits.</summary>
    internal static bool TryGetFunctions(SafeFileHandle adapter, out ulong functions)
    {
        nuint bits = 0;
        bool done = Call(adapter, Funcs, &bits);
        functions = bits;
        return done;
    }

    /// <summary>How long one transfer of this adapter may wait, for all its users. The kernel counts in steps of 10 ms.</summary>
    internal static bool TrySetTimeout(SafeFileHandle adapter, TimeSpan timeout) => Call(adapter, Timeout, (void*)(nint)(timeout.TotalMilliseconds / 10));

    /// <summary>How often the adapter tries again after lost arbitration.</summary>
    internal static bool TrySetRetries(SafeFileHandle adapter, int retries) => Call(adapter, Retries, (void*)(nint)retries);

    /// <summary>EBUSY when a kernel driver is bound to the address; asked each time because one can be bound at any time.</summary>
    internal static bool TrySelect(SafeFileHandle adapter, int address) => Call(adapter, Slave, (void*)(nint)address);

    internal static bool TryReadRegister(SafeFileHandle adapter, byte register, out byte value)
    {
        SmbusData data = default;
        bool done = Transact(adapter, SmbusRead, register, SizeByteData, &data);
        value = data.Byte;
        return done;
    }

    internal static bool TryWriteRegister(SafeFileHandle adapter, byte register, byte value)
    {
        SmbusData data = default;
        data.Byte = value;
        return Transact(adapter, SmbusWrite, register, SizeByteData, &data);
    }

    /// <param name="value">The first byte on the wire is its low byte.</param>
    internal static bool TryReadWord(SafeFileHandle adapter, byte register, out ushort value)
    {
        SmbusData data = default;
        bool done = Transact(adapter, SmbusRead, register, SizeWordData, &data);
        value = data.Word;
        return done;
    }

    /// <inheritdoc cref="TryReadWord"/>
    internal static bool TryWriteWord(SafeFileHandle adapter, byte register, ushort value)
    {
        SmbusData data = default;
        data.Word = value;
        return Transact(adapter, SmbusWrite, register, SizeWordData, &data);
    }

    /// <param name="bytes">1 to 32; the caller sees to it.</param>
    internal static bool TryReadBlock(SafeFileHandle adapter, byte register, Span<byte> bytes)
    {
        SmbusData data = default;
        data.Length = (byte)bytes.Length;
        if (!Transact(adapter, SmbusRead, register, SizeI2cBlock, &data)) return false;
        new ReadOnlySpan<byte>(data.Block, bytes.Length).CopyTo(bytes);
        return true;
    }

    /// <inheritdoc cref="TryReadBlock"/>
    internal static bool TryWriteBlock(SafeFileHandle adapter, byte register, ReadOnlySpan<byte> bytes)
    {
        SmbusData data = default;
        data.Length = (byte)bytes.Length;
        bytes.CopyTo(new Span<byte>(data.Block, bytes.Length));
        return Transact(adapter, SmbusWrite, register, SizeI2cBlock, &data);
    }

    /// <summary>Writes, then reads with a repeated start; one of the two may be empty. The kernel does not ask here whether a driver holds the address.</summary>
    internal static bool TryTransfer(SafeFileHandle adapter, int address, ReadOnlySpan<byte> write, Span<byte> read)
    {
        fixed (byte* out0 = write)
        fixed (byte* in0 = read)
        {
            I2cMessage* messages = stackalloc I2cMessage[2];
            uint count = 0;
            if (write.Length > 0) messages[count++] = new I2cMessage { Address = (ushort)address, Length = (ushort)write.Length, Bytes = out0 };
            if (read.Length > 0) messages[count++] = new I2cMessage { Address = (ushort)address, Flags = MessageRead, Length = (ushort)read.Length, Bytes = in0 };
            var all = new I2cMessages { First = messages, Count = count };
            return Call(adapter, ReadWrite, &all);
        }
    }

    private static bool Transact(SafeFileHandle adapter, byte readWrite, byte command, uint size, SmbusData* data)
    {
        var request = new SmbusRequest { ReadWrite = readWrite, Command = command, Size = size, Data = data };
        return Call(adapter, Smbus, &request);
    }

    private static bool Call(SafeFileHandle adapter, nuint request, void* argument)
    {
        int result;
        do
        {
            result = IoControl(adapter, request, argument);
        }
        while (result < 0 && Marshal.GetLastPInvokeError() == Errno.Eintr);
        return result >= 0;
    }

    // ioctl is variadic in C. Declaring it with fixed arguments is sound on linux-arm64 and linux-x64.
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle file, nuint request, void* argument);
}
