using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Agent.Llm;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Agent.Llm;

/// <summary>When a model is offered, and when it is withdrawn.</summary>
[Trait("spec", "W-143")]
public class LlmServiceTests
{
    private const string Capability = $"llm:fake/{FakeModelServer.Model}";

    [Fact]
    public async Task Nothing_is_offered_before_a_probe_has_found_the_model()
    {
        await using var offered = new Offered();
        Assert.Equal("UNKNOWN_METHOD", await offered.CodeAsync("llm.infer"));
        Assert.Equal("UNKNOWN_METHOD", await offered.CodeAsync("llm.cancel"));

        await offered.ProbeAsync();

        Assert.Equal(Capability, offered.Advertised);
        Assert.Equal("INVALID_PARAMS", await offered.CodeAsync("llm.infer"));
        Assert.Equal(DriverState.Active, offered.State.State);
        Assert.Equal("GET", Assert.Single(offered.Served.Server.Requests).Verb);
    }

    [Theory]
    [Trait("spec", "X-69")]
    [InlineData(RpcTier.Stranger)]
    [InlineData(RpcTier.Loopback)]
    public async Task It_is_for_peers_and_operators(RpcTier tier)
    {
        await using var offered = new Offered();
        await offered.ProbeAsync();

        Assert.Equal("NOT_AUTHORIZED", await offered.CodeAsync("llm.infer", tier));
        Assert.Equal("NOT_AUTHORIZED", await offered.CodeAsync("llm.cancel", tier));
        Assert.Equal("INVALID_PARAMS", await offered.CodeAsync("llm.infer", RpcTier.Operator));
    }

    [Fact]
    public async Task A_server_that_is_gone_at_a_later_look_takes_the_offer_with_it_and_its_return_brings_it_back()
    {
        await using var offered = new Offered();
        await offered.ProbeAsync();
        Func<FakeExchange, Task> well = offered.Served.Server.Models;

        offered.Served.Server.Models = e => e.AnswerAsync(500, "{}");
        await offered.ProbeAsync();
        Assert.Null(offered.Advertised);
        Assert.Equal("UNKNOWN_METHOD", await offered.CodeAsync("llm.infer"));
        Assert.Equal(DriverState.Blocked, offered.State.State);
        Assert.Contains("status 500", offered.State.Detail, StringComparison.Ordinal);

        offered.Served.Server.Models = well;
        await offered.ProbeAsync();
        Assert.Equal(Capability, offered.Advertised);
        Assert.Equal(3, offered.Changes);
        Assert.Equal(DriverState.Active, offered.State.State);
    }

    [Theory]
    [InlineData("""{"data":[{"id":"tiny-1b:latest"}]}""", 200, true)]
    [InlineData("""{"data":[{"id":"other"},{"id":"tiny-1b"}]}""", 200, true)]
    [InlineData("""{"data":[{"id":"tiny-1b-instruct"}]}""", 200, false)]
    [InlineData("""{"data":[{"id":7},null,"tiny-1b"]}""", 200, false)]
    [InlineData("""{"data":{}}""", 200, false)]
    [InlineData("[]", 200, false)]
    [InlineData("no list here", 404, false)]
    public async Task The_list_decides_and_where_it_does_not_know_the_model_one_token_is_asked_for(string list, int status, bool listed)
    {
        await using var offered = new Offered();
        offered.Served.Server.Models = e => e.AnswerAsync(status, list);
        bool asked = false;
        offered.Served.Server.Chat = e =>
        {
            asked = true;
            Assert.Equal(1, JsonDocument.Parse(e.Body).RootElement.GetProperty("max_tokens").GetInt32());
            return e.AnswerAsync(200, """{"choices":[{"message":{"content":"x"}}]}""");
        };

        await offered.ProbeAsync();

        Assert.Equal(!listed, asked);
        Assert.Equal(Capability, offered.Advertised);

        offered.Served.Server.Chat = e => e.AnswerAsync(404, "{}");
        await offered.ProbeAsync();
        Assert.Equal(listed ? Capability : null, offered.Advertised);
    }

    [Fact]
    public async Task It_looks_at_once_and_then_every_minute_but_not_while_an_inference_runs()
    {
        await using var offered = new Offered();
        using var stop = new CancellationTokenSource();
        Task running = offered.Service.RunAsync(stop.Token);
        await offered.ProbesAsync(1);

        await offered.MinuteAsync();
        await offered.ProbesAsync(2);

        (TaskCompletionSource goOn, Task<FakeExchange> begun) = offered.Served.Hold();
        Task<JsonElement> inference = offered.Served.InferAsync();
        await begun;
        await offered.MinuteAsync();
        Assert.Equal(2, offered.Probes);
        goOn.SetResult();
        await inference;
        await offered.MinuteAsync();
        await offered.ProbesAsync(3);
        Assert.Equal(3, offered.Probes);

        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_in_ten_seconds_has_no_model()
    {
        await using var offered = new Offered();
        var asked = new TaskCompletionSource<FakeExchange>(TaskCreationOptions.RunContinuationsAsynchronously);
        offered.Served.Server.Models = e =>
        {
            asked.SetResult(e);
            return e.HungUp;
        };
        Task probe = offered.ProbeAsync();
        FakeExchange exchange = await asked.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        offered.Served.Time.Advance(LlmService.ProbeLimit);

        await probe.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await exchange.HungUp.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Null(offered.Advertised);
        Assert.Contains("10 s", offered.State.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_runs_can_be_cancelled_after_the_offer_was_withdrawn()
    {
        await using var offered = new Offered();
        await offered.ProbeAsync();
        (_, Task<FakeExchange> begun) = offered.Served.Hold();
        Task<JsonElement> running = offered.Served.InferAsync();
        await begun;
        offered.Served.Server.Models = e => e.AnswerAsync(500, "{}");
        await offered.ProbeAsync();

        Assert.Equal("UNKNOWN_METHOD", await offered.CodeAsync("llm.infer"));
        Assert.Equal("OK", await offered.CodeAsync("llm.cancel", RpcTier.Operator, """{"requestId":"r-1"}"""));

        Assert.Equal("cancelled", (await running).GetProperty("finishReason").GetString());
        Assert.Equal("UNKNOWN_METHOD", await offered.CodeAsync("llm.cancel", RpcTier.Operator, """{"requestId":"r-1"}"""));
    }

    [Fact]
    [Trait("spec", "W-146")]
    public async Task No_word_of_prompt_or_answer_is_in_any_event()
    {
        await using var offered = new Offered();
        await offered.ProbeAsync();
        offered.Served.Server.Chat = FakeModelServer.Say("classified answer");
        await offered.Served.InferAsync(Served.Request(prompt: "classified question"));
        offered.Served.Server.Chat = e => e.AnswerAsync(500, "classified answer");
        await offered.Served.RefusedAsync(Served.Request(prompt: "classified question"));

        Assert.DoesNotContain(offered.Events.Newest(EventLog.Capacity), e => e.Message.Contains("classified", StringComparison.Ordinal));
    }

    /// <summary>A service over a fake server, with the dispatcher its methods are in.</summary>
    private sealed class Offered : IAsyncDisposable
    {
        private readonly RpcDispatcher _rpc = new();

        public Offered()
        {
            Served.Desk.Available = false;
            Events = new EventLog(Served.Time);
            State = new SubsystemBoard(Events).Declare("llm", "service");
            Service = new LlmService(Served.ModelServer, Served.Desk, Served.Options, State, Take, Events, Served.Time);
            Service.Register(_rpc);
        }

        public Served Served { get; } = new();

        public LlmService Service { get; }

        public Subsystem State { get; }

        public EventLog Events { get; }

        public string? Advertised { get; private set; }

        public int Changes { get; private set; }

        public int Probes => Served.Server.Requests.Count(r => r.Path == "/v1/models");

        public Task ProbeAsync()
        {
            if (State.State == DriverState.Unconfigured)
            {
                State.Become(DriverState.Validated);
                State.Become(DriverState.Probing);
            }

            return Service.ProbeAsync(CancellationToken.None);
        }

        public async Task ProbesAsync(int count)
        {
            // Over sockets: the look was begun by the clock, and comes when it comes.
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (Probes < count || !Served.Desk.Available) await Task.Delay(5, limit.Token);
        }

        /// <summary>A minute passes, once the loop waits for it.</summary>
        public async Task MinuteAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (Served.Time.UntilNextTimer is null) await Task.Delay(5, limit.Token);
            Served.Time.Advance(LlmService.Interval);
            await Task.Yield();
        }

        public async Task<string> CodeAsync(string method, RpcTier tier = RpcTier.Peer, string parameters = "{}")
        {
            byte[]? answer = await _rpc.HandleAsync(
                Encoding.UTF8.GetBytes($$"""{"type":"req","id":"1","method":"{{method}}","params":{{parameters}}}"""), new RpcCaller(tier, "test") { Events = Served.Events }, CancellationToken.None);
            using JsonDocument document = JsonDocument.Parse(answer!);
            return document.RootElement.GetProperty("ok").GetBoolean() ? "OK" : document.RootElement.GetProperty("error").GetProperty("code").GetString()!;
        }

        public ValueTask DisposeAsync() => Served.DisposeAsync();

        private void Take(string? capability)
        {
            Advertised = capability;
            Changes++;
        }
    }
}
