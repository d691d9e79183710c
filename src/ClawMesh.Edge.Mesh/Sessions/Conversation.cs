using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Mesh.Dialling;
using ClawMesh.Edge.Mesh.Envelope;
using ClawMesh.Edge.Mesh.Gossip;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Operators;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.Mesh.Sessions;

/// <summary>
/// One connection from its first message to its last: checks each message, runs the handshake, sorts requests, answers and events to
/// those who deal with them. What a message may do depends only on what was proved on this connection ([X-69]).
/// </summary>
#pragma warning disable CA1001 // Its token source has neither a timer nor a wait handle; a method that still runs may look at the token when the connection is gone.
internal sealed class Conversation : ILinkUser, IRpcEvents
#pragma warning restore CA1001
{
    // Requests of one peer that are being answered at the same time; an actuation may take its time, and a peer may not queue without end.
    private const int MaxAnswering = 32;

    // Events beside an answer must not take the room that alarms and answers need in the queue of 1 MiB.
    private const int MaxEventBytes = SendQueue.MaxMessageBytes * 15 / 16;

    private static readonly TimeSpan AgainstDirection = TimeSpan.FromSeconds(5);

    private readonly MeshNode _mesh;
    private readonly WireScan _scan = new();
    private readonly FrameCheck _check = new();
    private readonly AcceptorHandshake _acceptor;
    private readonly DiallerHandshake? _dialler;
    private readonly TokenBucket _inbound;
    private readonly OperatorDoor _operator;
    private readonly Pacer _unauthenticated;
    private readonly CancellationTokenSource _gone = new();
    private int _answering;
    private string _stepId = "";
    private long _stepBegan;
    private bool _challenged;
    private bool _subscribed;

    public Conversation(MeshNode mesh, ILink link, StaticDial? dial)
    {
        (_mesh, Link, Dial) = (mesh, link, dial);
        Calls = new PendingCalls(mesh.Time, mesh.Options.Inline);
        OpenedAt = _stepBegan = LastEventSent = mesh.Time.GetTimestamp();
        _unauthenticated = new Pacer(mesh.Time);
        _unauthenticated.SetPace(new Pace(mesh.Options.UnauthenticatedPerMinute, 0, 0));
        _acceptor = new AcceptorHandshake(mesh.Handshake);
        _inbound = new TokenBucket(mesh.Time, mesh.Options.InboundPerSecond, mesh.Options.InboundBurst);
        _operator = new OperatorDoor(mesh.Operators, link.Facts, mesh.Self, mesh.Time, mesh.Handshake.NewNonce);
        if (dial is not null) _dialler = new DiallerHandshake(mesh.Handshake, dial.Peer.DeviceId);
    }

    public ILink Link { get; }

    /// <summary>The dial this connection came from; null when it was accepted.</summary>
    public StaticDial? Dial { get; }

    public PendingCalls Calls { get; }

    /// <summary>Set once the handshake is complete.</summary>
    public Session? Session { get; set; }

    /// <summary>Receives page events ([W-127]), as long as it may read.</summary>
    public bool Subscribed => _subscribed && MayRead(Caller());

    public long OpenedAt { get; }

    /// <summary>When an event was queued last ([W-150]).</summary>
    public long LastEventSent { get; private set; }

    /// <summary>What ended the conversation from this side; null while it lasts or when the other end left.</summary>
    public string? ClosedBecause { get; private set; }

    /// <summary>Begins the dialler's half. The acceptor waits.</summary>
    public void Begin()
    {
        if (_dialler is null) return;
        _stepId = _mesh.NewId().ToString("D");
        Send(MessageClass.Control, Messages.Request(_stepId, "mesh.challenge", null));
    }

    public void Receive(ReadOnlyMemory<byte> utf8)
    {
        ReadOnlySpan<byte> message = utf8.Span;
        _mesh.Counters.Add(MeshCounter.InboundMessages);
        Session? session = Session;
        if (session is null && _operator.Tier is null && !_unauthenticated.TrySend(MessageClass.Control, out _))
        {
            Close(1013, "too many messages without a session");
            return;
        }

        bool limited = session is not null && !_inbound.TryTake();
        switch (_scan.Message(message))
        {
            case WireKind.Event when limited:
                _mesh.Counters.Add(MeshCounter.RateLimited);
                break;
            case WireKind.Event:
                Heard(session, message);
                break;
            case WireKind.Request when limited:
                _mesh.Counters.Add(MeshCounter.RateLimited);
                Send(MessageClass.Control, Messages.Error(WireScan.Text(message, _scan[Member.Id]), GateCodes.RateLimited, $"more than {_mesh.Options.InboundPerSecond:0} messages a second"));
                break;
            case WireKind.Request:
                Asked(message);
                break;
            case WireKind.Response:
                Answered(session, message);
                break;
            default:
                _mesh.Counters.Add(_scan.Fault switch
                {
                    WireFault.InvalidJson => MeshCounter.InvalidJson,
                    WireFault.MissingType => MeshCounter.MissingType,
                    _ => MeshCounter.InvalidType,
                });
                break;
        }
    }

    public void Ended(int status, string reason)
    {
        Calls.Close();
        _ = _gone.CancelAsync();
        _mesh.Ended(this, status, reason);
    }

    public bool Send(MessageClass messageClass, byte[] message, string? key = null)
    {
        bool taken = Link.Queue.TryAdd(new OutboundMessage(messageClass, message, key));
        if (taken) _mesh.Counters.Add(MeshCounter.OutboundMessages);
        return taken;
    }

    public void SendEvent(MessageClass messageClass, byte[] message, string? key = null)
    {
        if (Send(messageClass, message, key)) LastEventSent = _mesh.Time.GetTimestamp();
    }

    CancellationToken IRpcEvents.Ended => _gone.Token;

    long IRpcEvents.WaitingBytes => Link.Queue.Bytes;

    // In the class of the answer, which must not overtake it, and never pushed out.
    ValueTask<bool> IRpcEvents.SendAsync(string name, Action<Utf8JsonWriter> payload, CancellationToken cancellationToken)
    {
        byte[] message = Messages.Event(name, payload);
        if (Link.Queue.UrgentBytes + message.Length > MaxEventBytes || !Send(MessageClass.Control, message)) return ValueTask.FromResult(false);
        LastEventSent = _mesh.Time.GetTimestamp();
        return ValueTask.FromResult(true);
    }

    /// <summary>Asks the peer; a failure is a result, never an exception ([W-67]).</summary>
    public Task<CallResult> CallAsync(string method, Action<Utf8JsonWriter>? parameters, TimeSpan limit)
    {
        string id = _mesh.NewId().ToString("D");
        // A classic node does not answer on a socket that it dialled; it is not waited for long ([W-149]).
        if (!Link.Facts.Dialled && Session is { Facts.IsEdge: false } && limit > AgainstDirection) limit = AgainstDirection;
        Task<CallResult> answer = Calls.Add(id, method, limit);
        if (answer.IsCompleted) return answer;
        if (!Send(MessageClass.Control, Messages.Request(id, method, parameters)))
            Calls.TryComplete(id, CallResult.Failed(CallErrorCodes.SendFailed, "the send queue of this peer is full or closed"));
        return answer;
    }

    public void Close(int status, string reason)
    {
        ClosedBecause ??= reason;
        Link.Close(status, reason);
    }

    /// <summary>Looks at the time limits of a connection without a session ([W-15]); a pairing has its own, the window ([X-53]).</summary>
    public void CheckHandshakeTime()
    {
        if (Session is not null || _operator.Tier is not null || _mesh.Pairing?.Holds(this) == true) return;
        if (_dialler is not null)
        {
            if (_mesh.Time.GetElapsedTime(_stepBegan) >= _mesh.Options.HandshakeLimit) Close(1008, _challenged ? DialRefusals.ConnectRejected : DialRefusals.ChallengeFailed);
        }
        else if (!HasAllowance && _mesh.Time.GetElapsedTime(OpenedAt) >= _mesh.Options.HandshakeLimit)
        {
            Close(1008, "no session in time");
        }
    }

    private bool HasAllowance => Link.Facts is { OnLoopback: true, Dialled: false } && _mesh.Options.LoopbackReadOnly != "none";

    /// <summary>Who speaks here, as far as it was proved.</summary>
    public RpcCaller Caller()
    {
        Session? session = Session;
        RpcTier tier = _operator.Tier ?? (session is not null ? RpcTier.Peer : HasAllowance ? RpcTier.Loopback : RpcTier.Stranger);
        return new RpcCaller(tier, tier switch
        {
            RpcTier.Operator => "operator:token",
            RpcTier.Peer => session!.DeviceId.Abbreviated,
            RpcTier.Loopback => "loopback",
            _ => "stranger",
        })
        {
            Device = session?.DeviceId,
            Grants = session is null ? PeerGrants.Default : _mesh.GrantsOf(session.DeviceId),
            OnLoopback = Link.Facts.OnLoopback,
            Encrypted = Link.Facts.Encrypted,
            Connection = this,
            Events = this,
        };
    }

    private void Heard(Session? session, ReadOnlySpan<byte> message)
    {
        if (session is null)
        {
            _mesh.Counters.Add(MeshCounter.Unauthenticated);
            return;
        }

        if (WireScan.Is(message, _scan.Name, "context.frame"u8))
        {
            MeshFrame? frame = _check.Check(message, _scan, out FrameFault fault);
            _mesh.Gossip.Heard(session, frame, fault);
            return;
        }

        string name = WireScan.Text(message, _scan.Name);
        if (name is "peer.leaving" or "peer.down" or "planner.proposal" or "planner.proposal.resolved")
        {
            if (_scan.Body.Type != JsonTokenType.StartObject)
            {
                _mesh.Counters.Add(MeshCounter.InvalidType);
                return;
            }

            using JsonDocument payload = JsonDocument.Parse(_scan.Body.Of(message).ToArray());
            _mesh.Heard(session, name, payload.RootElement);
        }
    }

    private void Answered(Session? session, ReadOnlySpan<byte> message)
    {
        string id = WireScan.Text(message, _scan[Member.Id]);
        bool ok = _scan[Member.Ok].Type == JsonTokenType.True;
        if (session is null)
        {
            if (_dialler is not null && id == _stepId) DiallerStep(ok, WireScan.Element(message, _scan.Body));
            else _mesh.Counters.Add(MeshCounter.LateResponses);
            return;
        }

        CallResult result;
        if (ok)
        {
            result = new CallResult(true, WireScan.Element(message, _scan.Body), GateCodes.Ok, "");
        }
        else
        {
            JsonElement error = WireScan.Element(message, _scan[Member.Error]);
            result = new CallResult(false, error, RpcParams.TextOrNull(error, "code") ?? GateCodes.InternalError, RpcParams.TextOrNull(error, "message") ?? "");
        }

        if (!Calls.TryComplete(id, result)) _mesh.Counters.Add(MeshCounter.LateResponses);
    }

    private void DiallerStep(bool ok, JsonElement payload)
    {
        if (ClosedBecause is not null) return;
        _stepId = "";
        _stepBegan = _mesh.Time.GetTimestamp();
        if (!_challenged)
        {
            if (!ok || DiallerHandshake.NonceOf(payload) is not { } nonce)
            {
                Refuse(DialRefusals.ChallengeFailed);
                return;
            }

            _challenged = true;
            _stepId = _mesh.NewId().ToString("D");
            Send(MessageClass.Control, Messages.Request(_stepId, "mesh.connect", w => _dialler!.WriteConnect(w, nonce)));
            return;
        }

        if (!ok)
        {
            Refuse(DialRefusals.ConnectRejected);
            return;
        }

        (PeerFacts? peer, string? reason) = _dialler!.Verify(payload);
        if (reason == DialRefusals.MeshIdMismatch) _mesh.MetMesh(payload);
        if (peer is null) Refuse(reason!);
        else _mesh.Register(this, peer);
    }

    private void Refuse(string reason)
    {
        _mesh.Counters.Add(MeshCounter.HandshakeFailures);
        Close(1008, reason);
    }

    private void Asked(ReadOnlySpan<byte> message)
    {
        // Before the other end of our own dial has proved who it is, nothing it asks is heard ([W-59]).
        if (_dialler is not null && Session is null)
        {
            _mesh.Counters.Add(MeshCounter.Unauthenticated);
            return;
        }

        string id = WireScan.Text(message, _scan[Member.Id]);
        if (id.Length > 128)
        {
            _mesh.Counters.Add(MeshCounter.InvalidType);
            return;
        }

        string method = WireScan.Text(message, _scan.Name);
        JsonElement parameters = _scan.Body.Type == JsonTokenType.StartObject ? WireScan.Element(message, _scan.Body) : default;
        switch (method)
        {
            case "mesh.challenge":
                Send(MessageClass.Control, Messages.Result(id, w => w.WriteString("nonce", _acceptor.Challenge())));
                break;
            case "mesh.connect":
                Connect(id, parameters);
                break;
            case "operator.challenge" or "operator.auth":
                Send(MessageClass.Control, _operator.Answer(id, method, parameters, _mesh.Events));
                break;
            case "chat.subscribe" when MayRead(Caller()):
                _subscribed = true;
                Send(MessageClass.Control, Messages.Result(id, w => w.WriteBoolean("subscribed", true)));
                break;
            default:
                _ = AnswerAsync(id, method, parameters);
                break;
        }
    }

    private bool MayRead(RpcCaller caller) => caller.Tier >= RpcTier.Peer || (caller.Tier == RpcTier.Loopback && _mesh.Options.LoopbackReadOnly == "read");

    private void Connect(string id, JsonElement parameters)
    {
        (PeerFacts? peer, string clientNonce, HandshakeFault? fault) = _acceptor.Connect(parameters);
        if (fault is null && Session is { } session && session.DeviceId != peer!.DeviceId)
            fault = new HandshakeFault(GateCodes.InvalidParams, "this connection belongs to another device already");
        if (fault is not null)
        {
            _mesh.HandshakeRefused(this, parameters, fault);
            Send(MessageClass.Control, Messages.Error(id, fault.Code, fault.Message));
            if (_acceptor.Failures >= 3 && Session is null) Close(1008, "three handshakes failed");
            return;
        }

        // The answer is queued before the first frame can be. A second handshake on a living session proves nothing new and begins nothing.
        Send(MessageClass.Control, Messages.Result(id, w => _acceptor.WriteResult(w, clientNonce)));
        if (Session is null) _mesh.Register(this, peer!);
    }

    private async Task AnswerAsync(string id, string method, JsonElement parameters)
    {
        if (Interlocked.Increment(ref _answering) > MaxAnswering)
        {
            Interlocked.Decrement(ref _answering);
            Send(MessageClass.Control, Messages.Error(id, GateCodes.Busy, $"{MaxAnswering} requests of this connection are being answered already"));
            return;
        }

        try
        {
            byte[] answer = await _mesh.Rpc.AnswerAsync(id, method, parameters, Caller(), _mesh.Stopping);
            // Whatever was asked for, a request is answered, and no message of ours is longer than a peer takes ([W-9], [W-65]).
            if (answer.Length > WebSocketLink.MaxMessageBytes) answer = Messages.Error(id, GateCodes.InternalError, $"the answer would have {answer.Length} bytes; ask for less");
            Send(MessageClass.Control, answer);
        }
        catch (OperationCanceledException)
        {
            // The node stops; the connection ends with it.
            return;
        }
        finally
        {
            Interlocked.Decrement(ref _answering);
        }
    }
}
