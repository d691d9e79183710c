using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Agent.Llm;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Agent.Llm;

/// <summary>A desk in front of a fake server, with a clock by hand and callers that hear their events.</summary>
internal sealed class Served : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public Served(int maxTokens = 256)
    {
        LlmEndpoint endpoint = LlmEndpoint.Parse(Server.Url, out _)!;
        Options = new LlmOptions(endpoint, "fake", FakeModelServer.Model, maxTokens);
        ModelServer = new ModelServer(endpoint, endpoint.ConnectAsync);
        Desk = new LlmDesk(ModelServer, Options, Time) { Available = true };
        Caller = Peer("a", Events);
    }

    public FakeModelServer Server { get; } = new();

    public ManualTime Time { get; } = new();

    public LlmOptions Options { get; }

    public ModelServer ModelServer { get; }

    public LlmDesk Desk { get; }

    public HeardEvents Events { get; } = new();

    public RpcCaller Caller { get; }

    public static RpcCaller Peer(string digit, IRpcEvents? events = null)
    {
        var device = new NodeId(new string(digit[0], NodeId.Length));
        return new RpcCaller(RpcTier.Peer, device.Abbreviated) { Device = device, Events = events };
    }

    public static JsonObject Request(string id = "r-1", string model = $"fake/{FakeModelServer.Model}", string prompt = "Say hello.") => new()
    {
        ["requestId"] = id,
        ["model"] = model,
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = prompt }),
    };

    /// <summary>The answer's payload.</summary>
    public async Task<JsonElement> InferAsync(JsonNode? request = null, RpcCaller? caller = null, CancellationToken cancellationToken = default) =>
        HeardEvents.Json(await Desk.InferAsync(Element(request ?? Request()), caller ?? Caller, cancellationToken).WaitAsync(Patience, CancellationToken.None));

    /// <summary>The code it was refused with.</summary>
    public async Task<string> RefusedAsync(JsonNode? request = null, RpcCaller? caller = null) =>
        (await Assert.ThrowsAsync<RpcRefusalException>(() => InferAsync(request, caller))).Code;

    public async Task<JsonElement> CancelAsync(string id = "r-1", RpcCaller? caller = null) =>
        HeardEvents.Json(await Desk.CancelAsync(Element(new JsonObject { ["requestId"] = id }), caller ?? Caller));

    public string CancelRefused(string id = "r-1", RpcCaller? caller = null) =>
        Assert.Throws<RpcRefusalException>(() => { _ = Desk.CancelAsync(Element(new JsonObject { ["requestId"] = id }), caller ?? Caller); }).Code;

    /// <summary>Makes the server say one word and then hold its tongue until the returned source is set; the second task is the exchange.</summary>
    public (TaskCompletionSource GoOn, Task<FakeExchange> Begun) Hold()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var begun = new TaskCompletionSource<FakeExchange>(TaskCreationOptions.RunContinuationsAsynchronously);
        Server.Chat = async e =>
        {
            await e.BeginStreamAsync();
            await e.DeltaAsync("Hello");
            begun.TrySetResult(e);
            await Task.WhenAny(goOn.Task, e.HungUp);
            if (!e.HungUp.IsCompleted) await e.FinishAsync();
        };
        return (goOn, begun.Task.WaitAsync(Patience));
    }

    public static JsonElement Element(JsonNode node)
    {
        using JsonDocument document = JsonDocument.Parse(node.ToJsonString());
        return document.RootElement.Clone();
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
