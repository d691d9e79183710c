using System.Buffers.Binary;

namespace ClawMesh.Edge.BootRig;

/// <summary>
/// The write log QEMU's <c>blklogwrites</c> keeps (the format of the kernel's dm-log-writes, admin-guide/device-mapper/log-writes.rst): every
/// write and flush of a disk in order. With it a disk can be made as it would be after a power cut behind a volatile cache.
/// </summary>
internal static class WriteLog
{
    private const int Sector = 512;
    private const long Flush = 1;
    private const long Discard = 4;

    // What a disk writes at once; a longer write may be torn between two of these.
    private const int Block = 4096;

    // QEMU takes a log entry's place before it writes it: one that was still on its way leaves a hole of at most a large request.
    private const long LargestHole = 4L << 20;

    /// <summary>
    /// Replays onto the disk as it was at the start: all that was written before the last flush, and of what came after it each block or not,
    /// as chance has it, whatever its order.
    /// </summary>
    public static CutLoss Replay(string log, string image, Random chance)
    {
        using FileStream from = File.OpenRead(log);
        List<Entry> entries = Entries(from, new FileInfo(image).Length);
        int flushed = entries.FindLastIndex(e => (e.Flags & Flush) != 0);
        using FileStream to = File.OpenWrite(image);
        byte[] buffer = new byte[Block];
        int blocks = 0, lost = 0;
        for (int i = 0; i < entries.Count; i++)
        {
            Entry e = entries[i];
            from.Position = e.Data;
            for (long done = 0; done < e.Length; done += Block)
            {
                int size = (int)Math.Min(Block, e.Length - done);
                from.ReadExactly(buffer, 0, size);
                blocks++;
                if (i > flushed && chance.Next(2) == 0)
                {
                    lost++;
                    continue;
                }

                to.Position = e.At + done;
                to.Write(buffer, 0, size);
            }
        }

        return new CutLoss(blocks, lost);
    }

    private static List<Entry> Entries(FileStream log, long size)
    {
        var entries = new List<Entry>();
        byte[] head = new byte[Sector];
        // The first sector is the log's own.
        long at = Sector, expected = Sector;
        while (at + Sector <= log.Length)
        {
            log.Position = at;
            log.ReadExactly(head);
            if (Parse(head, at, size) is { } entry && entry.Data + entry.Length <= log.Length)
            {
                entries.Add(entry);
                expected = at = entry.Data + entry.Length;
                continue;
            }

            at += Sector;
            if (at - expected > LargestHole) break;
        }

        return entries;
    }

    private static Entry? Parse(ReadOnlySpan<byte> head, long at, long size)
    {
        long sector = BinaryPrimitives.ReadInt64LittleEndian(head), sectors = BinaryPrimitives.ReadInt64LittleEndian(head[8..]);
        long flags = BinaryPrimitives.ReadInt64LittleEndian(head[16..]), data = BinaryPrimitives.ReadInt64LittleEndian(head[24..]);
        if (flags is < 0 or > 3 && flags != Discard) return null;
        // A hole is all zeros, and so is the tail of every head.
        if (data != 0 || (sectors == 0 && (flags & Flush) == 0) || head[32..].ContainsAnyExcept((byte)0)) return null;
        if (sector < 0 || sectors is < 0 or > 1 << 16 || (sector + sectors) * Sector > size) return null;
        return new Entry(at + Sector, sector * Sector, flags == Discard ? 0 : sectors * Sector, flags);
    }

    private readonly record struct Entry(long Data, long At, long Length, long Flags);
}

/// <summary>How many blocks the guest wrote since it was powered on, and how many of them a power cut took.</summary>
internal readonly record struct CutLoss(int Blocks, int Lost);
