using System.Buffers;
using System.Text.Json;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Planner.Book;

namespace ClawMesh.Edge.Tests.World.Planner;

/// <summary>The record of [W-117]. No classic planner was recorded, so its table is the reference.</summary>
public sealed class ProposalJsonTests
{
    private static readonly string[] Required =
        ["taskId", "summary", "reasoning", "targetRef", "operation", "peerDeviceId", "approvalLevel", "status", "createdBy", "triggerFrameIds", "createdAt"];

    private static readonly string[] InOrder =
    [
        "taskId", "summary", "reasoning", "targetRef", "operation", "operationParams", "peerDeviceId", "plannerDeviceId", "plannerRole", "approvalLevel", "status", "createdBy",
        "triggerFrameIds", "createdAt", "expiresAtMs", "resolvedAt", "resolvedBy", "result", "edge",
    ];

    private readonly BookBench _bench = new();

    [Fact]
    [Trait("spec", "W-117")]
    public void Every_member_stands_in_the_order_of_the_table_with_its_type()
    {
        Proposal offered = _bench.Offer(Drafts.Water(_bench.Time, expectation: new Expectation("forecast-1", 21, 60, 20, 30, 28, double.NaN)))!;
        JsonElement waiting = Written(offered);
        Assert.Equal(InOrder.Except(["resolvedAt", "resolvedBy", "result"]), Names(waiting));
        Assert.Equal("awaiting_approval", waiting.GetProperty("status").GetString());
        Assert.True(Guid.TryParseExact(waiting.GetProperty("taskId").GetString(), "D", out _));
        Assert.Equal(1_800_000, waiting.GetProperty("expiresAtMs").GetInt64() - waiting.GetProperty("createdAt").GetInt64());
        Assert.Equal(600, waiting.GetProperty("operationParams").GetProperty("durationSec").GetInt32());
        Assert.Equal("frame-1", Assert.Single(waiting.GetProperty("triggerFrameIds").EnumerateArray()).GetString());
        // A number that is none is left out; it is no JSON.
        Assert.False(waiting.GetProperty("edge").GetProperty("expectation").TryGetProperty("highPercent", out _));

        JsonElement done = Written(_bench.Book.Approve(offered.TaskId, BookBench.Anna)!);
        Assert.Equal(InOrder, Names(done));
        Assert.Equal("""{"ok":true,"payload":{"commandId":"cmd-1","outcome":"done","code":"OK"}}""", done.GetProperty("result").GetRawText());
        Assert.Equal(("completed", "operator:anna"), (done.GetProperty("status").GetString(), done.GetProperty("resolvedBy").GetString()));
        // There is no gen member.
        Assert.False(done.TryGetProperty("gen", out _));
    }

    [Fact]
    [Trait("spec", "W-117")]
    public void What_must_be_there_is_there_in_every_state_and_each_status_has_the_wires_word()
    {
        Proposal offered = _bench.Offer(Drafts.Water(_bench.Time, operation: "close", minutes: 0))!;
        foreach (ProposalStatus status in Enum.GetValues<ProposalStatus>())
        {
            JsonElement json = Written(offered with { Status = status });
            Assert.Empty(Required.Except(Names(json)));
            Assert.False(json.TryGetProperty("operationParams", out _));
        }

        Assert.Equal(
            ["proposed", "awaiting_approval", "approved", "executing", "completed", "rejected", "failed"],
            Enum.GetValues<ProposalStatus>().Select(s => s.Word()));
        Assert.Equal(["L0", "L1", "L2", "L3"], Enum.GetValues<ApprovalLevel>().Select(l => l.Word()));
    }

    [Fact]
    public void The_longest_texts_make_a_record_that_a_listener_keeps()
    {
        string text = new('я', 5_000);
        Proposal offered = _bench.Offer(Drafts.Water(_bench.Time, evidence: [.. Enumerable.Range(0, 9).Select(n => Drafts.Evidence(_bench.Time, new string((char)('a' + n), 36)))]) with { Summary = text, Reasoning = text })!;
        Assert.True(Written(offered).GetRawText().Length <= ClawMesh.Edge.Mesh.Proposals.HeardProposals.MaxBytes, $"{Written(offered).GetRawText().Length} bytes");
    }

    private static IEnumerable<string> Names(JsonElement e) => e.EnumerateObject().Select(m => m.Name);

    private static JsonElement Written(Proposal proposal)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var w = new Utf8JsonWriter(buffer))
        {
            w.WriteStartObject();
            ProposalJson.WriteMembers(w, proposal);
            w.WriteEndObject();
        }

        return JsonDocument.Parse(buffer.WrittenMemory).RootElement;
    }
}
