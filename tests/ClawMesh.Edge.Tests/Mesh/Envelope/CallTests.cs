using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.Tests.Mesh.Golden;

namespace ClawMesh.Edge.Tests.Mesh.Envelope;

/// <summary>Requests of this node and their answers, and the answers it gives.</summary>
public class CallTests
{
    [Fact]
    [Trait("spec", "W-67")]
    [Trait("spec", "W-68")]
    public async Task An_answer_counts_on_the_session_of_its_request_and_once()
    {
        (GoldenNode node, WireLink probe, WireLink observer) = TwoPeers();
        Task<CallResult> call = Call(node, "probe");
        string id = JsonDocument.Parse(Assert.Single(probe.Take())).RootElement.GetProperty("id").GetString()!;

        observer.Feed($$"""{"type":"res","id":"{{id}}","ok":true,"payload":{"from":"another"} }""");
        Assert.False(call.IsCompleted);
        Assert.Equal(1, node.Mesh.Counters[MeshCounter.LateResponses]);
        probe.Feed($$"""{"type":"res","id":"{{id}}","ok":true,"payload":{"from":"probe"} }""");
        Assert.Equal("probe", (await call).Payload.GetProperty("from").GetString());
        probe.Feed($$"""{"type":"res","id":"{{id}}","ok":true,"payload":{} }""");
        Assert.Equal(2, node.Mesh.Counters[MeshCounter.LateResponses]);
    }

    [Theory]
    [InlineData("""{"code":"NOT_FOUND","message":"NOT_FOUND: gone"}""", "NOT_FOUND", "NOT_FOUND: gone")]
    [InlineData("""{"code":"A_NEW_WORD","message":"x"}""", "A_NEW_WORD", "x")]
    [InlineData("""{"message":"x"}""", "INTERNAL_ERROR", "x")]
    [InlineData("""{"code":7,"message":7}""", "INTERNAL_ERROR", "")]
    [InlineData("null", "INTERNAL_ERROR", "")]
    [InlineData("\"x\"", "INTERNAL_ERROR", "")]
    [Trait("spec", "W-61")]
    [Trait("spec", "W-169")]
    public async Task An_error_of_any_shape_is_a_failure_with_a_code(string error, string code, string message)
    {
        (GoldenNode node, WireLink probe, _) = TwoPeers();
        Task<CallResult> call = Call(node, "probe");
        string id = JsonDocument.Parse(Assert.Single(probe.Take())).RootElement.GetProperty("id").GetString()!;

        probe.Feed($$"""{"type":"res","id":"{{id}}","ok":false,"error":{{error}}}""");

        CallResult result = await call;
        Assert.Equal((false, code, message), (result.Ok, result.Code, result.Message));
    }

    [Fact]
    [Trait("spec", "W-67")]
    public async Task A_call_ends_by_its_limit_or_with_its_session()
    {
        (GoldenNode node, WireLink probe, WireLink observer) = TwoPeers();
        Task<CallResult> late = Call(node, "probe"), cut = Call(node, "obs");

        node.Time.Advance(TimeSpan.FromSeconds(2.9));
        Tick();
        Assert.False(late.IsCompleted);
        observer.End();
        Assert.Equal("PEER_DISCONNECTED", (await cut).Code);
        node.Time.Advance(TimeSpan.FromSeconds(0.1));
        Tick();
        Assert.Equal("TIMEOUT", (await late).Code);

        void Tick()
        {
            probe.LastReceived = observer.LastReceived = node.Time.GetTimestamp();
            node.Mesh.Tick();
        }
    }

    [Fact]
    [Trait("spec", "W-68")]
    [Trait("spec", "W-82")]
    public async Task The_two_hundred_and_fifty_seventh_open_call_of_a_session_is_busy()
    {
        (GoldenNode node, WireLink probe, _) = TwoPeers();
        var calls = new List<Task<CallResult>>();
        for (int i = 0; i < 256; i++)
        {
            calls.Add(Call(node, "probe"));
            probe.Take();
        }

        Task<CallResult> refused = Call(node, "probe");

        Assert.Equal(GateCodes.Busy, (await refused).Code);
        Assert.All(calls, c => Assert.False(c.IsCompleted));
        Assert.Empty(probe.Take());
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(128, true)]
    [InlineData(129, false)]
    [Trait("spec", "W-62")]
    public void An_id_of_1_to_128_characters_is_echoed_unchanged(int length, bool answered)
    {
        (GoldenNode node, WireLink probe, _) = TwoPeers();
        foreach (string character in new[] { "x", "é", "\\u00e9", "\\\"", "|" })
        {
            string id = string.Concat(Enumerable.Repeat(character, length));
            probe.Feed($$"""{"type":"req","id":"{{id}}","method":"mesh.ping"}""");
            List<string> said = probe.Take();
            Assert.Equal(answered ? 1 : 0, said.Count);
            if (answered) Assert.Equal(JsonDocument.Parse($"\"{id}\"").RootElement.GetString(), JsonDocument.Parse(said[0]).RootElement.GetProperty("id").GetString());
        }

        Assert.Equal(answered ? 0 : 5, node.Mesh.Counters[MeshCounter.InvalidType]);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("\"x\"")]
    [Trait("spec", "W-63")]
    public void Params_that_are_no_object_are_empty_ones(string parameters)
    {
        (_, WireLink probe, _) = TwoPeers();

        probe.Feed($$"""{"type":"req","id":"q","method":"mesh.trace","params":{{parameters}}}""");

        Assert.Contains("\"trackedChains\":0", Assert.Single(probe.Take()));
    }

    [Fact]
    [Trait("spec", "W-65")]
    [Trait("spec", "W-66")]
    public void A_handler_that_fails_is_an_internal_error_that_tells_nothing_of_the_inside()
    {
        (GoldenNode node, WireLink probe, _) = TwoPeers();
        node.Rpc.Add("test.fails", _ => true, (_, _, _) => throw new InvalidOperationException("/var/lib/secret"));

        JsonElement error = ClassicPeer.Ask(probe, ClassicPeer.Request("test.fails"))!.Value.GetProperty("error");

        Assert.Equal(GateCodes.InternalError, error.GetProperty("code").GetString());
        Assert.StartsWith("INTERNAL_ERROR: ", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.GetRawText());
    }

    [Fact]
    [Trait("spec", "W-9")]
    [Trait("spec", "W-65")]
    public void An_answer_that_would_be_too_long_is_an_error_and_not_silence()
    {
        (GoldenNode node, WireLink probe, _) = TwoPeers();
        node.Rpc.Add("test.long", _ => true, (_, _, _) => Task.FromResult<Action<Utf8JsonWriter>>(w => w.WriteStringValue(new string('x', 1_048_577))));

        JsonElement? answer = ClassicPeer.Ask(probe, ClassicPeer.Request("test.long"));

        Assert.Equal(GateCodes.InternalError, answer!.Value.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    [Trait("spec", "W-118")]
    [Trait("spec", "W-82")]
    public void A_proposal_is_told_once_per_status_and_words_without_a_bound_not_at_all()
    {
        (GoldenNode node, WireLink sensor, WireLink observer) = TwoPeers();
        node.Trust.Add(new NodeId(Transcript.DeviceId("probe2")));
        WireLink probe = new ClassicPeer("probe2", node.Time) { Role = "planner" }.Join(node);
        ClassicPeer.Ask(observer, ClassicPeer.Request("chat.subscribe"));
        const string proposal = """{"type":"event","event":"planner.proposal","payload":{"taskId":"t","status":"STATUS","summary":"water"}}""";
        for (int i = 0; i < 2; i++) probe.Feed(proposal.Replace("STATUS", "proposed", StringComparison.Ordinal));
        probe.Feed(proposal.Replace("STATUS", "approved", StringComparison.Ordinal));
        probe.Feed(proposal.Replace("STATUS", new string('x', 1_000), StringComparison.Ordinal));
        // A peer that is no planner used to be shown as well, and a proposal of another planner in its name.
        sensor.Feed(proposal.Replace("STATUS", "rejected", StringComparison.Ordinal));
        probe.Feed(proposal.Replace("\"taskId\":\"t\"", $"\"taskId\":\"t\",\"plannerDeviceId\":\"{new string('a', 64)}\"", StringComparison.Ordinal).Replace("STATUS", "failed", StringComparison.Ordinal));

        Assert.Equal(2, observer.Take().Count);
        Assert.Equal(2, node.Events.Newest(50, e => e.Subject == "planner" && e.Message.StartsWith("Proposal t:", StringComparison.Ordinal)).Count);
    }

    [Fact]
    [Trait("spec", "W-154")]
    public void Past_the_burst_events_are_dropped_and_counted_requests_get_a_code_and_the_session_stays()
    {
        var node = new GoldenNode("alpha", new GoldenSetup { Mesh = o => o with { InboundPerSecond = 2, InboundBurst = 3 } });
        WireLink probe = new ClassicPeer("probe", node.Time).Join(node);

        for (int i = 0; i < 5; i++) probe.Feed("""{"type":"event","event":"edge.keepalive","payload":{"gen":1}}""");
        JsonElement? refused = ClassicPeer.Ask(probe, ClassicPeer.Request("mesh.ping"));

        Assert.Equal(GateCodes.RateLimited, refused!.Value.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(3, node.Mesh.Counters[MeshCounter.RateLimited]);
        Assert.Null(probe.Closed);
        node.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(ClassicPeer.Ask(probe, ClassicPeer.Request("mesh.ping"))!.Value.GetProperty("ok").GetBoolean());
    }

    private static (GoldenNode Node, WireLink Probe, WireLink Observer) TwoPeers()
    {
        var node = new GoldenNode("alpha");
        return (node, new ClassicPeer("probe", node.Time).Join(node), new ClassicPeer("obs", node.Time).Join(node));
    }

    private static Task<CallResult> Call(GoldenNode node, string peer) =>
        node.Mesh.SessionOf(new NodeId(Transcript.DeviceId(peer)))!.Conversation.CallAsync("mesh.health", null, TimeSpan.FromSeconds(3));
}
