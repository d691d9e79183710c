using System.Buffers.Binary;
using System.Numerics;

namespace ClawMesh.Edge.Agent.Recorder;

/// <summary>What a record of the flight recorder holds.</summary>
internal enum RecordKind : byte
{
    /// <summary>The names that the records after it count by; first in every segment, and at every start of the node.</summary>
    Layout = 1,

    /// <summary>The whole picture, once a second.</summary>
    Second = 2,

    /// <summary>One sample of a burst.</summary>
    Burst = 3,

    /// <summary>An event, as JSON.</summary>
    Event = 4,
}

/// <summary>
/// How records lie in a segment: two bytes of mark, the payload's length, the kind, the payload, and a CRC-32C over all after the mark.
/// A record torn by a power cut, or behind one, is found by its checksum and passed over; the next mark is where reading goes on.
/// </summary>
internal static class RecordFraming
{
    public const int Overhead = 9;
    public const int MaxPayload = ushort.MaxValue;

    private const int Head = 5;
    private const ushort Mark = 0xF1C3;

    /// <summary>Writes one record.</summary>
    /// <param name="payload">At most <see cref="MaxPayload"/> bytes.</param>
    /// <param name="to">At least <see cref="Overhead"/> longer than the payload.</param>
    /// <returns>The bytes written.</returns>
    public static int Write(Span<byte> to, RecordKind kind, ReadOnlySpan<byte> payload)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload.Length, MaxPayload);
        BinaryPrimitives.WriteUInt16LittleEndian(to, Mark);
        BinaryPrimitives.WriteUInt16LittleEndian(to[2..], (ushort)payload.Length);
        to[4] = (byte)kind;
        payload.CopyTo(to[Head..]);
        BinaryPrimitives.WriteUInt32LittleEndian(to[(Head + payload.Length)..], Checksum(to[2..(Head + payload.Length)]));
        return payload.Length + Overhead;
    }

    /// <summary>Finds the next whole record at or after <paramref name="at"/> and moves there past it.</summary>
    /// <param name="skipped">Grows by the bytes that belonged to no record.</param>
    public static bool TryNext(ReadOnlySpan<byte> data, ref int at, ref long skipped, out RecordKind kind, out ReadOnlySpan<byte> payload)
    {
        for (; at + Overhead <= data.Length; at++, skipped++)
        {
            ReadOnlySpan<byte> here = data[at..];
            if (BinaryPrimitives.ReadUInt16LittleEndian(here) != Mark) continue;
            int length = BinaryPrimitives.ReadUInt16LittleEndian(here[2..]);
            if (here.Length < length + Overhead || BinaryPrimitives.ReadUInt32LittleEndian(here[(Head + length)..]) != Checksum(here[2..(Head + length)])) continue;
            kind = (RecordKind)here[4];
            payload = here.Slice(Head, length);
            at += length + Overhead;
            return true;
        }

        skipped += data.Length - at;
        at = data.Length;
        kind = default;
        payload = default;
        return false;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
