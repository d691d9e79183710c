using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Tests.Mesh.Golden;

namespace ClawMesh.Edge.Tests.Mesh.Envelope;

/// <summary>
/// Ten thousand mutated messages of each sort to a live session (conformance row C9). What each text is worth is worked out apart
/// from the node, over the slow parse; every drop must be counted once and under its own name.
/// </summary>
public class FuzzTests
{
    private const int Texts = 10_000;

    // What one message may cost on average, journal and event log included; the most expensive sort took half of it when this was written.
    private const long BytesPerMessage = 8 * 1024;

    private static readonly MeshCounter[] Watched =
    [
        MeshCounter.InvalidJson, MeshCounter.MissingType, MeshCounter.InvalidType, MeshCounter.InvalidFrame, MeshCounter.GenerationMismatch, MeshCounter.DataTooLarge, MeshCounter.LateResponses,
        MeshCounter.DuplicateFrames, MeshCounter.OwnFramesBack, MeshCounter.FramesIngested, MeshCounter.FrameInvalid, MeshCounter.PeerDownIgnored, MeshCounter.RateLimited, MeshCounter.Unauthenticated, MeshCounter.TooLarge, MeshCounter.GrantDenied,
    ];

    [Theory]
    [InlineData("requests", 11)]
    [InlineData("responses", 12)]
    [InlineData("frames", 13)]
    [InlineData("lifecycle", 14)]
    [InlineData("mesh.challenge", 15)]
    [InlineData("mesh.connect", 16)]
    [InlineData("mesh.message.forward", 17)]
    [InlineData("context.sync", 18)]
    [Trait("spec", "W-10")]
    [Trait("spec", "W-11")]
    [Trait("spec", "W-62")]
    [Trait("spec", "W-65")]
    [Trait("spec", "W-71")]
    public void Nothing_throws_nothing_is_answered_that_is_no_request_and_every_drop_is_counted_once(string sort, int seed)
    {
        var bench = new Bench(seed);
        string[] golden = Golden(sort);
        long allocated = 0;
        for (int i = 0; i < Texts; i++)
        {
            // Every other text is still JSON, so that it comes further than the first check.
            byte[] whole = Encoding.UTF8.GetBytes(bench.Mutator.Pick(golden)), text = i % 2 == 0 ? bench.Mutator.Mutate(whole) : bench.Mutator.Change(whole);
            allocated += bench.Send(text, $"{sort}, seed {seed}, text {i}");
            if (i % 1_000 == 999) bench.AssertWorks();
        }

        bench.AssertWorks();
        // Mutations that spoil nothing and mutations that spoil everything would both prove little.
        Assert.InRange(bench.Dropped, Texts / 10, Texts * 9 / 10);
        Assert.True(bench.Kinds.Count >= 3, string.Join(' ', bench.Kinds));
        Assert.True(allocated / Texts < BytesPerMessage, $"{allocated / Texts} bytes for a message on average");
    }

    [Fact]
    [Trait("spec", "W-68")]
    [Trait("spec", "W-71")]
    [Trait("spec", "W-88")]
    public void The_answer_of_a_catch_up_is_checked_frame_by_frame()
    {
        var bench = new Bench(19);
        var catchUp = new CatchUp(bench.Node.Mesh);
        Session session = bench.Node.Mesh.SessionOf(bench.Beta)!;
        string[] golden = [.. Transcript.Load("04").Lines.Where(l => l.Direction == "recv" && l.Member("payload", "frames") is { } f && f.GetArrayLength() > 0).Select(l => Unsigned(l.Text)), .. Transcript.Load("17").Lines.Where(l => l.Member("payload", "frames") is { } f && f.GetArrayLength() > 0).Select(l => Unsigned(l.Text))];
        long allocated = 0;
        int completed = 0;
        for (int i = 0; i < Texts; i++)
        {
            Task asked = catchUp.AskAsync(session, null);
            string id = JsonDocument.Parse(Assert.Single(bench.ToBeta.Take())).RootElement.GetProperty("id").GetString()!;
            string whole = bench.Mutator.Pick(golden);
            byte[] answer = Encoding.UTF8.GetBytes(whole.Replace(JsonDocument.Parse(whole).RootElement.GetProperty("id").GetString()!, id, StringComparison.Ordinal));
            byte[] text = i % 2 == 0 ? bench.Mutator.Mutate(answer) : bench.Mutator.Change(answer);

            allocated += bench.Answer(text, id, $"seed 19, text {i}");

            if (asked.IsCompleted) completed++;
            else session.Conversation.Calls.TryComplete(id, CallResult.Failed("TIMEOUT", "the test gives up"));
            Assert.True(asked.IsCompletedSuccessfully, $"text {i}: {asked.Exception}");
            bench.Node.Time.Advance(TimeSpan.FromSeconds(1));
        }

        bench.AssertWorks();
        Assert.InRange(completed, Texts / 10, Texts - 1);
        // An answer of eighteen frames is ten kilobytes of text and is parsed as a whole.
        Assert.True(allocated / Texts < 4 * BytesPerMessage, $"{allocated / Texts} bytes for an answer on average");
    }

    [Fact]
    [Trait("spec", "W-9")]
    [Trait("spec", "W-65")]
    public void A_request_with_a_name_of_half_a_megabyte_is_answered_within_the_limit_of_a_message()
    {
        var bench = new Bench(20);
        foreach (string name in new[] { new string('x', 1_000_000), new string('é', 500_000), string.Concat(Enumerable.Repeat("😀", 200_000)) })
        {
            bench.FromProbe.Feed($$"""{"type":"req","id":"q","method":"{{name}}"}""");
            string answer = Assert.Single(bench.FromProbe.Take());
            Assert.True(Encoding.UTF8.GetByteCount(answer) < 1_048_576);
            Assert.Contains("UNKNOWN_METHOD", answer);
        }
    }

    private static string[] Golden(string sort) => sort switch
    {
        "requests" => [.. Sent("05").Concat(Sent("07")).Where(l => l.Type == "req" && l.Name is not ("mesh.connect" or "mesh.challenge")).Select(l => l.Text)],
        "responses" => [.. Transcript.Load("05").Lines.Where(l => l.Type == "res").Select(l => l.Text)],
        "frames" => [.. Sent("03").Concat(Sent("17")).Where(l => l.Name == "context.frame").Select(l => Unsigned(l.Text))],
        "lifecycle" =>
        [
            .. Sent("12").Concat(Sent("13")).Where(l => l.Type == "event").Select(l => l.Text),
            """{"type":"event","event":"planner.proposal","payload":{"taskId":"5a0c7a4e-7e50-4ced-ac9f-8da3da773a68","summary":"water","status":"proposed"}}""",
            """{"type":"event","event":"planner.proposal.resolved","payload":{"taskId":"5a0c7a4e-7e50-4ced-ac9f-8da3da773a68","summary":"water","status":"approved","result":{"ok":true}}}""",
            """{"type":"event","event":"llm.chunk","payload":{"requestId":"r","seq":0,"delta":"x"}}""",
        ],
        "mesh.challenge" => [.. Sent("01").Where(l => l.Name == sort).Select(l => l.Text)],
        "mesh.connect" => [.. Sent("01").Concat(Sent("02")).Concat(Sent("17")).Where(l => l.Name == sort).Select(l => l.Text)],
        "mesh.message.forward" => [.. Sent("06").Concat(Sent("08")).Where(l => l.Name == sort).Select(l => l.Text)],
        _ => [.. Sent("04").Where(l => l.Name == sort).Select(l => l.Text)],
    };

    // Members nobody knows, in the place of those of a signing origin: what becomes of a signature is another test's matter, and twenty
    // wrong ones would end the session.
    private static string Unsigned(string text)
    {
        foreach (string name in (string[])["epoch", "seq", "hlc", "sig"]) text = text.Replace($"\"{name}\":", $"\"{name}_\":", StringComparison.Ordinal);
        return text;
    }

    private static IEnumerable<Line> Sent(string recording) => Transcript.Load(recording).Lines.Where(l => l.Direction == "sent" && l.Message is not null);

    /// <summary>Our alpha with a real desk, a session from probe and one to beta, and the reference that says what a text is worth.</summary>
    private sealed class Bench
    {
        private readonly HashSet<string> _seen = [];
        private readonly ClassicPeer _probe;

        public Bench(int seed)
        {
            Mutator = new Mutator(seed);
            var desk = new GoldenDesk("alpha");
            Node = ClassicAcceptorReplayTests.WithBeta(out WireLink beta, desk.Setup with { Mesh = o => o with { InboundPerSecond = 1e9, InboundBurst = 1e9 } }, "mesh-ping");
            Node.Trust.Add(new NodeId(Transcript.DeviceId("probe")), Transcript.PublicKey("probe"), PeerGrants.Default with { Command = ["*"], Approve = true });
            ToBeta = beta;
            _probe = new ClassicPeer("probe", Node.Time);
            FromProbe = _probe.Join(Node);
        }

        public Mutator Mutator { get; }

        public GoldenNode Node { get; }

        public WireLink ToBeta { get; }

        public WireLink FromProbe { get; private set; }

        public NodeId Beta { get; } = new(Transcript.DeviceId("beta"));

        public HashSet<string> Kinds { get; } = [];

        public int Dropped { get; private set; }

        /// <summary>Sends a text to the node; returns what it allocated.</summary>
        public long Send(byte[] text, string which)
        {
            Node.Time.Advance(TimeSpan.FromMilliseconds(3));
            var expected = new Dictionary<MeshCounter, long>();
            (string? answerTo, bool leaves) = Worth(text, expected);
            long allocated = Feed(FromProbe, text, expected, which);

            List<string> said = FromProbe.Take();
            if (answerTo is null) Assert.True(said.Count == 0, $"{which}: answered {string.Join(' ', said)}");
            else Assert.True(said.Count == 1 && JsonDocument.Parse(said[0]).RootElement.GetProperty("id").GetString() == answerTo, $"{which}: {said.Count} answers to '{answerTo}'");
            foreach (string passedOn in ToBeta.Take())
            {
                using JsonDocument? sound = StrictJson.Parse(Encoding.UTF8.GetBytes(passedOn));
                Assert.True(sound is not null, $"{which}: passed on {passedOn}");
            }

            Assert.Equal(leaves, FromProbe.Closed is not null);
            if (leaves) FromProbe = _probe.Join(Node);
            return allocated;
        }

        /// <summary>Feeds what may be the answer to request <paramref name="id"/>.</summary>
        public long Answer(byte[] text, string id, string which)
        {
            var expected = new Dictionary<MeshCounter, long>();
            Worth(text, expected, id);
            long allocated = Feed(ToBeta, text, expected, which);
            // A mutated answer that became a request of beta's is answered; nothing else is.
            Assert.All(ToBeta.Take(), t => Assert.Contains("\"type\":\"res\"", t));
            return allocated;
        }

        public void AssertWorks()
        {
            JsonElement? pong = ClassicPeer.Ask(FromProbe, ClassicPeer.Request("mesh.ping"));
            Assert.True(pong?.GetProperty("ok").GetBoolean());
            Assert.Equal(2, Node.Mesh.Sessions.Count);
            Assert.All(Node.Mesh.Sessions, s => Assert.Equal(SessionState.Up, s.State));
            Assert.Null(ToBeta.Closed);
            ToBeta.Take();
        }

        private long Feed(WireLink link, byte[] text, Dictionary<MeshCounter, long> expected, string which)
        {
            long[] before = [.. Watched.Select(c => Node.Mesh.Counters[c])];
            long began = GC.GetAllocatedBytesForCurrentThread();
            link.Feed(text);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - began;
            for (int i = 0; i < Watched.Length; i++)
            {
                long rose = Node.Mesh.Counters[Watched[i]] - before[i];
                Assert.True(rose == expected.GetValueOrDefault(Watched[i]), $"{which}: {Watched[i]} rose by {rose} and not by {expected.GetValueOrDefault(Watched[i])}: {Encoding.UTF8.GetString(text)}");
            }

            return allocated;
        }

        // Which counters a text must raise, which request must be answered, and whether the session ends by it.
        private (string? AnswerTo, bool Leaves) Worth(byte[] text, Dictionary<MeshCounter, long> expected, string? pending = null)
        {
            string what = WireScanTests.Reference(text);
            Kinds.Add(what);
            if (Enum.TryParse(what, out MeshCounter fault))
            {
                Dropped++;
                expected[fault] = 1;
                return (null, false);
            }

            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            root.TryGetProperty("payload", out JsonElement payload);
            switch (what)
            {
                case "Request":
                    string id = root.GetProperty("id").GetString()!;
                    if (id.Length <= 128) return (id, false);
                    expected[MeshCounter.InvalidType] = 1;
                    return (null, false);
                case "Response":
                    if (root.GetProperty("id").GetString() != pending) expected[MeshCounter.LateResponses] = 1;
                    else if (root.GetProperty("ok").GetBoolean() && payload.ValueKind == JsonValueKind.Object && payload.TryGetProperty("frames", out JsonElement frames) && frames.ValueKind == JsonValueKind.Array) Synced(frames, expected);
                    return (null, false);
            }

            string name = root.GetProperty("event").GetString()!;
            if (name == "context.frame")
            {
                Count(FrameReference.Judge(payload) ?? Arrive(payload, synced: false), expected);
                return (null, false);
            }

            if (name is not ("peer.leaving" or "peer.down" or "planner.proposal" or "planner.proposal.resolved")) return (null, false);
            if (payload.ValueKind != JsonValueKind.Object)
            {
                expected[MeshCounter.InvalidType] = 1;
                return (null, false);
            }

            bool otherGeneration = payload.TryGetProperty("gen", out JsonElement gen) && gen.ValueKind == JsonValueKind.Number && gen.GetDouble() != 1;
            if (name == "peer.leaving") return (null, !otherGeneration);
            if (name == "peer.down" && (otherGeneration || !(payload.TryGetProperty("deviceId", out JsonElement device) && device.ValueKind == JsonValueKind.String && NodeId.IsWellFormed(device.GetString()))))
                expected[MeshCounter.PeerDownIgnored] = 1;
            return (null, false);
        }

        private void Synced(JsonElement frames, Dictionary<MeshCounter, long> expected)
        {
            foreach (JsonElement frame in frames.EnumerateArray().Take(CatchUp.MaxFrames))
            {
                MeshCounter? worth = FrameReference.Judge(frame) ?? Arrive(frame, synced: true);
                if (worth is { } counter) Count(counter, expected);
            }
        }

        private static void Count(MeshCounter? counter, Dictionary<MeshCounter, long> expected)
        {
            if (counter is { } one) expected[one] = expected.GetValueOrDefault(one) + 1;
        }

        // [W-74] 1 and 2, and [W-88] for frames of our own that come back.
        private MeshCounter? Arrive(JsonElement frame, bool synced)
        {
            bool own = frame.GetProperty("sourceDeviceId").GetString() == Node.DeviceId.Value;
            if (own) return MeshCounter.OwnFramesBack;
            if (Stamp(frame) is { } fault) return fault;
            // An id is its origin's.
            if (!_seen.Add(frame.GetProperty("sourceDeviceId").GetString()![..12] + frame.GetProperty("frameId").GetString())) return MeshCounter.DuplicateFrames;
            return MeshCounter.FramesIngested;
        }

        // nothing here is signed by a key that is known, so a signature is a wrong one, and a malformed member is invalid as such.
        private static MeshCounter? Stamp(JsonElement frame)
        {
            string source = frame.GetProperty("sourceDeviceId").GetString()!;
            bool Sound(string name, Func<JsonElement, bool> form) => !frame.TryGetProperty(name, out JsonElement value) || form(value);
            bool sound = Sound("epoch", e => e.ValueKind == JsonValueKind.String && e.GetString() is { Length: 16 } text && text.All(char.IsAsciiHexDigitLower))
                && Sound("seq", s => s.ValueKind == JsonValueKind.Number && s.GetDouble() is >= 1 and <= 9007199254740991 and double n && Math.Floor(n) == n)
                && Sound("hlc", h => h.ValueKind == JsonValueKind.String && ClawMesh.Edge.Mesh.Origin.HybridClock.IsWellFormed(h.GetString()!, source));
            return sound && !frame.TryGetProperty("sig", out _) ? null : MeshCounter.FrameInvalid;
        }
    }
}
