using System.Text.Json;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Mesh.Sync;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Mesh.Sync;

/// <summary>What is known of an origin's numbers, against a plain set of numbers.</summary>
public class SequenceVectorTests
{
    private const string Epoch = "01a1fd8ab1e8a1b2";

    private static readonly JsonElement Golden = GoldenData.Json("edge-vectors.json").GetProperty("sync");
    private static readonly string Origin = new('a', 64);

    [Fact]
    [Trait("spec", "X-25")]
    public void Vector_bucket_root_and_window_hashes_are_those_of_the_vectors()
    {
        List<SequenceKnowledge> known = [];
        foreach (JsonElement v in Golden.GetProperty("vectors").EnumerateArray())
        {
            var gaps = v.GetProperty("gaps").EnumerateArray().Select(g => new SequenceRange(g[0].GetInt64(), g[1].GetInt64())).ToList();
            var knowledge = new SequenceKnowledge(v.GetProperty("origin").GetString()!, v.GetProperty("epoch").GetString()!, v.GetProperty("n").GetInt64(), gaps, [], []);
            Assert.Equal(v.GetProperty("hash").GetString(), Convert.ToHexStringLower(new SequenceVector(knowledge).Hash()));
            known.Add(knowledge);
        }

        byte[][] buckets = new SequenceBook(known).BucketHashes();
        Assert.Equal(Golden.GetProperty("buckets").EnumerateArray().Select(b => b.GetString()), buckets.Select(Convert.ToHexStringLower));
        Assert.Equal(Golden.GetProperty("root").GetString(), Convert.ToHexStringLower(SequenceBook.Root(buckets)));
        Assert.All(new SequenceBook([]).BucketHashes(), b => Assert.Equal(Golden.GetProperty("emptyBucket").GetString(), Convert.ToHexStringLower(b)));
    }

    [Fact]
    [Trait("spec", "X-31")]
    public void The_digest_of_a_window_is_that_of_the_vectors()
    {
        JsonElement window = Golden.GetProperty("window");
        List<string> hashes = [.. window.GetProperty("frameIds").EnumerateArray().Select(i => ClassicFrameId.HashOf(i.GetString()!))];
        Assert.Equal(window.GetProperty("idHashes").EnumerateArray().Select(h => h.GetString()), hashes);
        Assert.Equal(window.GetProperty("digest").GetString(), SyncWords.WindowDigest(hashes));
        Assert.Equal(window.GetProperty("emptyDigest").GetString(), SyncWords.WindowDigest([]));
    }

    [Theory]
    [Trait("spec", "X-24")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void In_whatever_order_numbers_come_it_knows_exactly_those(int seed)
    {
        var chance = new Random(seed);
        var vector = new SequenceVector(Origin, Epoch);
        var plain = new SortedSet<long>();
        for (int i = 0; i < 2_000; i++)
        {
            long number = chance.Next(1, 700);
            Assert.Equal(plain.Add(number), vector.See(number));
            if (i % 100 == 0)
            {
                var range = new SequenceRange(number, number + chance.Next(0, 20));
                vector.Declare(range);
                for (long n = range.First; n <= range.Last; n++) plain.Add(n);
            }
        }

        for (long n = 1; n <= 760; n++) Assert.Equal(plain.Contains(n), vector.Has(n));
        Assert.Equal(plain.Max, vector.Highest);
        Assert.Equal(plain.Count, vector.Seen);
        SequenceRange before = new(-1, -1);
        foreach (SequenceRange gap in vector.Gaps)
        {
            Assert.True(gap.First > before.Last + 1 && gap.Last >= gap.First && gap.Last < vector.Highest);
            before = gap;
        }
    }

    [Theory]
    [Trait("spec", "X-27")]
    [InlineData(11)]
    [InlineData(12)]
    public void What_it_lacks_of_another_is_what_the_other_has_and_it_has_not(int seed)
    {
        var chance = new Random(seed);
        SequenceVector ours = new(Origin, Epoch), theirs = new(Origin, Epoch);
        for (int i = 0; i < 400; i++)
        {
            ours.See(chance.Next(1, 500));
            theirs.See(chance.Next(1, 600));
        }

        List<SequenceRange> lacks = ours.Lacks(theirs.Highest, theirs.Gaps, int.MaxValue, out long missing);
        List<long> expected = [.. Enumerable.Range(1, 600).Select(n => (long)n).Where(n => theirs.Has(n) && !ours.Has(n))];
        Assert.Equal(expected, lacks.SelectMany(r => Enumerable.Range((int)r.First, (int)(r.Last - r.First + 1)).Select(n => (long)n)));
        Assert.Equal(expected.Count, missing);
    }

    [Fact]
    [Trait("spec", "X-29")]
    public void Gaps_lives_and_origins_are_bounded_and_what_gives_way_counts_as_seen()
    {
        var vector = new SequenceVector(Origin, Epoch);
        for (long n = 2; n <= 2L * (SequenceVector.MaxGaps + 10); n += 2) vector.See(n);
        Assert.Equal(SequenceVector.MaxGaps, vector.Gaps.Count);
        Assert.True(vector.Has(1));
        Assert.Equal(10, vector.LostNumbers);

        var book = new SequenceBook([]);
        for (int e = 0; e < 6; e++) Assert.Equal(Noted.New, book.See(Origin, $"{e:x16}", 1, out _));
        Assert.True(book.Has(Origin, $"{0:x16}", 99));
        Assert.Equal(Noted.Known, book.See(Origin, $"{1:x16}", 5, out _));
        for (int o = 1; o < SequenceBook.MaxOrigins; o++) Assert.Equal(Noted.New, book.See($"{o:x64}", Epoch, 1, out _));
        Assert.Equal(Noted.NoRoom, book.See(new string('f', 64), Epoch, 1, out _));
        Assert.Equal(SequenceBook.MaxOrigins, book.Origins);
    }

    [Fact]
    [Trait("spec", "X-24")]
    public void A_number_far_ahead_leaves_one_gap_and_is_told()
    {
        var book = new SequenceBook([]);
        book.See(Origin, Epoch, 1, out bool first);
        book.See(Origin, Epoch, 9_007_199_254_740_990, out bool far);
        book.See(Origin, Epoch, 2, out bool fills);
        Assert.Equal((false, true, false), (first, far, fills));
        Assert.Equal([new SequenceRange(3, 9_007_199_254_740_989)], book.Of(Origin, Epoch)!.Gaps);
    }
}
