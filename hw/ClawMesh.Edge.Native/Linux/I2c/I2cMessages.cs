using System.Runtime.InteropServices;

namespace ClawMesh.Edge.Native.Linux.I2c;

/// <summary><c>union i2c_smbus_data</c> of linux/i2c.h: a byte, a word, or a length and up to 32 bytes. 34 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 34)]
internal unsafe struct SmbusData
{
    /// <summary>I2C_SMBUS_BLOCK_MAX.</summary>
    internal const int MaxBlock = 32;

    [FieldOffset(0)]
    public byte Byte;

    /// <summary>In the order of the machine; SMBus sends the low byte first.</summary>
    [FieldOffset(0)]
    public ushort Word;

    /// <summary>How many bytes of <see cref="Block"/> count.</summary>
    [FieldOffset(0)]
    public byte Length;

    [FieldOffset(1)]
    public fixed byte Block[MaxBlock];
}

/// <summary><c>struct i2c_smbus_ioctl_data</c> of linux/i2c-dev.h: 16 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal unsafe struct SmbusRequest
{
    [FieldOffset(0)]
    public byte ReadWrite;

    [FieldOffset(1)]
    public byte Command;

    [FieldOffset(4)]
    public uint Size;

    [FieldOffset(8)]
    public SmbusData* Data;
}

/// <summary><c>struct i2c_msg</c> of linux/i2c.h: 16 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal unsafe struct I2cMessage
{
    [FieldOffset(0)]
    public ushort Address;

    [FieldOffset(2)]
    public ushort Flags;

    [FieldOffset(4)]
    public ushort Length;

    [FieldOffset(8)]
    public byte* Bytes;
}

/// <summary><c>struct i2c_rdwr_ioctl_data</c> of linux/i2c-dev.h: 16 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal unsafe struct I2cMessages
{
    [FieldOffset(0)]
    public I2cMessage* First;

    [FieldOffset(8)]
    public uint Count;
}
