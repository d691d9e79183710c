using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>The mesh port as far as it speaks: what a program on this machine may read without proof.</summary>
public class PortTests
{
    [Fact]
    [Trait("spec", "X-70")]
    [Trait("spec", "W-136")]
    [Trait("spec", "W-4")]
    public async Task The_port_answers_mesh_health_to_loopback_and_nothing_else_without_a_session()
    {
        using var state = new TempState();
        await using NodeProcess node = await NodeProcess.StartAsync(state);

        using ClientWebSocket socket = await ConnectAsync(node, origin: null);
        JsonElement health = await AskAsync(socket, "mesh.health");
        JsonElement status = await AskAsync(socket, "mesh.status");
        JsonElement actuate = await AskAsync(socket, "edge.actuate");
        JsonElement unknown = await AskAsync(socket, "no.such.method");

        Assert.True(health.GetProperty("ok").GetBoolean(), health.GetRawText());
        Assert.Equal("healthy", health.GetProperty("payload").GetProperty("status").GetString());
        Assert.Equal("NOT_AUTHORIZED", status.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("NOT_AUTHORIZED", actuate.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("NOT_AUTHORIZED", unknown.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    [Trait("spec", "X-68")]
    public async Task A_page_in_a_browser_is_turned_away_by_its_origin()
    {
        using var state = new TempState();
        await using NodeProcess node = await NodeProcess.StartAsync(state);

        WebSocketException refused = await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(node, "http://localhost:8080"));

        Assert.Contains("403", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "W-7")]
    [Trait("spec", "W-8")]
    [Trait("spec", "W-9")]
    public async Task Binary_and_oversized_messages_close_the_socket_with_their_codes()
    {
        using var state = new TempState();
        await using NodeProcess node = await NodeProcess.StartAsync(state);

        using ClientWebSocket binary = await ConnectAsync(node, origin: null);
        await binary.SendAsync(new byte[] { 1, 2, 3 }, WebSocketMessageType.Binary, true, CancellationToken.None);
        using ClientWebSocket large = await ConnectAsync(node, origin: null);
        await large.SendAsync(Encoding.UTF8.GetBytes(new string('x', 1_048_577)), WebSocketMessageType.Text, true, CancellationToken.None);

        Assert.Equal(WebSocketCloseStatus.InvalidMessageType, await CloseStatusAsync(binary));
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, await CloseStatusAsync(large));
    }

    private static async Task<ClientWebSocket> ConnectAsync(NodeProcess node, string? origin)
    {
        string listen = (await node.CallAsync("mesh.status", "{}")).GetProperty("edge").GetProperty("listen").GetString()!;
        var socket = new ClientWebSocket();
        if (origin is not null) socket.Options.SetRequestHeader("Origin", origin);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await socket.ConnectAsync(new Uri($"ws://{listen}/any/path"), limit.Token);
        return socket;
    }

    private static async Task<JsonElement> AskAsync(ClientWebSocket socket, string method)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await socket.SendAsync(Encoding.UTF8.GetBytes($$"""{"type":"req","id":"1","method":"{{method}}","params":{} }"""), WebSocketMessageType.Text, true, limit.Token);
        byte[] buffer = new byte[65536];
        WebSocketReceiveResult result = await socket.ReceiveAsync(buffer, limit.Token);
        using JsonDocument document = JsonDocument.Parse(buffer.AsMemory(0, result.Count));
        return document.RootElement.Clone();
    }

    private static async Task<WebSocketCloseStatus?> CloseStatusAsync(ClientWebSocket socket)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await socket.ReceiveAsync(new byte[1024], limit.Token);
        return socket.CloseStatus;
    }
}
