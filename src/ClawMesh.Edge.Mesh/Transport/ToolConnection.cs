using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh.Envelope;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Operators;
using ClawMesh.Edge.Mesh.Pairing;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Sessions;

namespace ClawMesh.Edge.Mesh.Transport;

/// <summary>
/// A program's connection to a node's port: asks and hears answers, nothing else. It may authenticate as an operator ([X-65]) or, with
/// the node's own key, as a peer. One caller at a time.
/// </summary>
public sealed class ToolConnection : ILinkUser, IPairingLine
{
    private static readonly TimeSpan StepLimit = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly IAsyncDisposable? _owned;
    private readonly WireScan _scan = new();
    private readonly PendingCalls _calls;
    private readonly Func<Guid> _newId;
    private readonly TaskCompletionSource _ended;
    private ILink _link = null!;

    private ToolConnection(IAsyncDisposable? owned, TimeProvider time, Func<Guid> newId, bool inline)
    {
        (_owned, _time, _newId, _calls) = (owned, time, newId, new PendingCalls(time, inline));
        _ended = new TaskCompletionSource(inline ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public LinkFacts Facts => _link.Facts;

    /// <inheritdoc/>
    public Task Gone => _ended.Task;

    /// <summary>Opens a connection by a dialler of its own, which ends with it.</summary>
    /// <exception cref="EdgeException"><c>mesh.dial_failed</c>, <c>TLS_PIN_MISMATCH</c>.</exception>
    public static Task<ToolConnection> OpenAsync(StaticPeer peer, MeshDialler dialler, TimeProvider time, Func<Guid> newId, CancellationToken cancellationToken) =>
        OpenAsync(peer, dialler, new ToolConnection(dialler, time, newId, inline: false), cancellationToken);

    /// <summary>Opens a connection by a dialler of others, such as the node's own.</summary>
    /// <param name="inline">Answers continue on the receive loop; only for a simulator that owns every thread.</param>
    /// <exception cref="EdgeException">As for the other.</exception>
    public static Task<ToolConnection> OpenAsync(StaticPeer peer, IDialler dialler, TimeProvider time, Func<Guid> newId, bool inline, CancellationToken cancellationToken) =>
        OpenAsync(peer, dialler, new ToolConnection(null, time, newId, inline), cancellationToken);

    private static async Task<ToolConnection> OpenAsync(StaticPeer peer, IDialler dialler, ToolConnection connection, CancellationToken cancellationToken)
    {
        await dialler.DialAsync(
            peer,
            link =>
            {
                connection._link = link;
                return connection;
            },
            cancellationToken);
        return connection;
    }

    /// <summary>Asks; a failure is a result, never an exception.</summary>
    public async Task<CallResult> CallAsync(string method, Action<Utf8JsonWriter>? parameters, TimeSpan limit, CancellationToken cancellationToken)
    {
        string id = _newId().ToString("D");
        Task<CallResult> answer = _calls.Add(id, method, limit);
        if (!answer.IsCompleted && !_link.Queue.TryAdd(new OutboundMessage(MessageClass.Control, Messages.Request(id, method, parameters))))
            _calls.TryComplete(id, CallResult.Failed(CallErrorCodes.SendFailed, "the connection is closing"));
        try
        {
            return await answer.WaitAsync(limit, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return CallResult.Failed(CallErrorCodes.Timeout, $"{method} had no answer within {limit.TotalSeconds:0.#} s");
        }
    }

    /// <summary>Proves to know the operator token. Null when it was accepted and the server knows it, too; otherwise why not.</summary>
    /// <param name="random">32 random bytes.</param>
    public async Task<string?> AuthenticateAsync(byte[] token, Func<byte[]> random, CancellationToken cancellationToken)
    {
        CallResult challenge = await CallAsync("operator.challenge", null, StepLimit, cancellationToken);
        if (!challenge.Ok) return challenge.Message;
        if (RpcParams.TextOrNull(challenge.Payload, "nonce") is not { } nonce || RpcParams.TextOrNull(challenge.Payload, "deviceId") is not { } id || !NodeId.IsWellFormed(id)) return "the node's challenge is not one";
        var server = new NodeId(id);
        byte[] binding = Facts.CertificateHash ?? [];
        string clientNonce = System.Buffers.Text.Base64Url.EncodeToString(random());
        CallResult verdict = await CallAsync(
            "operator.auth",
            w =>
            {
                w.WriteString("nonce", nonce);
                w.WriteString("clientNonce", clientNonce);
                w.WriteString("mac", OperatorProof.ClientMac(token, server, binding, nonce, clientNonce));
            },
            StepLimit, cancellationToken);
        if (!verdict.Ok) return verdict.Message;
        return OperatorProof.ServerMacMatches(RpcParams.TextOrNull(verdict.Payload, "mac") ?? "", token, server, binding, nonce, clientNonce) ? null : "the node does not know the token itself; it is not the node it seems";
    }

    /// <summary>The dialler's half of the handshake. Null when a session began; otherwise why not.</summary>
    public async Task<(PeerFacts? Peer, string Why)> HandshakeAsync(HandshakeContext context, NodeId wanted, CancellationToken cancellationToken)
    {
        var handshake = new DiallerHandshake(context, wanted);
        CallResult challenge = await CallAsync("mesh.challenge", null, StepLimit, cancellationToken);
        if (!challenge.Ok || DiallerHandshake.NonceOf(challenge.Payload) is not { } nonce) return (null, challenge.Ok ? DialRefusals.ChallengeFailed : challenge.Message);
        CallResult connect = await CallAsync("mesh.connect", w => handshake.WriteConnect(w, nonce), StepLimit, cancellationToken);
        if (!connect.Ok) return (null, connect.Message);
        (PeerFacts? peer, string? reason) = handshake.Verify(connect.Payload);
        if (peer is null) _link.Close(1008, reason!);
        return (peer, reason ?? "");
    }

    public void Receive(ReadOnlyMemory<byte> utf8)
    {
        ReadOnlySpan<byte> message = utf8.Span;
        if (_scan.Message(message) != WireKind.Response) return;
        bool ok = _scan[Member.Ok].Type == JsonTokenType.True;
        JsonElement body = WireScan.Element(message, ok ? _scan.Body : _scan[Member.Error]);
        string code = ok ? GateCodes.Ok : RpcParams.TextOrNull(body, "code") ?? GateCodes.InternalError;
        _calls.TryComplete(WireScan.Text(message, _scan[Member.Id]), new CallResult(ok, body, code, ok ? "" : RpcParams.TextOrNull(body, "message") ?? code));
    }

    public void Ended(int status, string reason)
    {
        _calls.Close();
        _ended.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        _link.Close(1000, "");
        await _ended.Task;
        if (_owned is not null) await _owned.DisposeAsync();
    }
}
