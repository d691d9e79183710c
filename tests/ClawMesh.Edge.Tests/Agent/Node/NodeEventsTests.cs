using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Node;

public sealed class NodeEventsTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task What_an_operator_was_told_of_a_fault_is_read_by_operators_alone_and_its_trace_by_others_too()
    {
        await using EdgeNode node = await StartAsync();
        JsonElement answer = await AskAsync(node, RpcTier.Operator, "edge.config", """{"key":"clock","value":"10.0.0.7"}""");
        string trace = answer.GetProperty("error").GetProperty("trace").GetString()!;
        node.Warn("site", "/etc/secret.json cannot be written");

        JsonElement told = Assert.Single(Events(await AskAsync(node, RpcTier.Operator, "mesh.events", $$"""{"trace":"{{trace}}"}""")));
        JsonElement shown = Assert.Single(Events(await AskAsync(node, RpcTier.Peer, "mesh.events", $$"""{"trace":"{{trace}}"}""")));
        string all = (await AskAsync(node, RpcTier.Peer, "mesh.events", "{}")).GetRawText();

        Assert.Contains("10.0.0.7", told.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("The details are for operators of this node.", shown.GetProperty("message").GetString());
        foreach (string member in (string[])["type", "severity", "subject", "trace", "sequence"]) Assert.Equal(told.GetProperty(member).ToString(), shown.GetProperty(member).ToString());
        Assert.DoesNotContain("10.0.0.7", all, StringComparison.Ordinal);
        Assert.DoesNotContain("/etc/secret.json", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trace_is_narrowed_by_type_by_time_and_by_number()
    {
        await using EdgeNode node = await StartAsync();
        foreach (string type in (string[])[EventTypes.ActuationDecision, EventTypes.ActuationOutcome, EventTypes.ActuationState])
            node.Events.Publish(new EdgeEvent(0, DateTimeOffset.UnixEpoch.AddDays(20_000), type, EventSeverity.Info, "x", "m", Trace: "t-1"));
        node.Events.Publish(new EdgeEvent(0, DateTimeOffset.UnixEpoch.AddDays(20_000), EventTypes.ActuationOutcome, EventSeverity.Info, "x", "m", Trace: "t-2"));
        long last = node.Events.Count;

        Assert.Equal(3, Events(await AskAsync(node, RpcTier.Operator, "mesh.events", """{"trace":"t-1"}""")).Count);
        Assert.Equal(EventTypes.ActuationOutcome, Assert.Single(Events(await AskAsync(node, RpcTier.Operator, "mesh.events", """{"trace":"t-1","type":"actuation.outcome"}"""))).GetProperty("type").GetString());
        Assert.Equal([last - 2, last - 1], Events(await AskAsync(node, RpcTier.Operator, "mesh.events", $$"""{"trace":"t-1","afterSequence":{{last - 3}}}""")).Select(e => e.GetProperty("sequence").GetInt64()));
        Assert.Empty(Events(await AskAsync(node, RpcTier.Operator, "mesh.events", $$"""{"trace":"t-1","sinceMs":{{20_000L * 86_400_000}}}""")));
        Assert.Empty(Events(await AskAsync(node, RpcTier.Operator, "mesh.events", $$"""{"trace":"t-1","type":"actuation.outcome","afterSequence":{{last}}}""")));
    }

    private Task<EdgeNode> StartAsync() => EdgeNode.StartAsync(
        new NodeOptions { State = new StateDirectory(_scratch.At("state"), "--state-dir"), Site = "simulated", Name = "events-test", Host = "127.0.0.1", Port = 0, Discovery = false },
        new ManualTime(), TestContext.Current.CancellationToken);

    private static async Task<JsonElement> AskAsync(EdgeNode node, RpcTier tier, string method, string parameters)
    {
        using JsonDocument asked = JsonDocument.Parse(parameters);
        byte[] answer = await node.Rpc.AnswerAsync("1", method, asked.RootElement, new RpcCaller(tier, "operator:test"), TestContext.Current.CancellationToken);
        return JsonDocument.Parse(answer).RootElement;
    }

    private static List<JsonElement> Events(JsonElement answer) => [.. answer.GetProperty("payload").GetProperty("events").EnumerateArray()];
}
