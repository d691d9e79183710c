using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ClawMesh.Edge.Native.Linux.I2c;
using ClawMesh.Edge.Native.Linux.Spi;

namespace ClawMesh.Edge.Tests.Native;

public class BusStructTests
{
    [Fact]
    public void Structures_of_i2c_dev_have_the_size_of_the_headers()
    {
        Assert.Equal(34, Unsafe.SizeOf<SmbusData>());
        Assert.Equal(16, Unsafe.SizeOf<SmbusRequest>());
        Assert.Equal(16, Unsafe.SizeOf<I2cMessage>());
        Assert.Equal(16, Unsafe.SizeOf<I2cMessages>());
    }

    [Fact]
    public void Members_of_i2c_dev_stand_where_the_headers_put_them()
    {
        Assert.Equal(4, At<SmbusRequest>(nameof(SmbusRequest.Size)));
        Assert.Equal(8, At<SmbusRequest>("Data"));
        Assert.Equal(4, At<I2cMessage>(nameof(I2cMessage.Length)));
        Assert.Equal(8, At<I2cMessage>("Bytes"));
        Assert.Equal(8, At<I2cMessages>(nameof(I2cMessages.Count)));
    }

    [Fact]
    public void The_transfer_of_spidev_has_the_layout_of_the_header()
    {
        Assert.Equal(32, Unsafe.SizeOf<SpiTransfer>());
        Assert.Equal(16, At<SpiTransfer>(nameof(SpiTransfer.Length)));
        Assert.Equal(24, At<SpiTransfer>(nameof(SpiTransfer.DelayMicroseconds)));
        Assert.Equal(26, At<SpiTransfer>(nameof(SpiTransfer.BitsPerWord)));
    }

    private static int At<T>(string member) => (int)Marshal.OffsetOf<T>(member);
}
