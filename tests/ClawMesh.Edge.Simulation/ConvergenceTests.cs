using System.Globalization;
using System.Security.Cryptography;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Storage;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Origin;
using ClawMesh.Edge.Mesh.Sync;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>That what one node keeps, every node that may comes to have ([X-23]).</summary>
public class ConvergenceTests
{
    // As many as fit into a run on two cores; CLAWMESH_SEEDS=100 runs all of them, `make converge`.
    private static readonly int Seeds = int.TryParse(Environment.GetEnvironmentVariable("CLAWMESH_SEEDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int seeds) ? seeds : 20;

    [Fact]
    [Trait("spec", "X-23")]
    [Trait("spec", "X-28")]
    [Trait("spec", "W-89")]
    public void Twenty_nodes_cut_in_two_for_a_week_with_ten_thousand_frames_on_each_side_converge_after_it()
    {
        int threads = Math.Max(1, Environment.ProcessorCount);
        Parallel.For(1, Seeds + 1, new ParallelOptions { MaxDegreeOfParallelism = threads }, seed =>
        {
            try
            {
                new WeekApart(seed, realSignatures: false).Run(nodes: 20, framesPerSide: 10_000, days: 7);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"Seed {seed}: {failure.Message}", failure);
            }
        });
    }

    [Fact]
    [Trait("spec", "X-23")]
    public void The_same_with_real_signatures_on_a_smaller_scale() => new WeekApart(1, realSignatures: true).Run(nodes: 6, framesPerSide: 600, days: 7);

    [Fact]
    [Trait("spec", "X-26")]
    [Trait("spec", "X-29")]
    public void Ten_thousand_common_frames_and_five_different_ones_cost_six_questions_and_forty_kilobytes_at_most() => Field.EachSeed(
        field =>
        {
            (SimulatedNode a, SimulatedNode b) = Pair(field);
            Fill(a, 10_000);
            Copy(a, b);
            string[] only = [.. Enumerable.Range(0, 5).Select(i => a.Observe(i, $"late-{i}"))];
            Cost cost = Meet(field, a, b);
            Assert.All(only, id => Assert.NotNull(b.Mesh.World.Find(id)));
            Assert.InRange(cost.Questions, 1, 6);
            Assert.InRange(cost.BytesBesideFrames, 1, 40 * 1024);
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "X-23")]
    [Trait("spec", "X-26")]
    public void Equal_nodes_ask_one_question_of_less_than_a_kilobyte() => Field.EachSeed(
        field =>
        {
            (SimulatedNode a, SimulatedNode b) = Pair(field);
            Fill(a, 2_000);
            Copy(a, b);
            Meet(field, a, b);
            Cost again = Round(field, a, b, () => { });
            Assert.Equal(1, again.Questions);
            Assert.InRange(again.Bytes, 1, 1_024);
            Assert.Equal((0, 0), (b.Mesh.SessionOf(a.DeviceId)!.Sight.WeLack, b.Mesh.SessionOf(a.DeviceId)!.Sight.TheyLack));
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "X-23")]
    public void Bytes_grow_with_the_difference_and_not_with_the_history()
    {
        var bytes = new Dictionary<(int History, int Difference), long>();
        foreach (int history in (int[])[100, 1_000, 10_000])
        {
            foreach (int difference in (int[])[0, 10, 100, 1_000])
            {
                var field = new Field(7);
                (SimulatedNode a, SimulatedNode b) = Pair(field);
                Fill(a, history);
                Copy(a, b);
                Fill(a, difference);
                Cost cost = Meet(field, a, b);
                bytes[(history, difference)] = cost.Bytes;
                TestContext.Current.TestOutputHelper?.WriteLine($"history {history}, difference {difference}: {cost.Bytes} bytes, {cost.Questions} questions");
            }
        }

        foreach (int difference in (int[])[0, 10, 100, 1_000])
        {
            // A hundred times the history costs nothing that shows.
            Assert.InRange(bytes[(10_000, difference)], 0, (bytes[(100, difference)] * 1.02) + 64);
        }

        Assert.InRange((double)bytes[(10_000, 1_000)] / bytes[(10_000, 100)], 7, 11);
    }

    [Fact]
    [Trait("spec", "X-27")]
    [Trait("spec", "X-28")]
    public void A_round_that_is_cut_after_any_message_goes_on_with_another_peer() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Node("a"), a2 = field.Node("a2"), b = Asking(field, "b", "a", "a2");
            foreach (SimulatedNode node in (SimulatedNode[])[a, a2]) node.Trust.Add(b.DeviceId);
            Fill(a, 700);
            Copy(a, a2);
            a2.Trust.Add(a.DeviceId, a.PublicKey);
            SimulatedNode[] peers = [a, a2];
            for (int cut = 0; cut < 60 && b.Mesh.Book.Of(a.DeviceId.Value, a.Mesh.Own.Epoch!) is not { Highest: 700, Gaps.Count: 0 }; cut++)
            {
                SimulatedNode open = peers[cut % 2], closed = peers[(cut + 1) % 2];
                field.Network.Cut(b, closed);
                field.Network.Mend(b, open);
                field.Network.Drop(b);
                field.RunUntil(() => b.IsConnected(open), 40);
                field.Run(0.004 * (1 + field.Network.Chance.Next(8)));
            }

            Assert.True(b.Mesh.Book.Of(a.DeviceId.Value, a.Mesh.Own.Epoch!) is { Highest: 700, Gaps.Count: 0 });
        },
        seeds: 3);

    [Fact]
    [Trait("spec", "X-31")]
    public void Frames_without_numbers_converge_by_digests_and_are_believed_at_T1() => Field.EachSeed(
        field =>
        {
            (SimulatedNode a, SimulatedNode b) = Pair(field);
            NodeId origin = Field.Key("classic").DeviceId;
            a.Trust.Add(origin);
            b.Trust.Add(origin);
            for (int i = 0; i < 700; i++)
            {
                // Hours ago, so that context.sync with its last minute does not bring them.
                long at = field.Time.GetUtcNow().ToUnixTimeMilliseconds() - 7_200_000 + (i * 1_000);
                string id = $"c{i}";
                a.Archive.Append(new ArchivedFrame(origin.Value, id, "observation", null, 0, at, at, FrameClass.Bulk, System.Text.Encoding.UTF8.GetBytes(SignedFrameTests.Frame(origin, id, "T3_verified_action_evidence", 0).Replace("1795240800000", at.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal))));
            }

            Meet(field, a, b);
            field.Run(30);
            Assert.All(Enumerable.Range(0, 700), i => Assert.NotNull(b.Mesh.World.Find($"c{i}")));
            Assert.All(b.Mesh.World.Log(700, null, origin.Value), f => Assert.Equal((FrameStanding.UnsignedClassic, Core.Evidence.EvidenceTier.UnverifiedObservation), (f.Standing, f.EffectiveTier)));
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "X-30")]
    public void What_nobody_has_any_more_is_given_up_after_two_rounds_ten_minutes_apart_and_counted() => Field.EachSeed(
        field =>
        {
            (SimulatedNode before, SimulatedNode b) = Pair(field);
            Fill(before, 10);
            Forget(before, 4, 6);
            field.Network.Kill(before);
            SimulatedNode a = field.Node("a", Fast() with { Trust = before.Trust, Archive = before.Archive, Settings = before.Settings });
            Meet(field, a, b);
            Assert.Equal([new SequenceRange(4, 6)], b.Mesh.Book.Of(a.DeviceId.Value, a.Mesh.Own.Epoch!)!.Gaps);
            Assert.Equal(0, b.Mesh.Book.Lost);
            field.Run(25 * 60);
            Assert.Empty(b.Mesh.Book.Of(a.DeviceId.Value, a.Mesh.Own.Epoch!)!.Gaps);
            Assert.Equal(3, b.Mesh.Book.Lost);
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "X-29")]
    public void What_breaks_a_limit_of_a_question_is_refused_by_code() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Node("a");
            Fill(a, 3);
            ClassicLink link = field.ClassicDialler("peer", a).Link;
            string want = $$"""{"origin":"{{a.DeviceId.Value}}","epoch":"{{a.Mesh.Own.Epoch}}","ranges":[[1,3]]}""";
            string many = string.Join(',', Enumerable.Repeat(want, 33)), ranges = string.Join(',', Enumerable.Range(0, 257).Select(i => $"[{(2 * i) + 1},{(2 * i) + 1}]"));
            Assert.Equal("SYNC_LIMIT", field.CodeOf(link, "edge.sync", $$"""{"op":"pull","want":[{{many}}]}"""));
            Assert.Equal("SYNC_LIMIT", field.CodeOf(link, "edge.sync", $$"""{"op":"pull","want":[{{want.Replace("[1,3]", ranges, StringComparison.Ordinal)}}]}"""));
            Assert.Equal("SYNC_LIMIT", field.CodeOf(link, "edge.sync", """{"op":"window","from":0,"to":90000000,"step":300000}"""));
            Assert.Equal("SYNC_LIMIT", field.CodeOf(link, "edge.sync", $$"""{"op":"pullIds","ids":[{{string.Join(',', Enumerable.Repeat($"\"{new string('0', 32)}\"", 513))}}]}"""));
            foreach (string bad in (string[])["{}", """{"op":"x"}""", """{"op":"root","root":"zz"}""", """{"op":"vectors","buckets":[16]}""", """{"op":"window","from":1,"to":300000,"step":300000}"""])
                Assert.Equal("INVALID_PARAMS", field.CodeOf(link, "edge.sync", bad));
            var answer = field.Ask(link, "edge.sync", $$"""{"op":"pull","want":[{{want.Replace("[1,3]", "[2,9]", StringComparison.Ordinal)}}],"maxFrames":1}""").GetProperty("payload");
            Assert.Equal(1, answer.GetProperty("frames").GetArrayLength());
            Assert.Equal("[[3,3]]", answer.GetProperty("rest")[0].GetProperty("ranges").GetRawText());
            Assert.Equal("[[4,9]]", answer.GetProperty("absent")[0].GetProperty("ranges").GetRawText());
        },
        seeds: 1);

    private static (SimulatedNode A, SimulatedNode B) Pair(Field field)
    {
        SimulatedNode a = field.Node("a", Fast()), b = Asking(field, "b", "a");
        a.Trust.Add(b.DeviceId, b.PublicKey);
        b.Trust.Add(a.DeviceId, a.PublicKey);
        field.Network.Cut(a, b);
        return (a, b);
    }

    private static SimulatedNode Asking(Field field, string name, params string[] peers)
    {
        SimulatedNode node = field.Node(name, Fast() with { Peers = [.. peers.Select(p => Field.PeerOf(p))] });
        foreach (string peer in peers) node.Trust.Add(Field.Key(peer).DeviceId, System.Buffers.Text.Base64Url.EncodeToString(Field.Key(peer).PublicKey.Span));
        return node;
    }

    // A page is checked at once: what is measured is the protocol, not the pace of checking.
    private static SimulatedNodeOptions Fast() => new() { Mesh = o => o with { Verify = new VerifyLimits(1e6, 1e6) } };

    private static void Fill(SimulatedNode node, int frames)
    {
        for (int i = 0; i < frames; i++) node.Observe(i % 40, $"zone-{i % 50}");
    }

    // What a node has, the other has, too, as after a long time together.
    private static void Copy(SimulatedNode from, SimulatedNode to)
    {
        foreach (ArchivedFrame frame in from.Archive.Newest(int.MaxValue)) to.Archive.Append(frame);
        string epoch = from.Mesh.Own.Epoch!;
        for (long n = 1; n <= from.Mesh.Own.Used; n++) to.Mesh.Book.See(from.DeviceId.Value, epoch, n, out _);
    }

    private static void Forget(SimulatedNode node, long first, long last)
    {
        List<ArchivedFrame> kept = [.. node.Archive.Newest(int.MaxValue).Where(f => f.Sequence < first || f.Sequence > last)];
        node.Archive.Forget(node.DeviceId.Value);
        foreach (ArchivedFrame frame in kept) node.Archive.Append(frame);
    }

    private static Cost Meet(Field field, SimulatedNode a, SimulatedNode b) => Round(field, a, b, () =>
    {
        // Older than an hour, what differs is a matter of edge.sync alone.
        field.Run(7_300);
        field.Network.Mend(a, b);
        field.Until(() => b.IsConnected(a), 90, "they meet");
    });

    private static Cost Round(Field field, SimulatedNode a, SimulatedNode b, Action begin)
    {
        int askedBefore = field.Sent(b, a).Count(IsSync);
        begin();
        field.Until(() => field.Sent(b, a).Count(IsSync) > askedBefore, 100, "a round");
        field.Run(20);
        List<string> asked = [.. field.Sent(b, a).Where(IsSync).Skip(askedBefore)];
        HashSet<string> ids = [.. asked.Select(IdOf)];
        List<string> answered = [.. field.Sent(a, b).Where(t => t.Contains("\"type\":\"res\"", StringComparison.Ordinal) && ids.Contains(IdOf(t)))];
        long frames = answered.Sum(FrameBytes);
        return new Cost(asked.Count, asked.Sum(t => (long)t.Length) + answered.Sum(t => (long)t.Length), frames);
    }

    private static bool IsSync(string text) => text.Contains("\"method\":\"edge.sync\"", StringComparison.Ordinal);

    private static string IdOf(string text)
    {
        int at = text.IndexOf("\"id\":\"", StringComparison.Ordinal) + 6;
        return text[at..text.IndexOf('"', at)];
    }

    private static long FrameBytes(string text)
    {
        int at = text.IndexOf("\"frames\":[", StringComparison.Ordinal);
        if (at < 0) return 0;
        using var document = System.Text.Json.JsonDocument.Parse(text);
        return document.RootElement.GetProperty("payload").GetProperty("frames").EnumerateArray().Sum(f => (long)f.GetRawText().Length);
    }

    private readonly record struct Cost(int Questions, long Bytes, long FrameBytes)
    {
        public long BytesBesideFrames => Bytes - FrameBytes;
    }

    /// <summary>Nodes in a ring with chords; one cut through all links between the two halves.</summary>
    private sealed class WeekApart(int seed, bool realSignatures)
    {
        private readonly SimulatedNetwork _network = new(new ManualTime(), seed) { TickInterval = TimeSpan.FromMinutes(2), KeepsTexts = false, Delay = TimeSpan.Zero };
        private readonly List<SimulatedNode> _nodes = [];

        public void Run(int nodes, int framesPerSide, int days)
        {
            Build(nodes);
            Advance(TimeSpan.FromMinutes(40));
            Assert.All(_nodes, n => Assert.NotEmpty(n.Mesh.Sessions));
            List<(SimulatedNode A, SimulatedNode B)> between = [];
            for (int i = 0; i < nodes / 2; i++)
            {
                for (int j = nodes / 2; j < nodes; j++) between.Add((_nodes[i], _nodes[j]));
            }

            foreach ((SimulatedNode a, SimulatedNode b) in between) _network.Cut(a, b);
            TimeSpan pause = TimeSpan.FromDays(days) / framesPerSide;
            for (int i = 0; i < framesPerSide; i++)
            {
                _nodes[_network.Chance.Next(nodes / 2)].Observe(i, $"zone-{i % 40}");
                _nodes[(nodes / 2) + _network.Chance.Next(nodes - (nodes / 2))].Observe(i, $"zone-{i % 40}");
                Advance(pause);
            }

            string left = Root(_nodes[0]), right = Root(_nodes[^1]);
            Assert.NotEqual(left, right);
            foreach ((SimulatedNode a, SimulatedNode b) in between) _network.Mend(a, b);
            for (int hour = 0; hour < 48 && !Same(); hour++) Advance(TimeSpan.FromHours(1));

            foreach (SimulatedNode node in _nodes)
            {
                Assert.Equal(Root(_nodes[0]), Root(node));
                Assert.Equal(2 * framesPerSide, node.Archive.Counters.Stored);
                Assert.Equal(0, node.Mesh.Counters[MeshCounter.FrameInvalid]);
                Assert.Equal(0, node.Mesh.Book.Lost);
            }
        }

        private static string Root(SimulatedNode node) => Convert.ToHexString(SequenceBook.Root(node.Mesh.Book.BucketHashes()));

        private bool Same() => _nodes.TrueForAll(n => Root(n) == Root(_nodes[0]) && n.Archive.Counters.Stored == _nodes[0].Archive.Counters.Stored);

        private void Advance(TimeSpan span) => _network.Run(span);

        private void Build(int count)
        {
            string[] names = [.. Enumerable.Range(0, count).Select(i => $"n{i}")];
            Dictionary<string, ISigner> keys = names.ToDictionary(n => n, n => realSignatures ? Field.Key(n) : (ISigner)new StubSigner(Field.Key(n)));
            for (int i = 0; i < count; i++)
            {
                // The ring and a chord across the cut: a half is a line, longer than a frame travels by itself.
                int[] dials = [.. new[] { i + 1, i + (count / 2) }.Select(d => d % count).Where(d => d != i).Distinct()];
                var node = new SimulatedNode(_network, names[i], keys[names[i]], realSignatures ? new Ed25519Verifier() : new StubVerifier(), new SimulatedNodeOptions
                {
                    Peers = [.. dials.Select(d => SimulatedNode.PeerOf(keys[names[d]].DeviceId))],
                    Mesh = Slow,
                });
                foreach (string other in names.Where(n => n != names[i])) node.Trust.Add(keys[other].DeviceId, System.Buffers.Text.Base64Url.EncodeToString(keys[other].PublicKey.Span));
                _nodes.Add(node);
            }
        }

        // A week in ticks of two minutes: whatever counts in seconds counts in minutes here.
        private static MeshOptions Slow(MeshOptions o) => o with
        {
            TickInterval = TimeSpan.FromMinutes(2), HandshakeLimit = TimeSpan.FromMinutes(10), SuspectAfter = TimeSpan.FromMinutes(20), DownAfter = TimeSpan.FromMinutes(32),
            DownAnyway = TimeSpan.FromMinutes(48), KeepAlive = TimeSpan.FromDays(1), ClockPing = TimeSpan.FromDays(1), SyncInterval = TimeSpan.FromHours(6),
            StandDown = TimeSpan.FromMinutes(20), Verify = new VerifyLimits(1e6, 1e6),
        };
    }

    /// <summary>Signs with a hash, which the stub on the other side does not look at.</summary>
    private sealed class StubSigner(ISigner key) : ISigner
    {
        public NodeId DeviceId => key.DeviceId;

        public ReadOnlyMemory<byte> PublicKey => key.PublicKey;

        public byte[] Sign(ReadOnlySpan<byte> message) => SHA512.HashData(message);
    }

    private sealed class StubVerifier : ISignatureVerifier
    {
        public bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => true;
    }
}
