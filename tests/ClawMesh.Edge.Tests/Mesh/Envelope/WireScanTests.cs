using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh.Envelope;
using ClawMesh.Edge.Tests.Mesh.Golden;

namespace ClawMesh.Edge.Tests.Mesh.Envelope;

/// <summary>The one-pass scan against the slow and obvious check of the same rule.</summary>
public class WireScanTests
{
    public static TheoryData<string, string> Messages => new()
    {
        // What each text is: a kind, or the fault under which it is counted.
        { """{"type":"req","id":"1","method":"m"}""", "Request" },
        { """{"type":"req","id":"1","method":"m","params":[1]}""", "Request" },
        { """{"type":"req","id":"1","method":"m","params":null}""", "Request" },
        { """{"t\u0079pe":"r\u0065q","\u0069d":"1","method":"m"}""", "Request" },
        { """{"type":"res","id":"1","ok":true}""", "Response" },
        { """{"type":"res","id":"1","ok":false,"error":{"code":"C","message":""}}""", "Response" },
        { """{"type":"event","event":"e"}""", "Event" },
        { """{"type":"event","event":"","payload":7}""", "Event" },
        { """{"type":"event","event":"e","id":7,"ok":"x","method":[]}""", "Event" },
        { """ { "type" : "event" , "event" : "e" } """, "Event" },
        { """{}""", "MissingType" },
        { """{"type":null,"event":"e"}""", "MissingType" },
        { """{"kind":"req"}""", "MissingType" },
        { """{"payload":{"type":"req"}}""", "MissingType" },
        { """{"type":7}""", "InvalidType" },
        { """{"type":{"type":"req"},"id":"1","method":"m"}""", "InvalidType" },
        { """{"type":["req"],"id":"1","method":"m"}""", "InvalidType" },
        { """{"type":"REQ","id":"1","method":"m"}""", "InvalidType" },
        { """{"type":"hello","id":"1"}""", "InvalidType" },
        { """{"type":"","id":"1"}""", "InvalidType" },
        { """{"type":"req","method":"m"}""", "InvalidType" },
        { """{"type":"req","id":"","method":"m"}""", "InvalidType" },
        { """{"type":"req","id":1,"method":"m"}""", "InvalidType" },
        { """{"type":"req","id":null,"method":"m"}""", "InvalidType" },
        { """{"type":"req","id":"1"}""", "InvalidType" },
        { """{"type":"req","id":"1","method":null}""", "InvalidType" },
        { """{"type":"req","id":"1","method":{"m":1}}""", "InvalidType" },
        { """{"type":"res","id":"1"}""", "InvalidType" },
        { """{"type":"res","id":"1","ok":1}""", "InvalidType" },
        { """{"type":"res","id":"1","ok":"true"}""", "InvalidType" },
        { """{"type":"res","id":"1","ok":null}""", "InvalidType" },
        { """{"type":"res","ok":true}""", "InvalidType" },
        { """{"type":"event"}""", "InvalidType" },
        { """{"type":"event","event":null}""", "InvalidType" },
        { """{"type":"event","event":["e"]}""", "InvalidType" },
        { """{"type":"event","payload":{"event":"e"}}""", "InvalidType" },
        { "", "InvalidJson" },
        { "null", "InvalidJson" },
        { "7", "InvalidJson" },
        { "\"req\"", "InvalidJson" },
        { """[{"type":"event","event":"e"}]""", "InvalidJson" },
        { """{"type":"event","event":"e"}{}""", "InvalidJson" },
        { """{"type":"event","event":"e"},""", "InvalidJson" },
        { """{"type":"event","event":"e",}""", "InvalidJson" },
        { """{"type":"event","event":"e"/**/}""", "InvalidJson" },
        { """{'type':'event','event':'e'}""", "InvalidJson" },
        { """{"type":"event","event":"e","n":NaN}""", "InvalidJson" },
        { """{"type":"event","event":"e","n":01}""", "InvalidJson" },
        { """{"type":"event","event":"e","n":+1}""", "InvalidJson" },
        { """{"type":"event","event":"e" """, "InvalidJson" },
        { """{"type":"event","type":"event","event":"e"}""", "InvalidJson" },
        { """{"type":"event","typ\u0065":"event","event":"e"}""", "InvalidJson" },
        { """{"typ\u0065":"event","type":"event","event":"e"}""", "InvalidJson" },
        { """{"type":"event","event":"e","payload":{"a":1,"b":{"c":1,"c":2}}}""", "InvalidJson" },
        { """{"type":"event","event":"e","payload":{"":1,"":2}}""", "InvalidJson" },
        { """{"type":"event","event":"\ud800"}""", "InvalidJson" },
        { """{"type":"event","event":"e","payload":{"\udc00":1}}""", "InvalidJson" },
        { """{"type":"event","event":"e","payload":["\udc00\ud800"]}""", "InvalidJson" },
        { """{"type":"event","event":"e","payload":{"a":"\ud83d\ude00"}}""", "Event" },
        { """{"type":"event","event":"e","payload":{"a":{"x":1},"b":{"x":1},"x":1}}""", "Event" },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    [Trait("spec", "W-10")]
    [Trait("spec", "W-61")]
    [Trait("spec", "W-62")]
    [Trait("spec", "W-63")]
    public void A_text_is_what_the_rule_says_it_is(string text, string what)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        var scan = new WireScan();

        WireKind kind = scan.Message(utf8);

        Assert.Equal(what, kind == WireKind.Broken ? scan.Fault.ToString() : kind.ToString());
        Assert.Equal(what, Reference(utf8));
    }

    [Fact]
    [Trait("spec", "W-10")]
    public void Invalid_UTF_8_is_invalid_wherever_it_stands()
    {
        var scan = new WireScan();
        foreach (byte[] bad in new byte[][] { [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82] })
        {
            byte[] text = [.. """{"type":"event","event":"e","x":" """u8, .. bad, .. "\"}"u8];
            Assert.Equal(WireKind.Broken, scan.Message(text));
            Assert.Equal(WireFault.InvalidJson, scan.Fault);
            Assert.Null(StrictJson.Parse(text));
        }
    }

    [Fact]
    [Trait("spec", "W-10")]
    public void Thirty_two_levels_are_read_and_thirty_three_are_not()
    {
        var scan = new WireScan();
        foreach ((string open, string close) in new[] { ("[", "]"), ("""{"a":""", "}") })
        {
            // The message itself is the first level.
            foreach ((int levels, bool passes) in new[] { (31, true), (32, false), (100_000, false) })
            {
                byte[] text = Encoding.UTF8.GetBytes($$"""{"type":"event","event":"e","payload":{{string.Concat(Enumerable.Repeat(open, levels))}}1{{string.Concat(Enumerable.Repeat(close, levels))}}}""");
                Assert.Equal(passes, scan.Message(text) == WireKind.Event);
                using JsonDocument? reference = StrictJson.Parse(text);
                Assert.Equal(passes, reference is not null);
            }
        }
    }

    [Theory]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(500)]
    [Trait("spec", "W-10")]
    public void A_duplicate_among_many_names_is_found_escaped_or_not(int count)
    {
        var scan = new WireScan();
        string[] names = [.. Enumerable.Range(0, count).Select(i => $"name-{i}")];
        for (int at = 0; at < count; at += Math.Max(1, count / 40))
        {
            string plain = names[at], escaped = plain.Replace("n", "\\u006e", StringComparison.Ordinal);
            Assert.True(Accepts(names));
            Assert.False(Accepts([.. names, plain]));
            Assert.False(Accepts([.. names, escaped]));
            Assert.False(Accepts([.. names[..at], escaped, .. names[at..]]));
            Assert.True(Accepts([.. names[..at], escaped, .. names[(at + 1)..]]));
        }

        bool Accepts(IEnumerable<string> members)
        {
            byte[] text = Encoding.UTF8.GetBytes("""{"type":"event","event":"e","payload":{""" + string.Join(',', members.Select(m => $"\"{m}\":0")) + "}}");
            bool ours = scan.Message(text) == WireKind.Event;
            using JsonDocument? reference = StrictJson.Parse(text);
            Assert.Equal(reference is not null, ours);
            return ours;
        }
    }

    [Fact]
    public void A_megabyte_of_distinct_names_costs_no_quadratic_time_and_leaves_nothing_behind()
    {
        var scan = new WireScan();
        byte[] many = Encoding.UTF8.GetBytes("""{"type":"event","event":"e","payload":{""" + string.Join(',', Enumerable.Range(0, 90_000).Select(i => $"\"{i:x6}\":0")) + "}}");

        Assert.Equal(WireKind.Event, scan.Message(many));
        Assert.Equal(WireKind.Event, scan.Message("""{"type":"event","event":"e","payload":{"000000":0}}"""u8));
    }

    [Fact]
    [Trait("spec", "W-10")]
    public void A_scan_used_again_knows_nothing_of_the_message_before()
    {
        var scan = new WireScan();
        Assert.Equal(WireKind.Request, scan.Message("""{"type":"req","id":"1","method":"m","params":{"a":1}}"""u8));
        Assert.Equal(WireKind.Broken, scan.Message("""{"type":"res","ok":true}"""u8));
        Assert.False(scan[Member.Id].Present);
        Assert.False(scan.Body.Present);
        Assert.Equal(WireKind.Broken, scan.Message("x"u8));
        Assert.False(scan[Member.Ok].Present);
    }

    [Fact]
    [Trait("spec", "W-69")]
    public void The_members_of_a_frame_are_found_by_meaning_and_only_in_their_place()
    {
        const string plain = """{"type":"event","event":"context.frame","payload":{"gen":1,"kind":"observation","frameId":"f","sourceDeviceId":"s","timestamp":5,"data":{"zone":"z","metric":"m","data":{"zone":"no"}},"trust":{"evidence_sources":["llm"],"evidence_trust_tier":"T"},"note":"n","hops":2,"more":{"gen":9,"hops":9,"trust":{"evidence_trust_tier":"no"}}}}""";
        string escaped = plain.Replace("\"gen\":1", "\"g\\u0065n\":1", StringComparison.Ordinal).Replace("\"frameId\"", "\"frame\\u0049d\"", StringComparison.Ordinal)
            .Replace("\"zone\":\"z\"", "\"z\\u006fne\":\"z\"", StringComparison.Ordinal).Replace("\"hops\":2", "\"\\u0068ops\":2", StringComparison.Ordinal);
        foreach (string text in new[] { plain, escaped })
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(text);
            var scan = new WireScan();
            Assert.Equal(WireKind.Event, scan.Message(utf8));
            foreach ((Member member, string value) in new[]
            {
                (Member.Gen, "1"), (Member.Kind, "\"observation\""), (Member.FrameId, "\"f\""), (Member.SourceDeviceId, "\"s\""), (Member.Timestamp, "5"), (Member.Zone, "\"z\""),
                (Member.Metric, "\"m\""), (Member.EvidenceSources, "[\"llm\"]"), (Member.EvidenceTier, "\"T\""), (Member.Note, "\"n\""), (Member.Hops, "2"),
            }) Assert.Equal(value, Encoding.UTF8.GetString(scan[member].Of(utf8)));
            Assert.StartsWith("{\"g", Encoding.UTF8.GetString(scan.Body.Of(utf8)), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [Trait("spec", "W-10")]
    public void Over_random_and_mutated_texts_it_accepts_exactly_what_the_slow_check_accepts(int seed)
    {
        var mutator = new Mutator(seed);
        string[] golden = [.. Transcript.All.SelectMany(n => Transcript.Load(n).Lines).Where(l => l.Text.Length is > 0 and < 4_000).Select(l => l.Text)];
        var scan = new WireScan();
        int sound = 0, broken = 0;
        for (int i = 0; i < 15_000; i++)
        {
            byte[] text = i % 3 == 0 ? mutator.RandomMessage() : mutator.Mutate(Encoding.UTF8.GetBytes(mutator.Pick(golden)));

            WireKind kind = scan.Message(text);

            string ours = kind == WireKind.Broken ? scan.Fault.ToString() : kind.ToString(), expected = Reference(text);
            Assert.True(expected == ours, $"seed {seed}, text {i}: {expected} by the slow check, {ours} by the scan: {Convert.ToBase64String(text)}");
            if (kind == WireKind.Broken) broken++;
            else sound++;
        }

        // A generator that makes only one of the two would prove nothing.
        Assert.True(sound > 2_000 && broken > 2_000, $"{sound} sound, {broken} broken");
    }

    /// <summary>[W-10] in so many words, over the document that the slow check returns.</summary>
    internal static string Reference(byte[] utf8)
    {
        using JsonDocument? document = StrictJson.Parse(utf8);
        if (document is null) return "InvalidJson";
        JsonElement root = document.RootElement;
        if (!root.TryGetProperty("type", out JsonElement type) || type.ValueKind == JsonValueKind.Null) return "MissingType";
        return type.ValueKind != JsonValueKind.String ? "InvalidType" : type.GetString() switch
        {
            "req" => HasId() && Is("method", JsonValueKind.String) ? "Request" : "InvalidType",
            "res" => HasId() && (Is("ok", JsonValueKind.True) || Is("ok", JsonValueKind.False)) ? "Response" : "InvalidType",
            "event" => Is("event", JsonValueKind.String) ? "Event" : "InvalidType",
            _ => "InvalidType",
        };

        bool Is(string name, JsonValueKind kind) => root.TryGetProperty(name, out JsonElement value) && value.ValueKind == kind;

        // The scan bounds an id by its bytes, so that nothing is decoded for it; the characters are counted where the id is used.
        bool HasId() => Is("id", JsonValueKind.String) && root.GetProperty("id").GetRawText() is var raw && Encoding.UTF8.GetByteCount(raw) is > 2 and <= 770;
    }
}
