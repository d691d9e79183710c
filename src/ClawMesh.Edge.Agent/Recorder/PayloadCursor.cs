using System.Buffers.Binary;

namespace ClawMesh.Edge.Agent.Recorder;

/// <summary>Writes the numbers of a payload one after the other, little-endian.</summary>
internal ref struct PayloadWriter(Span<byte> to)
{
    private readonly Span<byte> _to = to;

    public int Length { get; private set; }

    public void Byte(byte value) => _to[Length++] = value;

    public void Number32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_to[Length..], value);
        Length += 4;
    }

    public void Number64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_to[Length..], value);
        Length += 8;
    }

    public void Real(float value)
    {
        BinaryPrimitives.WriteSingleLittleEndian(_to[Length..], value);
        Length += 4;
    }
}

/// <summary>Reads them back. A payload too short reads as zeros and not-a-number: its checksum was right, so another version wrote it.</summary>
internal ref struct PayloadReader(ReadOnlySpan<byte> from)
{
    private ReadOnlySpan<byte> _left = from;

    public byte Byte() => Take(1) is { Length: 1 } b ? b[0] : (byte)0;

    public int Number32() => Take(4) is { Length: 4 } b ? BinaryPrimitives.ReadInt32LittleEndian(b) : 0;

    public long Number64() => Take(8) is { Length: 8 } b ? BinaryPrimitives.ReadInt64LittleEndian(b) : 0;

    public float Real() => Take(4) is { Length: 4 } b ? BinaryPrimitives.ReadSingleLittleEndian(b) : float.NaN;

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (_left.Length < bytes)
        {
            _left = default;
            return default;
        }

        ReadOnlySpan<byte> taken = _left[..bytes];
        _left = _left[bytes..];
        return taken;
    }
}
