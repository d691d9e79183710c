using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Agent.Recorder;

namespace ClawMesh.Edge.Tests.Agent.Recorder;

public sealed class SegmentRingTests
{
    private const long Megabyte = 1 << 20;

    private readonly MemoryDisk _disk = new();

    [Fact]
    public void The_ring_never_grows_beyond_its_size_and_keeps_the_newest()
    {
        var ring = new SegmentRing(_disk, Megabyte);
        byte[] layout = Event("layout");
        for (int i = 0; i < 5_000; i++)
        {
            ring.Append(Event($"record {i:00000} {new string('x', 900)}"), layout);
            Assert.True(_disk.Bytes <= Megabyte, $"{_disk.Bytes} bytes after {i} records");
        }

        Assert.All(_disk.Files.Values, f => Assert.True(f.Count <= ring.SegmentBytes));
        List<string> texts = Texts();
        Assert.Contains("record 04999", texts[^1], StringComparison.Ordinal);
        Assert.DoesNotContain(texts, t => t.StartsWith("record 00000", StringComparison.Ordinal));
        Assert.InRange(_disk.Bytes, Megabyte * 14 / 16, Megabyte);
        Assert.All(_disk.Files.Values, f => Assert.Equal(layout, f.Take(layout.Length)));
    }

    [Fact]
    public void A_start_goes_on_in_the_newest_segment_so_that_starts_push_nothing_out()
    {
        for (int life = 0; life < 500; life++) new SegmentRing(_disk, Megabyte).Append(Event($"life {life}"), Event($"layout {life}"));

        Assert.Single(_disk.Files);
        Assert.Equal(["layout 0", "life 0", "layout 1", "life 1"], Texts()[..4]);
    }

    [Fact]
    public void A_torn_tail_is_passed_over_and_what_came_after_it_is_read()
    {
        new SegmentRing(_disk, Megabyte).Append([.. Event("one"), .. Event("two")], Event("layout"));
        List<byte> file = _disk.Files.Values.Single();
        file.RemoveRange(file.Count - 5, 5);

        new SegmentRing(_disk, Megabyte).Append(Event("three"), Event("layout"));

        Assert.Equal(["layout", "one", "layout", "three"], Texts());
    }

    [Fact]
    public void A_byte_that_changed_costs_one_record_and_no_reader()
    {
        byte[] whole = [.. Event("first"), .. Event("second"), .. Event("third")];
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] damaged = [.. whole];
            damaged[i] ^= 0x41;
            Assert.Equal(2, Read(damaged).Count);
        }
    }

    [Fact]
    public void Any_bytes_at_all_can_be_read()
    {
        var random = new Random(7713);
        byte[] noise = new byte[4096];
        for (int round = 0; round < 50; round++)
        {
            random.NextBytes(noise);
            for (int i = 0; i < noise.Length; i += 7) noise[i] = (byte)(i % 2 == 0 ? 0xC3 : 0xF1);
            Assert.Empty(Read(noise));
        }

        // A record whose checksum is right and whose payload is another version's reads as what it can be read as.
        foreach (RecordKind kind in (RecordKind[])[RecordKind.Second, RecordKind.Burst, RecordKind.Event, RecordKind.Layout, (RecordKind)99])
        {
            byte[] layout = Framed(RecordKind.Layout, new RecorderLayout("b", "v", "s", ["out"], ["bus"], ["in"]).Write());
            _disk.Files[1] = [.. layout, .. Framed(kind, [1, 2, 3]), .. Framed(kind, [])];
            using var text = new StringWriter();
            new RecorderReader(_disk).Export(new RecorderSpan(DateTimeOffset.MinValue, DateTimeOffset.MaxValue), csv: false, text);
        }
    }

    [Fact]
    public void Files_of_the_folder_are_read_in_their_order_and_belong_to_the_owner()
    {
        using var scratch = new Native.ScratchDirectory();
        var folder = new RecorderFolder(RecorderFolder.PathIn(scratch.Path));
        var ring = new SegmentRing(folder, Megabyte);
        for (int i = 0; i < 3_000; i++) ring.Append(Event(new string('y', 900)), Event("layout"));

        IReadOnlyList<RecorderSegment> segments = folder.Segments();
        Assert.InRange(segments.Sum(s => s.Bytes), Megabyte * 14 / 16, Megabyte);
        Assert.Equal(segments.Select(s => s.Number).Order(), segments.Select(s => s.Number));
        string file = Directory.GetFiles(scratch.At("recorder"))[0];
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    private List<string> Texts() => [.. _disk.Files.Values.SelectMany(f => Read([.. f]))];

    private static List<string> Read(byte[] data)
    {
        var texts = new List<string>();
        int at = 0;
        long skipped = 0;
        while (RecordFraming.TryNext(data, ref at, ref skipped, out _, out ReadOnlySpan<byte> payload)) texts.Add(Encoding.UTF8.GetString(payload));
        Assert.Equal(data.Length, at);
        return texts;
    }

    private static byte[] Event(string text) => Framed(RecordKind.Event, Encoding.UTF8.GetBytes(text));

    private static byte[] Framed(RecordKind kind, byte[] payload)
    {
        byte[] record = new byte[payload.Length + RecordFraming.Overhead];
        Assert.Equal(record.Length, RecordFraming.Write(record, kind, payload));
        return record;
    }
}
