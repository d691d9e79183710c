using System.Buffers.Binary;
using System.Text;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Hardware.Simulated;

/// <summary>
/// The bytes of <c>&lt;state&gt;/sim/outputs</c>. All numbers little-endian.
/// <para>Header, 64 bytes: 0 magic <c>CMSIMOUT</c> · 8 u32 version = 1 · 12 u32 number of records · 16 u32 record size = 64 · rest zero.</para>
/// <para>Record, 64 bytes: 0 ref, UTF-8, padded with NUL to 48 · 48 state, IEEE double, 0 inactive to 1 active · 56 u32 write counter · 60 zero.</para>
/// </summary>
public static class OutputsLayout
{
    public const int HeaderBytes = 64;
    public const int RecordBytes = 64;

    /// <summary>Longest ref of a simulated output, in UTF-8 bytes.</summary>
    public const int MaxRefBytes = 48;

    /// <summary>More than any site may name, so that outputs of former sites have room.</summary>
    public const int MaxRecords = 4_096;

    internal const int MaxFileBytes = HeaderBytes + (MaxRecords * RecordBytes);

    private const uint Version = 1;
    private const int CountOffset = 12;
    public const int RatioInRecord = 48;
    private const int CounterInRecord = 56;

    private static ReadOnlySpan<byte> Magic => "CMSIMOUT"u8;

    public static long RatioOffset(int index) => HeaderBytes + ((long)index * RecordBytes) + RatioInRecord;

    public static long CounterOffset(int index) => HeaderBytes + ((long)index * RecordBytes) + CounterInRecord;

    /// <exception cref="EdgeException"><c>sim.outputs_foreign</c>.</exception>
    internal static IReadOnlyList<SimulatedOutputState> Parse(string path, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes || !bytes.StartsWith(Magic)) throw Foreign(path, "It does not begin with 'CMSIMOUT'.");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (version != Version) throw Foreign(path, $"Its layout is version {version}; this build reads version {Version}.");
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(bytes[CountOffset..]);
        uint recordBytes = BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]);
        if (recordBytes != RecordBytes || count > MaxRecords || bytes.Length != HeaderBytes + (count * RecordBytes))
            throw Foreign(path, $"It names {count} records of {recordBytes} bytes but is {bytes.Length} bytes long.");

        var records = new SimulatedOutputState[count];
        for (int i = 0; i < records.Length; i++)
        {
            ReadOnlySpan<byte> record = bytes.Slice(HeaderBytes + (i * RecordBytes), RecordBytes);
            records[i] = new SimulatedOutputState(
                Encoding.UTF8.GetString(record[..MaxRefBytes].TrimEnd((byte)0)),
                BinaryPrimitives.ReadDoubleLittleEndian(record[RatioInRecord..]),
                BinaryPrimitives.ReadUInt32LittleEndian(record[CounterInRecord..]));
        }

        return records;
    }

    internal static byte[] Format(IReadOnlyList<SimulatedOutputState> records)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(records.Count, MaxRecords);
        byte[] bytes = new byte[HeaderBytes + (records.Count * RecordBytes)];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(CountOffset), (uint)records.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), RecordBytes);
        for (int i = 0; i < records.Count; i++)
        {
            Span<byte> record = bytes.AsSpan(HeaderBytes + (i * RecordBytes), RecordBytes);
            if (!Encoding.UTF8.TryGetBytes(records[i].Ref, record[..MaxRefBytes], out _))
                throw new ArgumentException($"'{records[i].Ref}' is longer than {MaxRefBytes} bytes.", nameof(records));
            BinaryPrimitives.WriteDoubleLittleEndian(record[RatioInRecord..], records[i].Ratio);
            BinaryPrimitives.WriteUInt32LittleEndian(record[CounterInRecord..], records[i].Writes);
        }

        return bytes;
    }

    private static EdgeException Foreign(string path, string why) => new(
        "sim.outputs_foreign",
        $"'{path}' is not a file of simulated outputs.",
        why,
        "Look at it and move it away; the node makes a new one. It was not changed.",
        FailureClass.Storage);
}
