using System.Text.Json;
using ClawMesh.Edge.Agent.Llm;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Agent.Llm;

/// <summary><c>llm.cancel</c> in every order with the other ends of an inference.</summary>
[Trait("spec", "W-145")]
public class LlmCancelTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_cancelled_inference_answers_cancelled_and_the_server_is_left()
    {
        await using var served = new Served();
        (_, Task<FakeExchange> begun) = served.Hold();
        Task<JsonElement> running = served.InferAsync();
        await served.Events.First;

        Assert.Equal("""{"requestId":"r-1","cancelled":true}""", (await served.CancelAsync()).GetRawText());

        Assert.Equal("""{"requestId":"r-1","finishReason":"cancelled"}""", (await running).GetRawText());
        await (await begun).HungUp.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.False(served.Desk.IsBusy);
        Assert.Equal(LlmErrorCodes.Cancelled, served.CancelRefused());
        Assert.Equal("stop", (await InferAgainAsync(served)).GetProperty("finishReason").GetString());
    }

    [Fact]
    public async Task Nothing_in_flight_another_id_or_another_peer_s_inference_is_not_cancelled()
    {
        await using var served = new Served();
        Assert.Equal(LlmErrorCodes.Cancelled, served.CancelRefused());
        (TaskCompletionSource goOn, Task<FakeExchange> begun) = served.Hold();
        Task<JsonElement> running = served.InferAsync();
        await begun;

        Assert.Equal(LlmErrorCodes.Cancelled, served.CancelRefused("r-2"));
        Assert.Equal(LlmErrorCodes.Cancelled, served.CancelRefused(caller: Served.Peer("b")));
        goOn.SetResult();

        Assert.Equal("stop", (await running).GetProperty("finishReason").GetString());
        Assert.Equal(LlmErrorCodes.Cancelled, served.CancelRefused());
        Assert.Equal(GateCodes.InvalidParams, served.CancelRefused(""));
    }

    [Fact]
    public async Task An_operator_of_the_node_cancels_anybody_s()
    {
        await using var served = new Served();
        (_, Task<FakeExchange> begun) = served.Hold();
        Task<JsonElement> running = served.InferAsync();
        await begun;

        await served.CancelAsync(caller: new RpcCaller(RpcTier.Operator, "operator:anna"));

        Assert.Equal("cancelled", (await running).GetProperty("finishReason").GetString());
    }

    [Fact]
    public async Task Cancelled_a_moment_before_its_time_is_up_it_is_cancelled_and_a_moment_after_it_is_too_late()
    {
        await using var served = new Served();
        (_, Task<FakeExchange> begun) = served.Hold();
        Task<JsonElement> first = served.InferAsync();
        await begun;
        await served.CancelAsync();
        served.Time.Advance(LlmDesk.Limit);
        Assert.Equal("cancelled", (await first).GetProperty("finishReason").GetString());

        (_, begun) = served.Hold();
        Task<string> second = served.RefusedAsync(Served.Request("r-2"));
        await begun;
        served.Time.Advance(LlmDesk.Limit);
        Assert.Equal(LlmErrorCodes.Cancelled, served.CancelRefused("r-2"));
        Assert.Equal(LlmErrorCodes.Timeout, await second);
    }

    [Fact]
    public async Task Cancelled_while_its_last_text_is_sent_it_does_not_end_well()
    {
        await using var served = new Served();
        served.Server.Chat = FakeModelServer.Say("only this");
        // Held back until the end, so that nothing but the end sends it.
        served.Events.WaitingBytes = 1;
        served.Events.Sending = () => served.CancelAsync().GetAwaiter().GetResult();

        Assert.Equal("cancelled", (await served.InferAsync()).GetProperty("finishReason").GetString());
    }

    [Fact]
    public async Task Once_told_that_it_is_cancelled_no_other_fault_is_its_answer()
    {
        await using var served = new Served();
        served.Events.Sending = () => served.CancelAsync().GetAwaiter().GetResult();
        served.Events.Room = 0;

        Assert.Equal("cancelled", (await served.InferAsync()).GetProperty("finishReason").GetString());
    }

    [Fact]
    public async Task A_connection_that_ends_takes_its_inference_with_it()
    {
        await using var served = new Served();
        (_, Task<FakeExchange> begun) = served.Hold();
        Task<string> refused = served.RefusedAsync();
        FakeExchange exchange = await begun;

        served.Events.Leave();

        Assert.Equal(LlmErrorCodes.Cancelled, await refused);
        await exchange.HungUp.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.False(served.Desk.IsBusy);
    }

    [Fact]
    public async Task A_connection_that_is_gone_already_begins_nothing()
    {
        await using var served = new Served();
        served.Hold();
        served.Events.Leave();

        Assert.Equal(LlmErrorCodes.Cancelled, await served.RefusedAsync());
        Assert.False(served.Desk.IsBusy);
    }

    [Fact]
    public async Task A_node_that_stops_ends_its_inference_without_an_answer()
    {
        await using var served = new Served();
        using var stop = new CancellationTokenSource();
        (_, Task<FakeExchange> begun) = served.Hold();
        Task<JsonElement> running = served.InferAsync(cancellationToken: stop.Token);
        FakeExchange exchange = await begun;

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await exchange.HungUp.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Whichever_of_cancel_and_end_comes_first_both_tell_the_same_story()
    {
        for (int i = 0; i < 50; i++)
        {
            await using var served = new Served();
            Task<JsonElement> running = served.InferAsync();
            await served.Events.First;
            bool cancelled = true;
            try
            {
                await served.CancelAsync();
            }
            catch (RpcRefusalException late)
            {
                Assert.Equal(LlmErrorCodes.Cancelled, late.Code);
                cancelled = false;
            }

            Assert.Equal(cancelled ? "cancelled" : "stop", (await running).GetProperty("finishReason").GetString());
        }
    }

    private static Task<JsonElement> InferAgainAsync(Served served)
    {
        served.Server.Chat = FakeModelServer.Say("again");
        return served.InferAsync();
    }
}
