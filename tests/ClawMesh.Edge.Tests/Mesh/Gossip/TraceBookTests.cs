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

    [Fact]
    [Trait("spec", "W-140")]
    public void Later_stages_join_the_chain_of_their_frame_sixteen_at_most()
    {
        var book = new TraceBook(_time);
        book.Heard(Frames.Frame(Frames.Good(id: "f1")));
        book.Heard(Frames.Frame(Frames.Good(id: "f2")));
        _time.Advance(TimeSpan.FromMilliseconds(250));
        book.Note("f1", "proposal.created", "Water zone 1");
        book.Note("unheard", "proposal.created", "nothing");

        JsonElement chain = Write(book, "f1", null);
        Assert.Equal(["sensor.ingest", "proposal.created"], chain.GetProperty("chain").GetProperty("steps").EnumerateArray().Select(s => s.GetProperty("stage").GetString()));
        Assert.EndsWith("\n2. [proposal.created] +250ms: Water zone 1", chain.GetProperty("formatted").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, Write(book, null, "proposal.created").GetProperty("total").GetInt32());
        Assert.Equal(2, Write(book, null, "sensor.ingest").GetProperty("total").GetInt32());
        for (int i = 0; i < 100; i++) book.Note("f1", "proposal.rejected", new string('x', 1_000));
        Assert.True(Write(book, "f1", null).GetRawText().Length < 12_000);
    }

    private static JsonElement Write(TraceBook book, string? frameId, string? stage)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var w = new Utf8JsonWriter(buffer)) book.Write(w, frameId, stage);
        return JsonDocument.Parse(buffer.WrittenMemory).RootElement;
    }
}
