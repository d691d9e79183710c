namespace ClawMesh.Edge.Hardware.Buses.Serial;

/// <summary>Which registers of a station (Modbus Application Protocol V1.1b3, section 4.3). The value is the function code that reads them.</summary>
public enum ModbusTable
{
    /// <summary>Section 6.3.</summary>
    Holding = 3,

    /// <summary>Section 6.4.</summary>
    Input = 4,
}

/// <summary>Frames of Modbus RTU (Modbus over Serial Line V1.02, section 2.5.1). Pure.</summary>
internal static class ModbusFrame
{
    internal const int RequestLength = 8;

    /// <summary>Station, function with the top bit set, code, checksum.</summary>
    internal const int ExceptionLength = 5;

    internal const int LongestLength = 256;

    /// <summary>Added to the function code of an exception.</summary>
    internal const byte ExceptionBit = 0x80;

    /// <summary>CRC-16 with the polynomial 0xA001, sent low byte first (V1.02, section 6.2.2).</summary>
    internal static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = 0xFFFF;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xA001 : crc >> 1;
        }

        return (ushort)crc;
    }

    internal static void WriteChecksum(Span<byte> frame)
    {
        ushort crc = Checksum(frame[..^2]);
        (frame[^2], frame[^1]) = ((byte)crc, (byte)(crc >> 8));
    }

    internal static bool HasGoodChecksum(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < 4) return false;
        ushort crc = Checksum(frame[..^2]);
        return frame[^2] == (byte)crc && frame[^1] == (byte)(crc >> 8);
    }

    internal static void WriteReadRequest(Span<byte> frame, ModbusTable table, int station, int register, int count)
    {
        frame[0] = (byte)station;
        frame[1] = (byte)table;
        (frame[2], frame[3]) = ((byte)(register >> 8), (byte)register);
        (frame[4], frame[5]) = ((byte)(count >> 8), (byte)count);
        WriteChecksum(frame[..RequestLength]);
    }

    /// <summary>Silence that ends a frame: 3.5 characters of 11 bits, and never less than 1.75 ms (V1.02, section 2.5.1.1).</summary>
    internal static TimeSpan Silence(int baudRate) => baudRate > 19_200 ? TimeSpan.FromMilliseconds(1.75) : TimeSpan.FromSeconds(3.5 * 11 / baudRate);

    /// <summary>Section 7 of the application protocol.</summary>
    internal static string ExceptionName(int code) => code switch
    {
        1 => "illegal function",
        2 => "illegal data address",
        3 => "illegal data value",
        4 => "server device failure",
        5 => "acknowledge",
        6 => "server device busy",
        8 => "memory parity error",
        10 => "gateway path unavailable",
        11 => "gateway target device failed to respond",
        _ => "a code the protocol does not list",
    };
}
