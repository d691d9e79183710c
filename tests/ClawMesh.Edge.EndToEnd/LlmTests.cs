using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>The binary in front of a model server: offered once the server answers, streamed over the mesh port and the local socket, called off.</summary>
public class LlmTests
{
    private const string Capability = $"llm:fake/{FakeModelServer.Model}";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    [Trait("spec", "W-143")]
    public async Task A_peer_that_joins_sees_the_model_and_a_node_whose_server_is_away_offers_none()
    {
        await using var server = new FakeModelServer();
        await using MeshMember serving = await ServingAsync(server.Url);
        await using MeshMember other = await MeshMember.CreateAsync();
        await MeshMember.IntroduceAsync(serving, other);
        await serving.StartAsync();
        await OfferedAsync(serving);

        await other.StartAsync("--peer", serving.Spec);
        await other.JoinedAsync(serving);

        Ran peers = await other.CliAsync("peers", "--json");
        JsonElement peer = Assert.Single(peers.Data.GetProperty("peers").EnumerateArray());
        Assert.Contains(Capability, peer.GetProperty("capabilities").EnumerateArray().Select(c => c.GetString()));
        Assert.Equal("active", await StateAsync(serving));

        await using MeshMember without = await ServingAsync($"http://127.0.0.1:{MeshMember.FreePort()}/v1");
        await without.StartAsync();
        await MeshPoll.UntilAsync(async () => await StateAsync(without) == "blocked", "the first look to fail", Soon);
        Assert.Equal("UNKNOWN_METHOD", await LocalCodeAsync(without, "llm.infer", Request("r-1")));
        // It is away, and the node does its work.
        await without.WaitUntilArmedAsync();
    }

    [Fact]
    [Trait("spec", "W-144")]
    [Trait("spec", "W-145")]
    [Trait("spec", "W-146")]
    public async Task An_inference_streams_is_cancelled_and_leaves_no_word_behind()
    {
        await using var server = new FakeModelServer();
        await using MeshMember serving = await ServingAsync(server.Url);
        using var identity = new WireIdentity();
        await serving.TrustAsync(identity.DeviceId, identity.PublicKey);
        await serving.StartAsync();
        await OfferedAsync(serving);
        await using MeshWire wire = await MeshWire.JoinAsync(serving, identity);

        string text = "Die Saat 🌱 braucht Wasser. " + string.Concat(Enumerable.Repeat("水", 6_000));
        server.Chat = FakeModelServer.Say(text[..9], text[9..500], text[500..]);
        JsonElement answer = await wire.AskAsync("llm.infer", Request("r-1"));

        Assert.True(answer.GetProperty("ok").GetBoolean(), answer.GetRawText());
        Assert.Equal("stop", answer.GetProperty("payload").GetProperty("finishReason").GetString());
        Assert.Equal(11, answer.GetProperty("payload").GetProperty("usage").GetProperty("totalTokens").GetInt64());
        JsonElement[] chunks = [.. wire.Events.Where(e => e.Name == "llm.chunk").Select(e => e.Root.GetProperty("payload"))];
        Assert.Equal(text, string.Concat(chunks.Select(c => c.GetProperty("delta").GetString())));
        Assert.Equal(Enumerable.Range(0, chunks.Length), chunks.Select(c => c.GetProperty("seq").GetInt32()));

        var begun = new TaskCompletionSource<FakeExchange>(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Chat = async e =>
        {
            await e.BeginStreamAsync();
            await e.DeltaAsync("secret beginning");
            begun.SetResult(e);
            await e.HungUp;
        };
        Task<JsonElement> running = wire.AskAsync("llm.infer", Request("r-2"));
        FakeExchange exchange = await begun.Task.WaitAsync(Soon, TestContext.Current.CancellationToken);
        Assert.Equal("LLM_BUSY", await LocalCodeAsync(serving, "llm.infer", Request("r-3")));
        JsonElement cancelled = await wire.AskAsync("llm.cancel", new JsonObject { ["requestId"] = "r-2" });
        Assert.True(cancelled.GetProperty("payload").GetProperty("cancelled").GetBoolean());
        Assert.Equal("cancelled", (await running).GetProperty("payload").GetProperty("finishReason").GetString());
        await exchange.HungUp.WaitAsync(Soon, TestContext.Current.CancellationToken);
        MeshForward.AssertRefused(await wire.AskAsync("llm.cancel", new JsonObject { ["requestId"] = "r-2" }), "LLM_CANCELLED");

        // A requester that goes takes its inference with it.
        begun = new TaskCompletionSource<FakeExchange>(TaskCreationOptions.RunContinuationsAsynchronously);
        await wire.SendAsync(new JsonObject { ["type"] = "req", ["id"] = "last", ["method"] = "llm.infer", ["params"] = Request("r-4") }.ToJsonString());
        exchange = await begun.Task.WaitAsync(Soon, TestContext.Current.CancellationToken);
        await wire.DisposeAsync();
        await exchange.HungUp.WaitAsync(Soon, TestContext.Current.CancellationToken);

        server.Chat = FakeModelServer.Say("secret end");
        await MeshPoll.UntilAsync(async () => await LocalCodeAsync(serving, "llm.infer", Request("r-5")) == "OK", "the local socket to get its turn", Soon);

        Assert.True(await serving.CounterAsync("mesh.llm.calls") >= 4);
        string world = (await serving.Node.CallAsync("mesh.world.query", """{"limit":200}""")).GetRawText();
        string events = (await serving.Node.CallAsync("mesh.events", """{"limit":200}""")).GetRawText();
        await serving.Node.TerminateAsync();
        string log = await serving.Node.LogAsync();
        foreach (string kept in (string[])[world, events, log])
        {
            Assert.DoesNotContain("secret", kept, StringComparison.Ordinal);
            Assert.DoesNotContain("Saat", kept, StringComparison.Ordinal);
        }
    }

    private static Task<MeshMember> ServingAsync(string url) => MeshMember.CreateAsync(c => c["llm"] = new JsonObject { ["url"] = url, ["model"] = FakeModelServer.Model, ["provider"] = "fake" });

    private static Task OfferedAsync(MeshMember member) => MeshPoll.UntilAsync(
        async () => (await member.HealthAsync()).GetProperty("capabilities").GetProperty("local").EnumerateArray().Any(c => c.GetString() == Capability), "the model to be offered", Soon);

    private static async Task<string?> StateAsync(MeshMember member) =>
        (await member.StatusAsync()).GetProperty("edge").GetProperty("subsystems").EnumerateArray().Single(s => s.GetProperty("name").GetString() == "llm").GetProperty("state").GetString();

    private static JsonObject Request(string id) => new()
    {
        ["requestId"] = id,
        ["model"] = $"fake/{FakeModelServer.Model}",
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "a secret question" }),
    };

    // The local socket's one request: events may come before its answer.
    private static async Task<string> LocalCodeAsync(MeshMember member, string method, JsonObject parameters)
    {
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(Path.Combine(member.StateDir, "edge.sock")));
        await using var stream = new System.Net.Sockets.NetworkStream(socket);
        using var reader = new StreamReader(stream);
        await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(new JsonObject { ["type"] = "req", ["id"] = "t", ["method"] = method, ["params"] = parameters }.ToJsonString() + "\n"));
        while (true)
        {
            string line = await reader.ReadLineAsync().WaitAsync(Soon) ?? throw new IOException("the node hung up");
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.GetProperty("type").GetString() != "res") continue;
            return document.RootElement.GetProperty("ok").GetBoolean() ? "OK" : document.RootElement.GetProperty("error").GetProperty("code").GetString()!;
        }
    }
}
