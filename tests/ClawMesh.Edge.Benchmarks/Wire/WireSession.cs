using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Mesh.Handshake;

namespace ClawMesh.Edge.Benchmarks.Wire;

/// <summary>An answer to a request of the tool.</summary>
/// <param name="Payload">The payload, or the error object.</param>
internal readonly record struct WireAnswer(bool Ok, JsonElement Payload)
{
    public string Code => Payload.ValueKind == JsonValueKind.Object && Payload.TryGetProperty("code", out JsonElement code) ? code.GetString() ?? "" : "";
}

/// <summary>Timestamps of one dial: before TCP, after the upgrade, after the verified result.</summary>
internal readonly record struct DialTimes(long Began, long Open, long Verified);

/// <summary>The mesh the tool claims to belong to, and whether it shows itself as an Edge node ([X-6]) or as a classic one.</summary>
internal sealed record WireMesh(string MeshId, bool Edge);

/// <summary>
/// An authenticated connection, dialled or accepted, driven by hand as section 6 of wire-v1 has it. Answers what a target asks on it, so
/// that it takes the tool for a peer like any other.
/// </summary>
internal sealed class WireSession : IAsyncDisposable
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(10);

    private static readonly Ed25519Verifier Verifier = new();

    private readonly LoadIdentity _self;
    private readonly WireMesh _mesh;
    private readonly WebSocket _socket;
    private readonly BatchStream _stream;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<WireAnswer>> _calls = [];
    private readonly TaskCompletionSource _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _nonce = NewNonce();
    private Task _receiving = Task.CompletedTask;
    private long _lastCall;

    private WireSession(LoadIdentity self, WireMesh mesh, WebSocket socket, BatchStream stream, bool dialled) =>
        (_self, _mesh, _socket, _stream, Dialled) = (self, mesh, socket, stream, dialled);

    public bool Dialled { get; }

    /// <summary>The verified device at the other end.</summary>
    public string PeerId { get; private set; } = "";

    /// <summary>Whether the other end showed Edge features; a classic node never does.</summary>
    public bool PeerIsEdge { get; private set; }

    public bool IsOpen => _socket.State == WebSocketState.Open;

    /// <summary>Told each context frame's message with the timestamp of its arrival, on the receive loop.</summary>
    public Action<JsonElement, long>? FrameHeard { get; set; }

    public static async Task<(WireSession Session, DialTimes Times)> DialAsync(Uri target, LoadIdentity self, WireMesh mesh)
    {
        BatchStream? stream = null;
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return stream = new BatchStream(new NetworkStream(socket, ownsSocket: true));
            },
        };
        var socket = new ClientWebSocket();
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        long began = Stopwatch.GetTimestamp();
        using (var invoker = new HttpMessageInvoker(handler))
        using (var limit = new CancellationTokenSource(CallLimit)) await socket.ConnectAsync(target, invoker, limit.Token);
        long open = Stopwatch.GetTimestamp();
        var session = new WireSession(self, mesh, socket, stream!, dialled: true);
        session._receiving = session.ReceiveAsync();
        try
        {
            await session.HandshakeAsync();
            return (session, new DialTimes(began, open, Stopwatch.GetTimestamp()));
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>The acceptor's side over a connection that has finished its upgrade. Null when the other end did not prove itself in 10 s.</summary>
    public static async Task<WireSession?> AcceptAsync(Stream upgraded, LoadIdentity self, WireMesh mesh)
    {
        var stream = new BatchStream(upgraded);
        var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero });
        var session = new WireSession(self, mesh, socket, stream, dialled: false);
        session._receiving = session.ReceiveAsync();
        if (await Task.WhenAny(session._accepted.Task, session._receiving, Task.Delay(CallLimit)) == session._accepted.Task) return session;
        await session.DisposeAsync();
        return null;
    }

    public async Task<WireAnswer> CallAsync(string method, string parameters = "{}")
    {
        string id = "load-" + Interlocked.Increment(ref _lastCall).ToString(CultureInfo.InvariantCulture);
        // Continues on the receive loop: a hop to another thread would be the tool's time, not the target's.
        var answer = new TaskCompletionSource<WireAnswer>();
        _calls[id] = answer;
        await SendAsync(Encoding.UTF8.GetBytes($$$"""{"type":"req","id":"{{{id}}}","method":"{{{method}}}","params":{{{parameters}}}}"""));
        return await answer.Task.WaitAsync(CallLimit);
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> utf8) => _socket.SendAsync(utf8, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    /// <summary>From here on messages gather until <see cref="ReleaseAsync"/>; false sends each at once again.</summary>
    public async Task GatherAsync(bool on)
    {
        if (!on) await _stream.ReleaseAsync();
        _stream.Gathers = on;
    }

    public Task ReleaseAsync() => _stream.ReleaseAsync();

    public async ValueTask DisposeAsync()
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            if (_socket.State == WebSocketState.Open) await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token);
            await _receiving.WaitAsync(limit.Token);
        }
        catch (Exception gone) when (gone is OperationCanceledException or WebSocketException or IOException)
        {
            // It is to be closed, and it is.
            _socket.Abort();
        }

        _socket.Dispose();
        await _stream.DisposeAsync();
    }

    private async Task HandshakeAsync()
    {
        WireAnswer challenge = await CallAsync("mesh.challenge");
        string? nonce = challenge.Ok ? DiallerHandshake.NonceOf(challenge.Payload) : null;
        if (nonce is null) throw new WireRefusedException($"mesh.challenge was refused: {challenge.Code}");
        WireAnswer answer = await CallAsync("mesh.connect", Proof(nonce, "dialler", w =>
        {
            w.WriteNumber("version", 2);
            w.WriteString("clientNonce", _nonce);
        }));
        if (!answer.Ok) throw new WireRefusedException($"mesh.connect was refused: {answer.Code}. Trust {_self.Name} there (`wire --identities --trust STATE_DIR`) and give the right --mesh-name.");
        Verify(answer.Payload, _nonce);
    }

    private void Verify(JsonElement payload, string nonce)
    {
        HandshakeMembers members = HandshakeMembers.Read(payload) ?? throw new WireRefusedException("the other end sent no proof of who it is");
        byte[]? text = HandshakeText.Build(new Core.Identity.NodeId(members.DeviceId), members.SignedAtMs, nonce, members.MeshId ?? "", members.Role ?? "");
        if (members.Nonce != nonce || DeviceIds.Of(members.Key).Value != members.DeviceId || text is null || !Verifier.Verify(members.Key, text, members.Signature))
            throw new WireRefusedException("the proof of the other end does not verify");
        PeerIsEdge = payload.TryGetProperty("ext", out _);
        PeerId = members.DeviceId;
    }

    private string Proof(string nonce, string role, Action<Utf8JsonWriter> more)
    {
        long signedAtMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        byte[] text = HandshakeText.Build(_self.DeviceId, signedAtMs, nonce, _mesh.MeshId, "sensor")!;
        return Json(w =>
        {
            more(w);
            w.WriteString("deviceId", _self.DeviceId.Value);
            w.WriteString("publicKey", _self.PublicKey);
            w.WriteString("signature", Base64Url.EncodeToString(_self.Signer.Sign(text)));
            w.WriteNumber("signedAtMs", signedAtMs);
            w.WriteString("nonce", nonce);
            w.WriteString("displayName", _self.Name);
            w.WriteString("meshId", _mesh.MeshId);
            w.WriteString("role", "sensor");
            if (_mesh.Edge) EdgeExtension.Write(w, _self.Signer, role, nonce, EdgeFeatures.Ours);
        });
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[1 << 20];
        int filled = 0;
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult part = await _socket.ReceiveAsync(buffer.AsMemory(filled), CancellationToken.None);
                long at = Stopwatch.GetTimestamp();
                if (part.MessageType == WebSocketMessageType.Close) break;
                filled += part.Count;
                if (!part.EndOfMessage) continue;
                using (JsonDocument message = JsonDocument.Parse(buffer.AsMemory(0, filled))) await HeardAsync(message.RootElement, at);
                filled = 0;
            }

            if (_socket.State == WebSocketState.CloseReceived) await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
        catch (Exception ended) when (ended is WebSocketException or IOException or ObjectDisposedException or OperationCanceledException
            or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // Gone, or a message that nobody understands; the calls that wait learn of it below.
            _socket.Abort();
        }

        foreach (TaskCompletionSource<WireAnswer> call in _calls.Values) call.TrySetException(new IOException($"the connection ended: {_socket.CloseStatusDescription ?? _socket.State.ToString()}"));
    }

    private async Task HeardAsync(JsonElement message, long at)
    {
        switch (message.GetProperty("type").GetString())
        {
            case "res" when _calls.TryRemove(message.GetProperty("id").GetString()!, out TaskCompletionSource<WireAnswer>? call):
                bool ok = message.GetProperty("ok").GetBoolean();
                call.TrySetResult(new WireAnswer(ok, message.TryGetProperty(ok ? "payload" : "error", out JsonElement body) ? body.Clone() : default));
                break;
            case "event" when message.GetProperty("event").ValueEquals("context.frame"):
                FrameHeard?.Invoke(message.GetProperty("payload"), at);
                break;
            case "req":
                await AnswerAsync(message.GetProperty("id").GetString()!, message.GetProperty("method").GetString()!, message.TryGetProperty("params", out JsonElement p) ? p : default);
                break;
        }
    }

    // What a peer is asked: the handshake of a target that dialled, its catch-up, its probes.
    private async Task AnswerAsync(string id, string method, JsonElement p)
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        string? payload = method switch
        {
            "mesh.challenge" => $$"""{"nonce":"{{_nonce}}"}""",
            "mesh.connect" => Connect(p),
            "context.sync" => $$"""{"frames":[],"peerTimestamp":{{now}},"totalAvailable":0}""",
            "mesh.ping" => $$"""{"t":{{Number(p, "t")}},"n":{{Number(p, "n")}},"now":{{now}}}""",
            "mesh.health" => $$"""{"status":"healthy","nodeId":"{{_self.DeviceId.Value[..16]}}..."}""",
            _ => null,
        };
        string idText = JsonSerializer.Serialize(id);
        string answer = payload is null
            ? $$$"""{"type":"res","id":{{{idText}}},"ok":false,"error":{"code":"UNKNOWN_METHOD","message":"UNKNOWN_METHOD: the load tool does not answer this"}}"""
            : $$$"""{"type":"res","id":{{{idText}}},"ok":true,"payload":{{{payload}}}}""";
        await SendAsync(Encoding.UTF8.GetBytes(answer));
        if (method == "mesh.connect" && PeerId.Length > 0) _accepted.TrySetResult();
    }

    private string? Connect(JsonElement p)
    {
        if (p.ValueKind != JsonValueKind.Object || !p.TryGetProperty("clientNonce", out JsonElement clientNonce)) return null;
        try
        {
            Verify(p, _nonce);
        }
        catch (WireRefusedException refused)
        {
            Console.Error.WriteLine($"wire: a dial was refused: {refused.Message}");
            return null;
        }

        return Proof(clientNonce.GetString()!, "acceptor", _ => { });
    }

    private static string Number(JsonElement p, string name) =>
        p.ValueKind == JsonValueKind.Object && p.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetRawText() : "0";

    private static string NewNonce() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));

    private static string Json(Action<Utf8JsonWriter> members)
    {
        using var buffer = new MemoryStream();
        using (var w = new Utf8JsonWriter(buffer))
        {
            w.WriteStartObject();
            members(w);
            w.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}

/// <summary>The target would not speak with the tool, or is not who it says.</summary>
internal sealed class WireRefusedException(string message) : Exception(message);
