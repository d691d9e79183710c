using System.Text.Json;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh.Transport;
using ClawMesh.Edge.Tests.Mesh.Golden;

namespace ClawMesh.Edge.Tests.Mesh.Sessions;

/// <summary>Events that belong to one request: to the socket that asked, before the answer, and bounded.</summary>
[Trait("spec", "W-144")]
public class RequestEventTests
{
    [Fact]
    public void They_go_to_the_socket_that_asked_in_order_and_before_the_answer()
    {
        (GoldenNode node, WireLink asking, WireLink other) = Two();
        node.Rpc.Add("test.tell", _ => true, async (_, caller, ct) =>
        {
            for (int i = 0; i < 3; i++)
            {
                int place = i;
                Assert.True(await caller.Events!.SendAsync("test.event", w => w.WriteNumber("n", place), ct));
            }

            return w => w.WriteStringValue("done");
        });

        asking.Feed(ClassicPeer.Request("test.tell"));

        Assert.Equal(["event:0", "event:1", "event:2", "res"], asking.Take().Select(Name));
        Assert.Empty(other.Take());
    }

    [Fact]
    public async Task A_socket_that_does_not_drain_takes_no_more_and_keeps_room_for_alarms()
    {
        (GoldenNode node, WireLink asking, _) = Two();
        IRpcEvents? events = null;
        node.Rpc.Add("test.tell", _ => true, (_, caller, _) =>
        {
            events = caller.Events;
            return Task.FromResult<Action<Utf8JsonWriter>>(w => w.WriteNullValue());
        });
        asking.Feed(ClassicPeer.Request("test.tell"));
        asking.Take();
        string text = new('x', 8_192);

        int taken = 0;
        while (taken < 1_000 && await events!.SendAsync("test.event", w => w.WriteString("delta", text), CancellationToken.None)) taken++;

        Assert.InRange(taken, 100, 127);
        Assert.InRange(events!.WaitingBytes, 900_000, 1_048_576);
        Assert.True(asking.Queue.TryAdd(new OutboundMessage(MessageClass.Safety, new byte[32 * 1024])));
        Assert.Equal(0, asking.Queue.Counters.Dropped);

        // Observations that wait are no reason to refuse: they give way.
        asking.Take();
        for (int i = 0; i < 100; i++) asking.Queue.TryAdd(new OutboundMessage(MessageClass.Bulk, new byte[10_000]));
        Assert.True(await events.SendAsync("test.event", w => w.WriteString("delta", text), CancellationToken.None));
    }

    [Fact]
    public async Task The_end_of_the_connection_is_told_to_what_still_runs()
    {
        (GoldenNode node, WireLink asking, _) = Two();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        IRpcEvents? events = null;
        node.Rpc.Add("test.wait", _ => true, async (_, caller, _) =>
        {
            events = caller.Events;
            events!.Ended.Register(ended.SetResult);
            await ended.Task;
            return w => w.WriteNullValue();
        });
        asking.Feed(ClassicPeer.Request("test.wait"));
        Assert.False(events!.Ended.IsCancellationRequested);

        asking.End();

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.False(await events.SendAsync("test.event", _ => { }, CancellationToken.None));
    }

    private static (GoldenNode Node, WireLink Asking, WireLink Other) Two()
    {
        var node = new GoldenNode("alpha");
        WireLink asking = new ClassicPeer("probe", node.Time).Join(node);
        WireLink other = new ClassicPeer("obs", node.Time).Join(node);
        asking.Take();
        other.Take();
        return (node, asking, other);
    }

    private static string Name(string message)
    {
        using JsonDocument document = JsonDocument.Parse(message);
        JsonElement root = document.RootElement;
        string type = root.GetProperty("type").GetString()!;
        return type == "event" ? $"event:{root.GetProperty("payload").GetProperty("n").GetInt32()}" : type;
    }
}
