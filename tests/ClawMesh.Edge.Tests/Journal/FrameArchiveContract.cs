using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Mesh.Sync;
using ClawMesh.Edge.TestKit;
using static ClawMesh.Edge.Tests.Journal.ArchiveFrames;

namespace ClawMesh.Edge.Tests.Journal;

/// <summary>What the mesh may rely on, of every archive of frames and wherever the frames are at the moment.</summary>
public abstract class FrameArchiveContract : IDisposable
{
    private const int Plenty = 1 << 20;

    /// <summary>May be another one after <see cref="Settle"/>.</summary>
    protected abstract IFrameArchive Archive { get; }

    /// <summary>Brings what was appended to where this kind of archive is tested.</summary>
    protected abstract void Settle();

    [Fact]
    public void A_frame_comes_back_as_it_was_given()
    {
        ArchivedFrame frame = new(A, "id\u0000-ü", "event", Epoch, 7, Start, Start + 5, FrameClass.Safety, "{\"ü\":1}\0"u8.ToArray());
        Archive.Append(frame);
        Settle();

        ArchivedFrame found = Assert.Single(Archive.Signed(A, Epoch, new SequenceRange(1, 9), 9, Plenty));

        Assert.Equal(frame with { Utf8 = default }, found with { Utf8 = default });
        Assert.Equal(frame.Utf8.ToArray(), found.Utf8.ToArray());
    }

    [Fact]
    [Trait("spec", "X-26")]
    public void Ranges_are_ascending_and_of_one_life_of_one_origin_only()
    {
        foreach (long sequence in new long[] { 5, 2, 9, 3 }) Archive.Append(Signed(A, sequence));
        Archive.Append(Signed(A, 4, NextEpoch));
        Archive.Append(Signed(B, 4));
        Settle();

        Assert.Equal([2, 3, 5], Archive.Signed(A, Epoch, new SequenceRange(2, 5), 9, Plenty).Numbers());
        Assert.Equal([2, 3], Archive.Signed(A, Epoch, new SequenceRange(1, 9), 2, Plenty).Numbers());
        Assert.Empty(Archive.Signed(A, Epoch, new SequenceRange(6, 8), 9, Plenty));
        Assert.Empty(Archive.Signed(A, Epoch, new SequenceRange(1, 9), 0, Plenty));
    }

    [Theory]
    [InlineData(50, 1)]
    [InlineData(299, 2)]
    [InlineData(300, 3)]
    public void Bytes_end_a_range_but_never_before_its_first_frame(int maxBytes, int expected)
    {
        for (int i = 1; i <= 5; i++) Archive.Append(Signed(A, i));
        for (int i = 1; i <= 5; i++) Archive.Append(Classic(A, i));
        Settle();

        Assert.Equal(expected, Archive.Signed(A, Epoch, new SequenceRange(1, 5), 9, maxBytes).Count);
        string[] hashes = [.. Enumerable.Range(1, 5).Select(i => ClassicFrameId.HashOf($"a-classic-{i}"))];
        Assert.Equal(expected, Archive.ClassicByHash(hashes, 9, maxBytes).Count);
    }

    [Fact]
    public void A_frame_that_is_kept_is_passed_over_and_so_is_another_with_its_number()
    {
        Archive.Append(Signed(A, 1));
        Archive.Append(Signed(A, 1, size: 300));
        Settle();
        Archive.Append(Signed(A, 1, size: 400));
        Archive.Append(Signed(A, 1, id: "forked"));
        Settle();

        Assert.Equal(["a-aa-1"], Archive.Signed(A, Epoch, new SequenceRange(1, 9), 9, Plenty).Ids());
        Assert.Equal(100, Archive.Head(A)!.Utf8.Length);
    }

    [Fact]
    [Trait("spec", "X-20")]
    public void A_verified_copy_takes_the_place_of_the_unsigned_one()
    {
        Archive.Append(Classic(A, 1));
        Archive.Append(Classic(A, 2));
        Settle();
        Archive.Replace(Signed(A, 5, id: "a-classic-1"));
        Archive.Replace(Signed(A, 6, id: "a-never-seen"));
        Archive.Replace(Classic(A, 2, size: 300));

        Assert.Equal(["a-classic-2"], Archive.ClassicByHash([ClassicFrameId.HashOf("a-classic-1"), ClassicFrameId.HashOf("a-classic-2")], 9, Plenty).Ids());
        Assert.Equal([ClassicFrameId.HashOf("a-classic-2")], Archive.Classic(0, long.MaxValue).Select(c => c.IdHash));
        Settle();

        Assert.Equal(["a-classic-1", "a-never-seen"], Archive.Signed(A, Epoch, new SequenceRange(1, 9), 9, Plenty).Ids());
        Assert.Equal(["a-classic-2"], Archive.ClassicByHash([ClassicFrameId.HashOf("a-classic-1"), ClassicFrameId.HashOf("a-classic-2")], 9, Plenty).Ids());
        Assert.Equal(["a-classic-1", "a-classic-2", "a-never-seen"], Archive.Newest(9).Ids());
        Assert.Equal(100, Archive.Newest(9)[1].Utf8.Length);
    }

    // An id is unique to its origin: neither Append nor Replace lets one origin touch what another said.
    [Fact]
    public void An_origin_that_uses_the_id_of_another_s_frame_neither_hides_nor_overwrites_it()
    {
        Archive.Append(Signed(A, 1, id: "same"));
        Archive.Append(Classic(B, 1, size: 200) with { FrameId = "same" });
        Archive.Append(Signed(B, 8, id: "later"));
        Settle();
        Archive.Append(Signed(A, 2, id: "later", size: 150));
        Archive.Replace(Signed(B, 7, id: "same", size: 300));
        for (int round = 0; round < 2; round++)
        {
            Assert.Equal([100, 150], Archive.Signed(A, Epoch, new SequenceRange(1, 9), 9, Plenty).Select(f => f.Utf8.Length));
            Assert.Equal([300, 100], Archive.Signed(B, Epoch, new SequenceRange(1, 9), 9, Plenty).Select(f => f.Utf8.Length));
            Assert.Equal([(A, "same"), (B, "same"), (B, "later"), (A, "later")], Archive.Newest(9).Select(f => (f.Origin, f.FrameId)));
            Assert.Equal(["same", "later"], Archive.OwnAfter(A, 0, 0, 9).Select(o => o.Frame.FrameId));
            Settle();
        }

        Assert.True(Ask(Signed(new string('c', 64), 1, id: "same")));
        Assert.Equal(5, Archive.Newest(9).Count);
    }

    // The hash names an id, so everything that bears the id answers to it ([X-31]).
    [Fact]
    public void Frames_without_epoch_that_share_an_id_are_all_found_by_its_hash()
    {
        string hash = ClassicFrameId.HashOf("same");
        Archive.Append(Classic(A, 1) with { FrameId = "same" });
        Archive.Append(Classic(B, 1, size: 200) with { FrameId = "same" });
        Settle();
        Archive.Append(Classic(B, 1, size: 250) with { FrameId = "same" });

        Assert.Equal([100, 200], Archive.ClassicByHash([hash], 9, Plenty).Select(f => f.Utf8.Length));
        Assert.Equal(A, Assert.Single(Archive.ClassicByHash([hash], 1, Plenty)).Origin);
        Assert.Single(Archive.ClassicByHash([hash], 9, 200));
        Assert.Equal([new ClassicFrameId(Start, hash)], Archive.Classic(0, long.MaxValue));

        Archive.Replace(Signed(B, 1, id: "same", size: 300));
        for (int round = 0; round < 2; round++)
        {
            Assert.Equal(A, Assert.Single(Archive.ClassicByHash([hash], 9, Plenty)).Origin);
            Assert.Equal([new ClassicFrameId(Start, hash)], Archive.Classic(0, long.MaxValue));
            Assert.Equal([100, 300], Archive.Newest(9).Select(f => f.Utf8.Length));
            Settle();
        }
    }

    // As many as the mesh keeps of a life: a gap that is left out counts as seen, and its frames are never asked for ([X-24]).
    [Fact]
    public void A_thousand_gaps_come_back_all_of_them()
    {
        SequenceRange[] gaps = [.. Enumerable.Range(1, SequenceVector.MaxGaps).Select(i => new SequenceRange(i * 3L, (i * 3L) + 1))];
        Archive.Remember(Known(A, 9000, Epoch, gaps));
        Settle();

        Assert.Equal(gaps, Assert.Single(Archive.Knowledge()).Gaps);
    }

    [Fact]
    public void Knowledge_comes_back_with_its_ranges_and_the_newest_word_counts()
    {
        var full = new SequenceKnowledge(A, Epoch, 90, [new(3, 5), new(9, 9)], [new(20, 40)], [new(50, 50), new(60, 70)]);
        Archive.Remember(Known(A, 10));
        Archive.Remember(full);
        Archive.Remember(Known(B, 4));
        Settle();
        Archive.Remember(Known(B, 5));
        Settle();

        SequenceKnowledge[] known = [.. Archive.Knowledge().OrderBy(k => k.Origin)];

        Assert.Equal(2, known.Length);
        Assert.Equal((full.Highest, 5L), (known[0].Highest, known[1].Highest));
        Assert.Equal(full.Gaps, known[0].Gaps);
        Assert.Equal(full.Void, known[0].Void);
        Assert.Equal(full.Lost, known[0].Lost);
    }

    [Fact]
    [Trait("spec", "X-26")]
    public void The_head_is_the_highest_number_of_the_newest_life()
    {
        Archive.Append(Signed(A, 900));
        Archive.Append(Signed(A, 2, NextEpoch));
        Archive.Append(Signed(A, 1, NextEpoch));
        Archive.Append(Classic(A, 1));
        Settle();

        Assert.Equal((NextEpoch, 2L), (Archive.Head(A)!.Epoch, Archive.Head(A)!.Sequence));
        Assert.Null(Archive.Head(B));
    }

    [Fact]
    [Trait("spec", "X-31")]
    public void Frames_without_epoch_are_found_by_time_and_by_hash()
    {
        for (int i = 0; i < 5; i++) Archive.Append(Classic(A, i, Start + (4 - i) * 10));
        Archive.Append(Signed(A, 1, at: Start + 20));
        Settle();

        Assert.Equal([(Start + 10, ClassicFrameId.HashOf("a-classic-3")), (Start + 20, ClassicFrameId.HashOf("a-classic-2"))],
            Archive.Classic(Start + 10, Start + 30).Select(c => (c.TimestampMs, c.IdHash)));
        string[] asked = [ClassicFrameId.HashOf("a-classic-4"), ClassicFrameId.HashOf("a-aa-1"), ClassicFrameId.HashOf("a-classic-0")];
        Assert.Equal(["a-classic-4", "a-classic-0"], Archive.ClassicByHash(asked, 9, Plenty).Ids());
        Assert.Equal(["a-classic-4"], Archive.ClassicByHash(asked, 1, Plenty).Ids());
    }

    [Fact]
    [Trait("spec", "X-78")]
    public void Own_frames_follow_by_place_and_not_older_than_asked()
    {
        Archive.Append(Signed(A, 1, at: Start - 100, frameClass: FrameClass.Safety));
        Archive.Append(Signed(B, 1));
        Archive.Append(Signed(A, 2, frameClass: FrameClass.Control));
        Archive.Append(Classic(A, 3));
        Archive.Append(Signed(A, 4, frameClass: FrameClass.Safety));
        Settle();
        Archive.Append(Signed(A, 5));

        IReadOnlyList<OutboxFrame> all = Archive.OwnAfter(A, 0, 0, 9);
        Assert.Equal(["a-aa-1", "a-aa-2", "a-classic-3", "a-aa-4", "a-aa-5"], all.Select(o => o.Frame.FrameId));
        Assert.Equal(all.Select(o => o.Number).Order(), all.Select(o => o.Number));
        Assert.Equal(["a-classic-3", "a-aa-4"], Archive.OwnAfter(A, all[1].Number, 0, 2).Select(o => o.Frame.FrameId));
        Assert.Equal("a-aa-2", Archive.OwnAfter(A, 0, Start, 9)[0].Frame.FrameId);
        Assert.Equal(all[^1].Number, Archive.LastNumber);
        Assert.Empty(Archive.OwnAfter(A, Archive.LastNumber, 0, 9));
    }

    [Fact]
    public void The_newest_come_in_the_order_they_came()
    {
        Assert.Equal(0, Archive.LastNumber);
        for (int i = 1; i <= 5; i++) Archive.Append(Signed(A, 10 - i, at: Start - i));
        Settle();
        Archive.Append(Signed(B, 1));

        Assert.Equal(["a-aa-6", "a-aa-5", "b-aa-1"], Archive.Newest(3).Ids());
        Assert.Empty(Archive.Newest(0));
    }

    [Fact]
    public void What_is_forgotten_is_gone_and_what_comes_after_stays()
    {
        for (int i = 1; i <= 3; i++) Archive.Append(Signed(A, i));
        Archive.Append(Classic(A, 1));
        Archive.Append(Signed(B, 1));
        Archive.Remember(Known(A, 3));
        Archive.Remember(Known(B, 1));
        Settle();

        Archive.Forget(A);
        Archive.Append(Signed(A, 1, NextEpoch));
        Archive.Remember(Known(A, 1, NextEpoch));
        Settle();

        Assert.Equal(["b-aa-1", "a-bb-1"], Archive.Newest(9).Ids());
        Assert.Empty(Archive.Signed(A, Epoch, new SequenceRange(1, 9), 9, Plenty));
        Assert.Empty(Archive.Classic(0, long.MaxValue));
        Assert.Equal([(A, NextEpoch), (B, Epoch)], Archive.Knowledge().Select(k => (k.Origin, k.Epoch)).Order());
    }

    [Fact]
    public void Who_waits_for_a_frame_is_told_once_whether_it_is_kept()
    {
        Assert.True(Ask(Signed(A, 1)));
        Settle();

        Assert.True(Ask(Signed(A, 2)));
        Assert.True(Ask(Signed(A, 2)), "kept already");
        Assert.False(Ask(Signed(A, 1, id: "forked")), "another has this number");
        Assert.True(Ask(Classic(A, 1)));
        Assert.Equal([1, 2], Archive.Signed(A, Epoch, new SequenceRange(1, 9), 9, Plenty).Numbers());
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }

    private bool Ask(ArchivedFrame frame)
    {
        using var told = new ManualResetEventSlim();
        int calls = 0;
        bool kept = false;
        Archive.Append(frame, durable =>
        {
            calls++;
            kept = durable;
            told.Set();
        });
        Assert.True(told.Wait(TimeSpan.FromSeconds(30)), "Nobody was told in 30 s.");
        Assert.Equal(1, calls);
        return kept;
    }
}

/// <summary>The archive that tests of the mesh use.</summary>
public sealed class InMemoryFrameArchiveTests : FrameArchiveContract
{
    protected override IFrameArchive Archive { get; } = new InMemoryFrameArchive();

    protected override void Settle()
    {
    }
}

/// <summary>The real one while everything still waits to be written: the clock stands.</summary>
public sealed class WaitingFrameArchiveTests : FrameArchiveContract
{
    private readonly JournalBench _bench = new();
    private ClawMesh.Edge.Journal.ActuationJournal? _journal;

    protected override IFrameArchive Archive => (_journal ??= _bench.Open()).Frames;

    protected override void Settle()
    {
    }

    protected override void Dispose(bool disposing)
    {
        _journal?.Dispose();
        _bench.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>The real one with everything on disk, read by another life of the node.</summary>
public sealed class StoredFrameArchiveTests : FrameArchiveContract
{
    private readonly JournalBench _bench = new();
    private ClawMesh.Edge.Journal.ActuationJournal? _journal;

    protected override IFrameArchive Archive => (_journal ??= _bench.Open()).Frames;

    protected override void Settle()
    {
        _journal?.Dispose();
        _journal = null;
    }

    protected override void Dispose(bool disposing)
    {
        _journal?.Dispose();
        _bench.Dispose();
        base.Dispose(disposing);
    }
}
