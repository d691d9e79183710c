using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Hardware.Identity;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>A key pair somebody else's program would have.</summary>
internal sealed class WireIdentity : IDisposable
{
    private readonly Ed25519Signer _signer = Ed25519Signer.Generate();

    public string DeviceId => _signer.DeviceId.Value;

    public string PublicKey => Base64Url.EncodeToString(_signer.PublicKey.Span);

    public string Sign(string text) => Base64Url.EncodeToString(_signer.Sign(Encoding.UTF8.GetBytes(text)));

    public void Dispose() => _signer.Dispose();
}

/// <summary>
/// A peer written from the wire document alone, without a line of the product's mesh: it does the handshake by hand and sends whatever
/// a test wants sent. One connection.
/// </summary>
internal sealed class MeshWire : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(35);

    private readonly ClientWebSocket _socket = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<JsonElement>> _asked = new();
    private readonly ConcurrentQueue<WireEvent> _events = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly TaskCompletionSource<(WebSocketCloseStatus? Status, string? Reason)> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _receiving = Task.CompletedTask;
    private int _nextId;

    /// <summary>How the other end closed the socket; no status when it was lost.</summary>
    public Task<(WebSocketCloseStatus? Status, string? Reason)> Closed => _closed.Task.WaitAsync(Limit);

    public bool IsOpen => !_closed.Task.IsCompleted;

    public IReadOnlyCollection<WireEvent> Events => _events;

    public static async Task<MeshWire> ConnectAsync(MeshMember node)
    {
        var wire = new MeshWire();
        using var limit = new CancellationTokenSource(Limit);
        await wire._socket.ConnectAsync(new Uri(node.Url), limit.Token);
        wire._receiving = wire.ReceiveAsync();
        return wire;
    }

    /// <summary>Connects and completes the handshake.</summary>
    public static async Task<MeshWire> JoinAsync(MeshMember node, WireIdentity identity)
    {
        MeshWire wire = await ConnectAsync(node);
        JsonElement answer = await wire.HandshakeAsync(identity);
        Assert.True(answer.GetProperty("ok").GetBoolean(), answer.GetRawText());
        return wire;
    }

    /// <summary>Asks for a nonce and answers it with the members of [W-48]; <paramref name="change"/> spoils them before they are sent.</summary>
    public async Task<JsonElement> HandshakeAsync(WireIdentity identity, Action<JsonObject>? change = null, string? meshId = null, long? signedAtMs = null)
    {
        JsonElement challenge = await AskAsync("mesh.challenge", []);
        string nonce = challenge.GetProperty("payload").GetProperty("nonce").GetString()!;
        return await AskAsync("mesh.connect", Connect(identity, nonce, change, meshId, signedAtMs));
    }

    public static JsonObject Connect(WireIdentity identity, string nonce, Action<JsonObject>? change = null, string? meshId = null, long? signedAtMs = null)
    {
        const string Role = "planner";
        string mesh = meshId ?? MeshIdOf(MeshMember.MeshName);
        long at = signedAtMs ?? DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var connect = new JsonObject
        {
            ["version"] = 2,
            ["deviceId"] = identity.DeviceId,
            ["publicKey"] = identity.PublicKey,
            // No field of these tests holds a character that the encoding of [W-51] would change.
            ["signature"] = identity.Sign($"mesh.connect|v2|{identity.DeviceId}|{at}|{nonce}|{mesh}|{Role}"),
            ["signedAtMs"] = at,
            ["nonce"] = nonce,
            ["clientNonce"] = Guid.NewGuid().ToString("D"),
            ["meshId"] = mesh,
            ["role"] = Role,
            ["capabilities"] = new JsonArray(),
        };
        change?.Invoke(connect);
        return connect;
    }

    /// <summary>[W-29].</summary>
    public static string MeshIdOf(string name) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("clawmesh|mesh|" + name)));

    /// <summary>The whole response.</summary>
    public async Task<JsonElement> AskAsync(string method, JsonObject parameters)
    {
        string id = $"w{Interlocked.Increment(ref _nextId)}";
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[id] = answer;
        await SendAsync(new JsonObject { ["type"] = "req", ["id"] = id, ["method"] = method, ["params"] = parameters }.ToJsonString());
        return await answer.Task.WaitAsync(Limit);
    }

    public Task<JsonElement> ForwardAsync(JsonObject forward) => AskAsync("mesh.message.forward", forward);

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text);

    public async Task SendAsync(byte[] message, WebSocketMessageType type, bool end = true)
    {
        await _sending.WaitAsync();
        try
        {
            using var limit = new CancellationTokenSource(Limit);
            await _socket.SendAsync(message, type, end, limit.Token);
        }
        finally
        {
            _sending.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _receiving;
        _socket.Dispose();
        _sending.Dispose();
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[2 * 1024 * 1024];
        int filled = 0;
        try
        {
            while (true)
            {
                WebSocketReceiveResult part = await _socket.ReceiveAsync(new ArraySegment<byte>(buffer, filled, buffer.Length - filled), CancellationToken.None);
                if (part.MessageType == WebSocketMessageType.Close) break;
                filled += part.Count;
                if (!part.EndOfMessage) continue;
                Take(buffer.AsMemory(0, filled));
                filled = 0;
            }

            _closed.TrySetResult((_socket.CloseStatus, _socket.CloseStatusDescription));
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            _closed.TrySetResult((_socket.CloseStatus, gone.Message));
        }

        foreach (TaskCompletionSource<JsonElement> asked in _asked.Values) asked.TrySetException(new IOException("the connection ended before the answer"));
    }

    private void Take(ReadOnlyMemory<byte> message)
    {
        using JsonDocument document = JsonDocument.Parse(message);
        JsonElement root = document.RootElement.Clone();
        if (root.GetProperty("type").GetString() == "event") _events.Enqueue(new WireEvent(DateTimeOffset.UtcNow, root.GetProperty("event").GetString()!, root));
        else if (root.GetProperty("type").GetString() == "res" && _asked.TryRemove(root.GetProperty("id").GetString()!, out TaskCompletionSource<JsonElement>? asked)) asked.TrySetResult(root);
    }
}

internal sealed record WireEvent(DateTimeOffset At, string Name, JsonElement Root);
