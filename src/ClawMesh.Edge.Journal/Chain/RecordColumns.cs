using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Journal.Chain;

/// <summary>
/// One row of the journal without its hash, texts as the UTF-8 bytes that stand in the file: string readers of SQLite stop at
/// a NUL byte, and what they hide would escape the hash.
/// </summary>
internal sealed record RecordColumns(
    long Sequence,
    byte[] Type,
    long AtMs,
    byte[] ClockClass,
    byte[] Boot,
    byte[]? Actuator,
    byte[]? CommandId,
    byte[]? PermitId,
    byte[] Code,
    byte[] Body,
    byte[] Previous)
{
    public const int HashBytes = 32;

    // The first byte of a part says what it is, so that NULL, an empty text and an empty blob are three different things.
    private const byte NullMark = 0;
    private const byte IntegerMark = 1;
    private const byte TextMark = 2;
    private const byte BlobMark = 3;

    /// <summary>What the first record of a journal points back to.</summary>
    public static byte[] Genesis => new byte[HashBytes];

    public static byte[]? Utf8(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);

    /// <summary>SHA-256(DS(journal-record, every column in order)), 32 bytes.</summary>
    public byte[] Hash() => SHA256.HashData(DomainSeparation.Bytes(
        DomainSeparation.JournalRecord,
        Integer(Sequence),
        Marked(TextMark, Type),
        Integer(AtMs),
        Marked(TextMark, ClockClass),
        Marked(TextMark, Boot),
        Marked(TextMark, Actuator),
        Marked(TextMark, CommandId),
        Marked(TextMark, PermitId),
        Marked(TextMark, Code),
        Marked(TextMark, Body),
        Marked(BlobMark, Previous)));

    private static ReadOnlyMemory<byte> Integer(long value)
    {
        byte[] part = new byte[1 + sizeof(long)];
        part[0] = IntegerMark;
        BinaryPrimitives.WriteInt64BigEndian(part.AsSpan(1), value);
        return part;
    }

    private static ReadOnlyMemory<byte> Marked(byte mark, byte[]? value)
    {
        if (value is null) return new byte[] { NullMark };
        byte[] part = new byte[1 + value.Length];
        part[0] = mark;
        value.CopyTo(part, 1);
        return part;
    }
}
