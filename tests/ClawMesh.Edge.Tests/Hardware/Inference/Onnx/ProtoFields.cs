using System.Buffers.Binary;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Onnx;

/// <summary>Reads a message of the Protocol Buffers wire format field by field; for test data only.</summary>
internal ref struct ProtoFields(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    public int Field { get; private set; }

    /// <summary>Of a varint or a fixed field.</summary>
    public ulong Number { get; private set; }

    /// <summary>Of a field with a length; default when it is a number.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    public bool IsNumber { get; private set; }

    public bool Next()
    {
        if (_rest.IsEmpty) return false;
        ulong tag = Varint();
        Field = (int)(tag >> 3);
        Bytes = default;
        IsNumber = true;
        switch (tag & 7)
        {
            case 0: Number = Varint(); break;
            case 1: Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8)); break;
            case 5: Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4)); break;
            case 2: Bytes = Take(checked((int)Varint())); IsNumber = false; break;
            default: throw new FormatException($"wire type {tag & 7} is none that ONNX uses");
        }

        return true;
    }

    /// <summary>The numbers of a repeated field, packed or not.</summary>
    public void AddVarints(List<ulong> numbers)
    {
        if (IsNumber)
        {
            numbers.Add(Number);
            return;
        }

        ReadOnlySpan<byte> after = _rest;
        _rest = Bytes;
        while (!_rest.IsEmpty) numbers.Add(Varint());
        _rest = after;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte b = Take(1)[0];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80) return value;
        }

        throw new FormatException("a number has more than 64 bits");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length) throw new FormatException("the message ends too early");
        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
