using System.Text;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Evidence;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Tests.Mesh.Envelope;

namespace ClawMesh.Edge.Tests.Mesh.Gossip;

/// <summary>The table of [W-69] and the limits of [W-71], each side of every bound.</summary>
public class FrameCheckTests
{
    private const string Absent = "absent";

    public static TheoryData<string, string, string> Members => new()
    {
        // Member, JSON or "absent", and what becomes of the frame.
        { "gen", Absent, "None" }, { "gen", "1", "None" }, { "gen", "1.0", "None" }, { "gen", "1e0", "None" },
        { "gen", "2", "Generation" }, { "gen", "0", "Generation" }, { "gen", "1.5", "Generation" }, { "gen", "null", "Generation" }, { "gen", "\"1\"", "Generation" }, { "gen", "true", "Generation" }, { "gen", "[1]", "Generation" },
        { "kind", Absent, "Invalid" }, { "kind", "null", "Invalid" }, { "kind", "\"\"", "Invalid" }, { "kind", "7", "Invalid" }, { "kind", "\"never_heard_of\"", "None" },
        { "frameId", Absent, "Invalid" }, { "frameId", "null", "Invalid" }, { "frameId", "\"\"", "Invalid" }, { "frameId", "7", "Invalid" }, { "frameId", "\"x\"", "None" },
        { "sourceDeviceId", Absent, "Invalid" }, { "sourceDeviceId", "null", "Invalid" }, { "sourceDeviceId", "\"x\"", "Invalid" }, { "sourceDeviceId", "7", "Invalid" },
        { "timestamp", Absent, "Invalid" }, { "timestamp", "null", "Invalid" }, { "timestamp", "\"5\"", "Invalid" }, { "timestamp", "5.5", "Invalid" }, { "timestamp", "5.0", "None" }, { "timestamp", "5e3", "None" },
        { "timestamp", "0", "None" }, { "timestamp", "-1", "None" }, { "timestamp", "9007199254740991", "None" }, { "timestamp", "9007199254740992", "Invalid" }, { "timestamp", "-9007199254740991", "None" },
        { "timestamp", "-9007199254740992", "Invalid" }, { "timestamp", "1e400", "Invalid" }, { "timestamp", "99999999999999999999999999", "Invalid" },
        { "data", Absent, "Invalid" }, { "data", "null", "Invalid" }, { "data", "[]", "Invalid" }, { "data", "\"x\"", "Invalid" }, { "data", "7", "Invalid" }, { "data", "{}", "None" },
        { "trust", Absent, "Invalid" }, { "trust", "null", "Invalid" }, { "trust", "{}", "Invalid" }, { "trust", "[]", "Invalid" },
        { "trust", """{"evidence_sources":["sensor"]}""", "Invalid" }, { "trust", """{"evidence_trust_tier":"T2_operational_observation"}""", "Invalid" },
        { "trust", """{"evidence_sources":[],"evidence_trust_tier":"T0_planning_inference"}""", "None" },
        { "trust", """{"evidence_sources":["llm","sensor","device","human","mixed"],"evidence_trust_tier":"T3_verified_action_evidence"}""", "None" },
        { "trust", """{"evidence_sources":["sensor","sensor","sensor","sensor","sensor","sensor","sensor","sensor"],"evidence_trust_tier":"T1_unverified_observation"}""", "None" },
        { "trust", """{"evidence_sources":["sensor","sensor","sensor","sensor","sensor","sensor","sensor","sensor","sensor"],"evidence_trust_tier":"T1_unverified_observation"}""", "Invalid" },
        { "trust", """{"evidence_sources":["oracle"],"evidence_trust_tier":"T1_unverified_observation"}""", "Invalid" },
        { "trust", """{"evidence_sources":["Sensor"],"evidence_trust_tier":"T1_unverified_observation"}""", "Invalid" },
        { "trust", """{"evidence_sources":[7],"evidence_trust_tier":"T1_unverified_observation"}""", "Invalid" },
        { "trust", """{"evidence_sources":[["sensor"]],"evidence_trust_tier":"T1_unverified_observation"}""", "Invalid" },
        { "trust", """{"evidence_sources":"sensor","evidence_trust_tier":"T1_unverified_observation"}""", "Invalid" },
        { "trust", """{"evidence_sources":{"0":"sensor"},"evidence_trust_tier":"T1_unverified_observation"}""", "Invalid" },
        { "trust", """{"evidence_sources":["s\u0065nsor"],"evidence_trust_tier":"T1_unverifi\u0065d_observation"}""", "None" },
        { "trust", """{"evidence_sources":["sensor"],"evidence_trust_tier":"T1"}""", "Invalid" },
        { "trust", """{"evidence_sources":["sensor"],"evidence_trust_tier":null}""", "Invalid" },
        { "trust", """{"evidence_sources":null,"evidence_trust_tier":"T1_unverified_observation"}""", "Invalid" },
        { "hops", Absent, "None" }, { "hops", "null", "None" }, { "hops", "0", "None" }, { "hops", "4", "None" }, { "hops", "-0", "None" }, { "hops", "1e1", "None" }, { "hops", "9007199254740991", "None" },
        { "hops", "-1", "Invalid" }, { "hops", "0.5", "Invalid" }, { "hops", "\"0\"", "Invalid" }, { "hops", "true", "Invalid" }, { "hops", "9007199254740993", "Invalid" },
        { "note", Absent, "None" }, { "note", "null", "None" }, { "note", "\"\"", "None" }, { "note", "7", "Invalid" }, { "note", "{}", "Invalid" },
        { "sourceDisplayName", Absent, "None" }, { "sourceDisplayName", "null", "None" }, { "sourceDisplayName", "\"\"", "None" }, { "sourceDisplayName", "[]", "Invalid" },
        { "more", "{\"gen\":2,\"hops\":-1}", "None" },
    };

    [Theory]
    [MemberData(nameof(Members))]
    [Trait("spec", "W-1")]
    [Trait("spec", "W-3")]
    [Trait("spec", "W-32")]
    [Trait("spec", "W-69")]
    [Trait("spec", "W-71")]
    public void A_member_decides_what_becomes_of_the_frame(string member, string json, string fault)
    {
        JsonObject good = Frames.Good();
        good.Remove(member);
        string text = good.ToJsonString();
        if (json != Absent) text = $"{text[..^1]},\"{member}\":{json}}}";

        MeshFrame? frame = Frames.Check(text, out FrameFault found);

        Assert.Equal(fault, found.ToString());
        Assert.Equal(fault == "None", frame is not null);
        // The same by the table's second writing, which the fuzz goes by.
        Assert.Equal(fault == "None", FrameReference.Judge(System.Text.Json.JsonDocument.Parse(text).RootElement) is null);
    }

    [Theory]
    [InlineData("frameId", 128)]
    [InlineData("note", 4096)]
    [InlineData("sourceDisplayName", 128)]
    [Trait("spec", "W-71")]
    public void A_text_is_bounded_in_characters_however_they_are_written(string member, int max)
    {
        foreach (string character in new[] { "x", "é", "\\u00e9", "\\n", "漢" })
        {
            foreach ((int length, bool passes) in new[] { (max - 1, true), (max, true), (max + 1, false), (max * 8, false) })
            {
                JsonObject good = Frames.Good();
                good.Remove(member);
                string text = $"{good.ToJsonString()[..^1]},\"{member}\":\"{string.Concat(Enumerable.Repeat(character, length))}\"}}";
                Assert.Equal(passes, Frames.Check(text, out _) is not null);
            }
        }
    }

    [Theory]
    [InlineData(524_288, FrameFault.None)]
    [InlineData(524_289, FrameFault.DataTooLarge)]
    [Trait("spec", "W-9")]
    public void Data_has_at_most_half_a_mebibyte_of_UTF_8(int bytes, FrameFault fault)
    {
        string data = "{\"t\":\"" + new string('x', bytes - 8) + "\"}";
        Assert.Equal(bytes, Encoding.UTF8.GetByteCount(data));
        JsonObject good = Frames.Good();
        good.Remove("data");

        Frames.Check($"{good.ToJsonString()[..^1]},\"data\":{data}}}", out FrameFault found);

        Assert.Equal(fault, found);
    }

    [Fact]
    [Trait("spec", "W-71")]
    public void A_frame_wrong_in_two_ways_is_invalid_first()
    {
        JsonObject frame = Frames.Good();
        frame["gen"] = 2;
        frame.Remove("timestamp");

        Assert.Null(Frames.Check(frame.ToJsonString(), out FrameFault fault));
        Assert.Equal(FrameFault.Invalid, fault);
    }

    [Theory]
    [InlineData("observation", "T3_verified_action_evidence", EvidenceTier.VerifiedActionEvidence)]
    [InlineData("inference", "T3_verified_action_evidence", EvidenceTier.PlanningInference)]
    [InlineData("agent_response", "T2_operational_observation", EvidenceTier.PlanningInference)]
    [InlineData("never_heard_of", "T1_unverified_observation", EvidenceTier.UnverifiedObservation)]
    [Trait("spec", "W-72")]
    public void Model_output_stays_model_output_whatever_tier_it_states(string kind, string tier, EvidenceTier believed)
    {
        JsonObject frame = Frames.Good(kind: kind);
        frame["trust"]!["evidence_trust_tier"] = tier;

        MeshFrame passed = Frames.Frame(frame);

        Assert.Equal(believed, passed.EffectiveTier);
        Assert.Contains(tier, Encoding.UTF8.GetString(passed.Utf8));
    }

    [Fact]
    [Trait("spec", "W-2")]
    [Trait("spec", "W-77")]
    public void A_relay_changes_the_digits_of_hops_and_not_a_byte_besides()
    {
        const string body = "\"gen\": 1.0,\t\"kind\":\"observation\",\"frameId\":\"f\\u0031\",\"sourceDeviceId\":\"" + "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" +
            "\",\"timestamp\":1.0E3,\"data\":{\"zone\":\"z\",\"metric\":\"m\",\"value\":31.50,\"big\":12345678901234567890,\"hops\":9},\"trust\":{\"evidence_sources\":[\"sensor\"],\"evidence_trust_tier\":\"T2_operational_observation\"},\"x\":{\"hops\":7,\"e\":\"\\u00e9é\"}";
        foreach ((string before, string after) in new[]
        {
            ("{\"hops\":0," + body + "}", "{\"hops\":1," + body + "}"),
            ("{" + body + " , \"hops\" : 2 }", "{" + body + " , \"hops\" : 3 }"),
            ("{\"h\\u006fps\":1," + body + "}", "{\"h\\u006fps\":2," + body + "}"),
            ("{\"hops\":1.0," + body + "}", "{\"hops\":2," + body + "}"),
            ("{\"hops\":null," + body + "}", "{\"hops\":1," + body + "}"),
            ("{" + body + "}", "{" + body + ",\"hops\":1}"),
            ("{\"hops\":9007199254740991," + body + "}", "{\"hops\":1001," + body + "}"),
        })
        {
            MeshFrame? frame = Frames.Check(before, out FrameFault fault);
            Assert.Equal(FrameFault.None, fault);
            Assert.Equal("{\"type\":\"event\",\"event\":\"context.frame\",\"payload\":" + after + "}", Encoding.UTF8.GetString(frame!.RelayMessage()));
            // What is stored keeps the value it came with.
            Assert.Equal(before, Encoding.UTF8.GetString(frame.Utf8));
        }
    }

    [Fact]
    [Trait("spec", "W-81")]
    public void Keys_are_made_of_zone_and_metric_or_of_the_data_with_sorted_names()
    {
        string b = Ids.B.Value;
        Assert.Equal($"{b}:observation:zone-1:moisture", Frames.Frame(Frames.Good()).Key);
        Assert.Equal($"{b}:event:{{\"text\":\"x\"}}", Frames.Frame(Frames.Good(zone: null, kind: "event")).Key);
        // Zone and metric make a key of observations alone, and only where both are strings.
        Assert.Equal($"{b}:event:{{\"metric\":\"m\",\"zone\":\"z\"}}", Key("event", """{"zone":"z","metric":"m"}"""));
        Assert.Equal($"{b}:observation:{{\"metric\":7,\"zone\":\"z\"}}", Key("observation", """{"zone":"z","metric":7}"""));
        Assert.Equal($"{b}:observation:{{\"zone\":\"z\"}}", Key("observation", """{"zone":"z"}"""));
        // Top-level names only, by UTF-16 code unit; what is inside stays.
        Assert.Equal($"{b}:event:{{\"B\":2,\"a\":{{\"z\":1,\"b\":2}},\"b\":[3,1]}}", Key("event", """{"b":[3,1],"a":{"z":1,"b":2},"B":2}"""));
        Assert.Equal(Key("event", """{"a":1,"b":2}"""), Key("event", """{"b":2,"a":1}"""));
        Assert.NotEqual(Key("event", """{"a":1}"""), Key("event", """{"a":2}"""));

        static string Key(string kind, string data) => Frames.Frame(Frames.Good(kind: kind, data: JsonNode.Parse(data))).Key;
    }
}
