using System.Runtime.InteropServices;
using System.Text;
using ClawMesh.Edge.Native.Onnx;

namespace ClawMesh.Edge.Tests.Hardware.Inference.Onnx;

/// <summary>A TensorProto of onnx.proto, as the conformance data store inputs and outputs.</summary>
internal sealed class OnnxTensor
{
    private const int Text = 8;

    // By TensorProto.DataType; 0 where the length is not fixed.
    private static readonly int[] Sizes = [0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, 8, 16, 2];

    private OnnxTensor(int type, long[] shape, byte[] bytes, string[] texts) => (Type, Shape, Bytes, Texts) = (type, shape, bytes, texts);

    public int Type { get; }

    public long[] Shape { get; }

    public byte[] Bytes { get; }

    public string[] Texts { get; }

    /// <exception cref="FormatException">Not a tensor.</exception>
    public static OnnxTensor Read(ReadOnlySpan<byte> message)
    {
        int type = 0;
        byte[]? raw = null;
        var shape = new List<ulong>();
        var numbers = new List<ulong>();
        var texts = new List<string>();
        var fixedWidth = new List<byte>();
        for (var fields = new ProtoFields(message); fields.Next();)
        {
            switch (fields.Field)
            {
                case 1: fields.AddVarints(shape); break;
                case 2: type = (int)fields.Number; break;
                case 4 or 10 when !fields.IsNumber: fixedWidth.AddRange(fields.Bytes); break;
                case 4: fixedWidth.AddRange(BitConverter.GetBytes((uint)fields.Number)); break;
                case 10: fixedWidth.AddRange(BitConverter.GetBytes(fields.Number)); break;
                case 5 or 7 or 11: fields.AddVarints(numbers); break;
                case 6: texts.Add(Encoding.UTF8.GetString(fields.Bytes)); break;
                case 9: raw = fields.Bytes.ToArray(); break;
                default: break;
            }
        }

        if (type < 1 || type >= Sizes.Length) throw new FormatException($"element type {type} is none");
        long count = 1;
        foreach (ulong length in shape) count = checked(count * (long)length);
        byte[] bytes = raw ?? (numbers.Count > 0 ? Narrow(numbers, Sizes[type]) : [.. fixedWidth]);
        if (type == Text ? texts.Count != count : bytes.Length != count * Sizes[type]) throw new FormatException($"{bytes.Length} bytes do not fill {count} elements of type {type}");
        return new OnnxTensor(type, [.. shape.Select(d => (long)d)], bytes, [.. texts]);
    }

    public OrtTensor ToOrt(OrtApi api)
    {
        if (Type == Text) return new OrtTensor(api, Texts, Shape);
        var tensor = new OrtTensor(api, (OrtElement)Type, Sizes[Type], Shape);
        Bytes.CopyTo(tensor.Bytes);
        return tensor;
    }

    /// <summary>Whether a result is this one: type and shape exact, floats within 1e-5 and one in a thousand (1e-2 for 16 bits).</summary>
    public bool Matches(OrtTensor seen)
    {
        if ((int)seen.Element != Type || !seen.Shape.SequenceEqual(Shape)) return false;
        if (Type == Text) return seen.Texts().SequenceEqual(Texts);
        byte[] bytes = seen.Copy(Sizes[Type]);
        return Type switch
        {
            1 => Close<float>(MemoryMarshal.Cast<byte, float>(bytes), MemoryMarshal.Cast<byte, float>(Bytes), v => v, 1e-3),
            10 => Close<Half>(MemoryMarshal.Cast<byte, Half>(bytes), MemoryMarshal.Cast<byte, Half>(Bytes), v => (double)v, 1e-2),
            11 => Close<double>(MemoryMarshal.Cast<byte, double>(bytes), MemoryMarshal.Cast<byte, double>(Bytes), v => v, 1e-3),
            _ => bytes.AsSpan().SequenceEqual(Bytes),
        };
    }

    private static bool Close<T>(ReadOnlySpan<T> seen, ReadOnlySpan<T> expected, Func<T, double> number, double relative)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            double s = number(seen[i]), e = number(expected[i]);
            if (s.Equals(e) || Math.Abs(s - e) <= 1e-5 + (relative * Math.Abs(e))) continue;
            return false;
        }

        return true;
    }

    private static byte[] Narrow(List<ulong> numbers, int size)
    {
        var bytes = new byte[numbers.Count * size];
        for (int i = 0; i < numbers.Count; i++) BitConverter.GetBytes(numbers[i]).AsSpan(0, size).CopyTo(bytes.AsSpan(i * size));
        return bytes;
    }
}
