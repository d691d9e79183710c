namespace ClawMesh.Edge.TestKit.Hardware;

/// <summary>A Modbus RTU station with registers in memory that misbehaves as told. Bytes in, bytes out; whoever holds the wire carries them.</summary>
public sealed class FakeModbusStation(int number)
{
    public Dictionary<int, ushort> Holding { get; } = [];

    public Dictionary<int, ushort> Input { get; } = [];

    public bool Silent { get; set; }

    /// <summary>So many of the next answers arrive with one bit flipped.</summary>
    public int Damaged { get; set; }

    /// <summary>Answers with this exception; 0 with registers.</summary>
    public byte Exception { get; set; }

    public int Asked { get; private set; }

    /// <summary>Empty when it does not answer.</summary>
    public byte[] Answer(ReadOnlySpan<byte> request)
    {
        if (request.Length != 8 || request[0] != number || Crc(request[..6]) != (request[6] | (request[7] << 8))) return [];
        Asked++;
        if (Silent) return [];
        byte[] answer = Compose(request);
        if (Damaged > 0)
        {
            Damaged--;
            answer[^3] ^= 0x10;
        }

        return answer;
    }

    /// <summary>The frame with its checksum.</summary>
    public static byte[] Frame(params byte[] body)
    {
        ushort crc = Crc(body);
        return [.. body, (byte)crc, (byte)(crc >> 8)];
    }

    private byte[] Compose(ReadOnlySpan<byte> request)
    {
        byte function = request[1];
        if (Exception != 0) return Frame((byte)number, (byte)(function | 0x80), Exception);
        Dictionary<int, ushort>? table = function switch { 3 => Holding, 4 => Input, _ => null };
        if (table is null) return Frame((byte)number, (byte)(function | 0x80), 1);
        int first = (request[2] << 8) | request[3];
        int count = (request[4] << 8) | request[5];
        List<byte> body = [(byte)number, function, (byte)(2 * count)];
        for (int register = first; register < first + count; register++)
        {
            if (!table.TryGetValue(register, out ushort value)) return Frame((byte)number, (byte)(function | 0x80), 2);
            body.Add((byte)(value >> 8));
            body.Add((byte)value);
        }

        return Frame([.. body]);
    }

    // Written apart from the product's, with shifts in the other direction, so that one error does not hide in both.
    private static ushort Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = 0xFFFF;
        foreach (byte b in bytes)
        {
            crc ^= Mirror(b, 8) << 8;
            for (int i = 0; i < 8; i++) crc = (crc & 0x8000) != 0 ? ((crc << 1) ^ 0x8005) & 0xFFFF : (crc << 1) & 0xFFFF;
        }

        return (ushort)Mirror(crc, 16);
    }

    private static uint Mirror(uint value, int bits)
    {
        uint mirrored = 0;
        for (int i = 0; i < bits; i++) mirrored |= ((value >> i) & 1) << (bits - 1 - i);
        return mirrored;
    }
}
