using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClawMesh.Edge.Native.Linux.Spi;

/// <summary><c>struct spi_ioc_transfer</c> of linux/spi/spidev.h: 32 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal unsafe struct SpiTransfer
{
    [FieldOffset(0)]
    public ulong Write;

    [FieldOffset(8)]
    public ulong Read;

    [FieldOffset(16)]
    public uint Length;

    [FieldOffset(20)]
    public uint SpeedHz;

    [FieldOffset(24)]
    public ushort DelayMicroseconds;

    [FieldOffset(26)]
    public byte BitsPerWord;

    [FieldOffset(27)]
    public byte ChipSelectChange;

    [FieldOffset(28)]
    public byte WriteLines;

    [FieldOffset(29)]
    public byte ReadLines;

    [FieldOffset(30)]
    public byte WordDelayMicroseconds;
}

/// <summary>The ioctls of <c>/dev/spidevB.C</c> (linux/spi/spidev.h). All allocate nothing and answer false with errno set.</summary>
internal static unsafe partial class SpiDevice
{
    // SPI_IOC_MESSAGE(1), SPI_IOC_WR_MODE, SPI_IOC_WR_BITS_PER_WORD, SPI_IOC_WR_MAX_SPEED_HZ.
    private const nuint Message = 0x4020_6B00;
    private const nuint WriteMode = 0x4001_6B01;
    private const nuint WriteBitsPerWord = 0x4001_6B03;
    private const nuint WriteMaxSpeed = 0x4004_6B04;

    /// <summary>Mode 0 to 3, 8 bits a word, and the highest clock. EINVAL when the controller cannot.</summary>
    internal static bool TrySetUp(SafeFileHandle device, int mode, int clockHz)
    {
        byte modeBits = (byte)mode;
        byte bitsPerWord = 8;
        uint speed = (uint)clockHz;
        return Call(device, WriteMode, &modeBits) && Call(device, WriteBitsPerWord, &bitsPerWord) && Call(device, WriteMaxSpeed, &speed);
    }

    /// <summary>One frame of the chip select, both directions at once; the spans have one length.</summary>
    internal static bool TryTransfer(SafeFileHandle device, ReadOnlySpan<byte> write, Span<byte> read)
    {
        fixed (byte* out0 = write)
        fixed (byte* in0 = read)
        {
            var transfer = new SpiTransfer { Write = (ulong)out0, Read = (ulong)in0, Length = (uint)write.Length, BitsPerWord = 8 };
            return Call(device, Message, &transfer);
        }
    }

    private static bool Call(SafeFileHandle device, nuint request, void* argument)
    {
        int result;
        do
        {
            result = IoControl(device, request, argument);
        }
        while (result < 0 && Marshal.GetLastPInvokeError() == Errno.Eintr);
        return result >= 0;
    }

    // ioctl is variadic in C. Declaring it with fixed arguments is sound on linux-arm64 and linux-x64.
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle file, nuint request, void* argument);
}
