using System.Buffers.Binary;
using ClawMesh.Edge.BootRig;

namespace ClawMesh.Edge.Rig.BootRig;

/// <summary>The volatile cache of the boot test's disk: what was flushed stays, what was not may go, nothing else changes.</summary>
public sealed class WriteLogTests : IDisposable
{
    private const int Block = 4096;
    private const long FlushFlag = 1;

    private readonly string _folder = Directory.CreateTempSubdirectory("write-log-").FullName;
    private readonly List<byte> _log = [.. new byte[512]];

    private string Image => Path.Combine(_folder, "image");

    [Fact]
    public void What_was_flushed_stays_and_what_was_not_may_go()
    {
        for (int i = 0; i < 100; i++) Write(i, (byte)(i + 1));
        Flush();
        for (int i = 100; i < 200; i++) Write(i, (byte)(i - 99));

        (CutLoss loss, byte[] image) = Replay(200);

        Assert.Equal(200, loss.Blocks);
        Assert.InRange(loss.Lost, 20, 80);
        for (int i = 0; i < 100; i++) Assert.Equal((byte)(i + 1), image[i * Block]);
        Assert.Equal(loss.Lost, Enumerable.Range(100, 100).Count(i => image[i * Block] == 0));
    }

    [Fact]
    public void A_flush_at_the_end_leaves_nothing_to_lose()
    {
        Write(0, 1);
        Write(3, 2, blocks: 2);
        Flush();

        (CutLoss loss, byte[] image) = Replay(8);

        Assert.Equal(new CutLoss(3, 0), loss);
        Assert.Equal([1, 0, 0, 2, 2, 0, 0, 0], Enumerable.Range(0, 8).Select(i => image[i * Block]));
    }

    [Fact]
    public void A_hole_of_a_write_that_was_under_way_hides_no_later_one()
    {
        Write(0, 1);
        _log.AddRange(new byte[512 * 9]);
        Write(1, 2);
        Flush();

        (CutLoss loss, byte[] image) = Replay(2);

        Assert.Equal(new CutLoss(2, 0), loss);
        Assert.Equal(2, image[Block]);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private (CutLoss Loss, byte[] Image) Replay(int blocks)
    {
        File.WriteAllBytes(Image, new byte[blocks * Block]);
        string log = Path.Combine(_folder, "log");
        File.WriteAllBytes(log, [.. _log, .. new byte[64 * 512]]);
        CutLoss loss = WriteLog.Replay(log, Image, new Random(1));
        return (loss, File.ReadAllBytes(Image));
    }

    private void Write(int block, byte value, int blocks = 1)
    {
        Head(block * (Block / 512), blocks * (Block / 512), 0);
        for (int i = 0; i < blocks * Block; i++) _log.Add(value);
    }

    private void Flush() => Head(0, 0, FlushFlag);

    private void Head(long sector, long sectors, long flags)
    {
        byte[] head = new byte[512];
        BinaryPrimitives.WriteInt64LittleEndian(head, sector);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(8), sectors);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(16), flags);
        _log.AddRange(head);
    }
}
