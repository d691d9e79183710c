using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Agent.Llm;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Agent.Llm;

/// <summary><c>llm.infer</c>: what it asks the server, what it streams, and each way it can fail.</summary>
[Trait("spec", "W-144")]
public class LlmDeskTests
{
    [Fact]
    public async Task Text_is_streamed_in_order_and_the_answer_has_reason_and_usage()
    {
        await using var served = new Served();

        JsonElement answer = await served.InferAsync();

        Assert.Equal("Hello, world.", string.Concat(served.Events.Deltas));
        Assert.Equal(0, served.Events.Sequences[0]);
        Assert.Equal(
            """{"requestId":"r-1","finishReason":"stop","usage":{"inputTokens":7,"outputTokens":4,"totalTokens":11,"cacheReadTokens":3}}""", answer.GetRawText());
        Assert.Equal((1, 0), (served.Desk.Calls, served.Desk.Errors));
        Assert.False(served.Desk.IsBusy);
    }

    [Fact]
    public async Task The_server_is_asked_in_its_own_words_for_no_more_than_this_node_gives()
    {
        await using var served = new Served(maxTokens: 100);
        JsonObject request = Served.Request(prompt: "Wie feucht ist zone-1? 🌱");
        request["messages"]!.AsArray().Insert(0, new JsonObject { ["role"] = "system", ["content"] = "Be brief." });
        request["maxTokens"] = 5_000;
        request["temperature"] = 0.2;

        await served.InferAsync(request);

        FakeExchange asked = Assert.Single(served.Server.Requests);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(asked.Body), JsonNode.Parse("""
            {"model":"tiny-1b","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Wie feucht ist zone-1? 🌱"}],
             "max_tokens":100,"temperature":0.2,"stream":true,"stream_options":{"include_usage":true}}
            """)), asked.Body);
        Assert.Contains("Connection: close\r\n", asked.Head, StringComparison.Ordinal);
        Assert.Contains($"Host: {served.Options.Endpoint.Authority}\r\n", asked.Head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("length", "length")]
    [InlineData("stop", "stop")]
    [InlineData("content_filter", "stop")]
    public async Task The_server_s_reason_becomes_one_of_the_wire_s(string theirs, string ours)
    {
        await using var served = new Served();
        served.Server.Chat = async e =>
        {
            await e.BeginStreamAsync();
            await e.DeltaAsync("x");
            await e.FinishAsync(theirs);
        };

        Assert.Equal(ours, (await served.InferAsync()).GetProperty("finishReason").GetString());
    }

    public static TheoryData<string> WrongRequests =>
    [
        """{}""",
        """{"requestId":"","model":"tiny-1b","messages":[{"role":"user","content":"x"}]}""",
        """{"requestId":7,"model":"tiny-1b","messages":[{"role":"user","content":"x"}]}""",
        """{"requestId":"\ud800","model":"tiny-1b","messages":[{"role":"user","content":"x"}]}""",
        """{"requestId":"r","messages":[{"role":"user","content":"x"}]}""",
        """{"requestId":"r","model":"tiny-1b"}""",
        """{"requestId":"r","model":"tiny-1b","messages":[]}""",
        """{"requestId":"r","model":"tiny-1b","messages":"secret prompt"}""",
        """{"requestId":"r","model":"tiny-1b","messages":["secret prompt"]}""",
        """{"requestId":"r","model":"tiny-1b","messages":[{"role":"tool","content":"secret prompt"}]}""",
        """{"requestId":"r","model":"tiny-1b","messages":[{"role":"user","content":["secret prompt"]}]}""",
        """{"requestId":"r","model":"tiny-1b","messages":[{"role":"user","content":"secret prompt \ud800"}]}""",
        """{"requestId":"r","model":"tiny-1b","messages":[{"role":"user","content":"secret prompt"}],"maxTokens":0}""",
        """{"requestId":"r","model":"tiny-1b","messages":[{"role":"user","content":"secret prompt"}],"maxTokens":1.5}""",
        """{"requestId":"r","model":"tiny-1b","messages":[{"role":"user","content":"secret prompt"}],"maxTokens":"9"}""",
        """{"requestId":"r","model":"tiny-1b","messages":[{"role":"user","content":"secret prompt"}],"temperature":2.1}""",
        """{"requestId":"r","model":"tiny-1b","messages":[{"role":"user","content":"secret prompt"}],"temperature":-1}""",
    ];

    [Theory]
    [MemberData(nameof(WrongRequests))]
    public async Task A_request_that_is_not_understood_names_the_member_and_repeats_no_prompt(string request)
    {
        await using var served = new Served();
        using JsonDocument document = JsonDocument.Parse(request);

        RpcRefusalException refused = await Assert.ThrowsAsync<RpcRefusalException>(() => served.Desk.InferAsync(document.RootElement, served.Caller, CancellationToken.None));

        Assert.Equal(GateCodes.InvalidParams, refused.Code);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
        Assert.Empty(served.Server.Requests);
    }

    [Fact]
    public async Task The_model_is_asked_for_before_the_place_and_the_form_before_both()
    {
        await using var served = new Served();
        (TaskCompletionSource goOn, Task<FakeExchange> begun) = served.Hold();
        Task<JsonElement> running = served.InferAsync();
        await begun;

        Assert.Equal(GateCodes.InvalidParams, await served.RefusedAsync(new JsonObject { ["requestId"] = "r-2", ["model"] = "other" }));
        Assert.Equal(LlmErrorCodes.ModelUnavailable, await served.RefusedAsync(Served.Request("r-2", "fake/other")));
        Assert.Equal(LlmErrorCodes.ModelUnavailable, await served.RefusedAsync(Served.Request("r-2", $"elsewhere/{FakeModelServer.Model}")));
        Assert.Equal(LlmErrorCodes.Busy, await served.RefusedAsync(Served.Request("r-2")));
        Assert.Equal(LlmErrorCodes.Busy, await served.RefusedAsync(Served.Request("r-2", FakeModelServer.Model)));

        goOn.SetResult();
        Assert.Equal("stop", (await running).GetProperty("finishReason").GetString());
        Assert.Equal("stop", (await served.InferAsync(Served.Request("r-3"))).GetProperty("finishReason").GetString());
        Assert.Equal((7, 5), (served.Desk.Calls, served.Desk.Errors));
    }

    public static TheoryData<string> Faults =>
        ["status 500", "status 404", "no stream", "cut", "cut after a word", "giant line", "malformed", "no text", "error event", "no reason", "half a character", "no HTTP", "silence"];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_server_that_fails_makes_the_model_unavailable_and_the_next_inference_is_not_held_up(string fault)
    {
        await using var served = new Served();
        served.Server.Chat = e => FailAsync(e, fault);

        RpcRefusalException refused = await Assert.ThrowsAsync<RpcRefusalException>(() => served.InferAsync());

        Assert.Equal(LlmErrorCodes.ModelUnavailable, refused.Code);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
        served.Server.Chat = FakeModelServer.Say("again");
        await served.InferAsync();
        Assert.Equal("again", served.Events.Deltas[^1]);
    }

    [Fact]
    public async Task A_server_that_is_not_there_makes_the_model_unavailable()
    {
        await using var served = new Served();
        await served.Server.DisposeAsync();

        Assert.Equal(LlmErrorCodes.ModelUnavailable, await served.RefusedAsync());
    }

    [Fact]
    public async Task After_120_seconds_it_is_over_and_the_server_is_left()
    {
        await using var served = new Served();
        (_, Task<FakeExchange> begun) = served.Hold();
        Task<string> refused = served.RefusedAsync();
        FakeExchange exchange = await begun;

        served.Time.Advance(LlmDesk.Limit - TimeSpan.FromMilliseconds(1));
        Assert.False(refused.IsCompleted);
        served.Time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(LlmErrorCodes.Timeout, await refused);
        await exchange.HungUp.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.False(served.Desk.IsBusy);
    }

    [Fact]
    public async Task A_requester_that_cannot_take_more_ends_it()
    {
        await using var served = new Served();
        served.Events.Room = 2;

        Assert.Equal(LlmErrorCodes.Backpressure, await served.RefusedAsync());

        Assert.Equal([0, 1], served.Events.Sequences);
        Assert.False(served.Desk.IsBusy);
    }

    [Fact]
    public async Task A_connection_without_events_is_told_so()
    {
        await using var served = new Served();

        Assert.Equal(GateCodes.InvalidParams, await served.RefusedAsync(caller: Served.Peer("a")));
    }

    private static async Task FailAsync(FakeExchange e, string fault)
    {
        switch (fault)
        {
            case "status 500":
                await e.AnswerAsync(500, """{"error":{"message":"secret prompt"}}""");
                return;
            case "status 404":
                await e.AnswerAsync(404, """{"error":{"message":"model 'secret' not found"}}""");
                return;
            case "no stream":
                await e.AnswerAsync(200, """{"choices":[{"message":{"content":"secret"}}]}""");
                return;
            case "no HTTP":
                await e.RawAsync("secret\r\n\r\n");
                return;
            case "silence":
                return;
        }

        await e.BeginStreamAsync();
        switch (fault)
        {
            case "cut after a word":
                await e.DeltaAsync("secret");
                break;
            case "giant line":
                await e.DataAsync(new string('x', HttpReader.MaxLineBytes));
                break;
            case "malformed":
                await e.DataAsync("""{"choices":[{"delta":{"content":"secret"}""");
                break;
            case "no text":
                await e.DataAsync("[\"secret\"]");
                break;
            case "error event":
                await e.DataAsync("""{"error":{"message":"secret"}}""");
                break;
            case "no reason":
                await e.DeltaAsync("secret");
                await e.DataAsync("[DONE]");
                break;
            case "half a character":
                await e.DataAsync("""{"choices":[{"delta":{"content":"secret \ud83c"}}]}""");
                break;
        }
    }
}
