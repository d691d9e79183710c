using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Gossip;

public class TraceBookTests
{
    private readonly ManualTime _time = new();

    [Fact]
    [Trait("spec", "W-140")]
    public void Only_observations_have_a_chain()
    {
        var book = new TraceBook(_time);
        foreach (string kind in new[] { "observation", "event", "human_input", "inference", "capability_update", "agent_response" }) book.Heard(Frames.Frame(Frames.Good(kind: kind)));

        Assert.Equal("""{"trackedChains":1}""", Write(book, null, null).GetRawText());
    }

    [Fact]
    [Trait("spec", "W-82")]
    [Trait("spec", "W-140")]
    public void The_latest_two_hundred_are_kept_and_twenty_are_shown_of_a_stage()
    {
        var book = new TraceBook(_time);
        for (int i = 0; i < 450; i++) book.Heard(Frames.Frame(Frames.Good(id: $"f{i:000}")));

        Assert.Equal(200, Write(book, null, null).GetProperty("trackedChains").GetInt32());
        JsonElement stage = Write(book, null, "sensor.ingest");
        Assert.Equal(200, stage.GetProperty("total").GetInt32());
        Assert.Equal(Enumerable.Range(430, 20).Select(i => $"f{i:000}"), stage.GetProperty("chains").EnumerateArray().Select(c => c.GetProperty("originId").GetString()));
        Assert.Equal(0, Write(book, null, "proposal.created").GetProperty("total").GetInt32());
        Assert.Equal(JsonValueKind.Null, Write(book, "f249", null).GetProperty("chain").ValueKind);
        Assert.Equal("f250", Write(book, "f250", null).GetProperty("chain").GetProperty("originId").GetString());
    }

    [Fact]
    [Trait("spec", "W-9")]
    [Trait("spec", "W-140")]
    public void Hostile_data_makes_no_long_answer()
    {
        var book = new TraceBook(_time);
        for (int i = 0; i < 20; i++) book.Heard(Frames.Frame(Frames.Good(data: new JsonObject { ["zone"] = new string('z', 256), ["metric"] = new string('m', 300_000), ["value"] = new string('v', 200_000) })));

        Assert.True(Write(book, null, "sensor.ingest").GetRawText().Length < 50_000);
    }

    private static JsonElement Write(TraceBook book, string? frameId, string? stage)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var w = new Utf8JsonWriter(buffer)) book.Write(w, frameId, stage);
        return JsonDocument.Parse(buffer.WrittenMemory).RootElement;
    }
}
