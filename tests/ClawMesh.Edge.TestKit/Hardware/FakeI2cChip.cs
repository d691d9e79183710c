namespace ClawMesh.Edge.TestKit.Hardware;

/// <summary>A part on a fake bus, as the wire sees it.</summary>
public abstract class FakeI2cChip
{
    public abstract void Write(ReadOnlySpan<byte> bytes);

    public abstract void Read(Span<byte> bytes);
}

/// <summary>A register of a <see cref="FakeByteChip"/> was written from the bus.</summary>
public sealed record FakeRegisterWrite(byte Register, byte Value);

/// <summary>8-bit registers behind a pointer that moves on by itself, such as a BME280, an MCP23017 or a PCA9685.</summary>
public class FakeByteChip : FakeI2cChip
{
    private readonly byte[] _registers = new byte[256];
    private byte _pointer;

    /// <summary>What came from the bus, in order; null records nothing.</summary>
    public List<FakeRegisterWrite>? Writes { get; set; }

    /// <summary>Sees each read before it is answered, with the register.</summary>
    public Action<byte>? Reading { get; set; }

    public byte this[int register]
    {
        get => _registers[register];
        set => _registers[register] = value;
    }

    public void Set(int register, params ReadOnlySpan<byte> bytes) => bytes.CopyTo(_registers.AsSpan(register));

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        _pointer = bytes[0];
        foreach (byte value in bytes[1..])
        {
            Writes?.Add(new FakeRegisterWrite(_pointer, value));
            Store(_pointer++, value);
        }
    }

    public override void Read(Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            Reading?.Invoke(_pointer);
            bytes[i] = _registers[_pointer++];
        }
    }

    /// <summary>What a write from the bus does; a model of a part may do more.</summary>
    protected virtual void Store(byte register, byte value) => _registers[register] = value;
}

/// <summary>16-bit registers, high byte first, and a pointer that stays, such as an ADS1115 or an INA219. Parts that send the low byte first differ in what the bytes mean only.</summary>
public class FakeWordChip : FakeI2cChip
{
    private readonly ushort[] _registers = new ushort[256];
    private byte _pointer;

    /// <summary>Sees each read before it is answered, with the register.</summary>
    public Action<byte>? Reading { get; set; }

    /// <summary>Sees each write after it has happened, with the register.</summary>
    public Action<byte>? Written { get; set; }

    public ushort this[int register]
    {
        get => _registers[register];
        set => _registers[register] = value;
    }

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        _pointer = bytes[0];
        if (bytes.Length < 3) return;
        _registers[_pointer] = (ushort)((bytes[1] << 8) | bytes[2]);
        Written?.Invoke(_pointer);
    }

    public override void Read(Span<byte> bytes)
    {
        Reading?.Invoke(_pointer);
        for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)(i % 2 == 0 ? _registers[_pointer] >> 8 : _registers[_pointer]);
    }
}

/// <summary>Knows commands and answers, such as an SHT3x or a BH1750. Reads give the answer of the last command, then ones, as an undriven line does.</summary>
public sealed class FakeCommandChip : FakeI2cChip
{
    private readonly List<(byte[] Command, byte[] Answer)> _answers = [];
    private byte[] _answer = [];

    /// <summary>The answer to a command; null looks among those <see cref="Answer"/> has set.</summary>
    public Func<byte[], byte[]?>? Commanded { get; set; }

    public void Answer(byte[] command, byte[] answer)
    {
        _answers.RemoveAll(a => a.Command.AsSpan().SequenceEqual(command));
        _answers.Add((command, answer));
    }

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        if (Commanded?.Invoke(bytes.ToArray()) is { } computed)
        {
            _answer = computed;
            return;
        }

        _answer = [];
        foreach ((byte[] command, byte[] answer) in _answers)
        {
            if (bytes.SequenceEqual(command)) _answer = answer;
        }
    }

    public override void Read(Span<byte> bytes)
    {
        bytes.Fill(0xff);
        _answer.AsSpan(0, Math.Min(bytes.Length, _answer.Length)).CopyTo(bytes);
    }
}
