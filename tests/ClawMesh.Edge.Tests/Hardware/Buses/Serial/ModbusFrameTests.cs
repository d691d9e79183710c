using ClawMesh.Edge.Hardware.Buses.Serial;

namespace ClawMesh.Edge.Tests.Hardware.Buses.Serial;

public sealed class ModbusFrameTests
{
    // The first is the example of Modbus over Serial Line V1.02, section 6.2.2; the second is the check value of CRC-16/MODBUS.
    [Theory]
    [InlineData("0207", 0x1241)]
    [InlineData("313233343536373839", 0x4B37)]
    [InlineData("01030000000A", 0xCDC5)]
    [InlineData("010402FFFF", 0x80B8)]
    [InlineData("", 0xFFFF)]
    public void The_checksum_is_that_of_the_standard(string hex, int crc)
    {
        Assert.Equal(crc, ModbusFrame.Checksum(Convert.FromHexString(hex)));
    }

    [Fact]
    public void A_request_is_eight_bytes_with_its_checksum_low_byte_first()
    {
        byte[] frame = new byte[8];

        ModbusFrame.WriteReadRequest(frame, ModbusTable.Holding, station: 1, register: 0, count: 10);

        Assert.Equal("01030000000AC5CD", Convert.ToHexString(frame));
        Assert.True(ModbusFrame.HasGoodChecksum(frame));
        frame[3] ^= 1;
        Assert.False(ModbusFrame.HasGoodChecksum(frame));
    }

    [Theory]
    [InlineData(9_600, 4.010)]
    [InlineData(19_200, 2.005)]
    [InlineData(38_400, 1.75)]
    [InlineData(115_200, 1.75)]
    public void Silence_is_three_and_a_half_characters_and_no_less_than_1_75_ms(int baud, double milliseconds)
    {
        Assert.Equal(milliseconds, ModbusFrame.Silence(baud).TotalMilliseconds, tolerance: 0.01);
    }
}
