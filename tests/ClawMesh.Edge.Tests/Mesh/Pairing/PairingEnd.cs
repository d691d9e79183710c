using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Pairing;
using ClawMesh.Edge.Mesh.Peers;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.TestKit;

namespace ClawMesh.Edge.Tests.Mesh.Pairing;

/// <summary>One end of a pairing: a desk with a real key, and everything around it in memory. All of it runs on the test's thread.</summary>
internal sealed class PairingEnd
{
    public static readonly StaticPeer Somewhere = StaticPeer.Parse($"{new string('0', 64)}=ws://test:1", out _)!;

    private static readonly Ed25519Verifier Verifier = new();

    private readonly Random _random;

    public PairingEnd(string name, ManualTime time, string mesh = "mesh", SimpleMembership? membership = null)
    {
        Name = name;
        Signer = Key(name);
        Trust = new InMemoryTrustStore();
        Events = new EventLog(time);
        _random = new Random(BitConverter.ToInt32(SHA256.HashData(Encoding.UTF8.GetBytes(name))));
        Desk = new PairingDesk(new PairingWorld(
            () => new SelfFacts(Signer.DeviceId, PublicKey, membership?.MeshId ?? mesh, "field", Name, []), Signer, Verifier, Trust, membership, null, Events, time, NewNonce,
            (_, _) => Line is null ? throw new EdgeException("mesh.dial_failed", "Could not dial.", "Nobody answers.", "Look.", FailureClass.MeshPartition) : Task.FromResult(Line),
            new PairingPorts(StoreAsync, key => DeviceIds.IsSoundKey(key)), PairingDesk.LongestWindow, Inline: true, CancellationToken.None));
        Desk.Register(Rpc);
    }

    public string Name { get; set; }

    public Ed25519Signer Signer { get; }

    public string PublicKey => Base64Url.EncodeToString(Signer.PublicKey.Span);

    public InMemoryTrustStore Trust { get; }

    public EventLog Events { get; }

    public PairingDesk Desk { get; }

    public RpcDispatcher Rpc { get; } = new();

    /// <summary>The local connection of its person.</summary>
    public object Person { get; } = new();

    /// <summary>Where its dial leads.</summary>
    public IPairingLine? Line { get; set; }

    public List<PairedDevice> Stored { get; } = [];

    public bool FailStore { get; set; }

    /// <summary>While true, storing fails as nobody thought of.</summary>
    public bool StoreHasBug { get; set; }

    public PairingStatus Status => Desk.Status();

    public IReadOnlyList<EdgeEvent> Warnings => Events.Newest(EventLog.Capacity, e => e.Severity == EventSeverity.Warning);

    public static Ed25519Signer Key(string name) => Ed25519Signer.FromSeed(SHA256.HashData(Encoding.UTF8.GetBytes($"pairing {name}")));

    public void Accept(PeerGrants? offers = null, PeerGrants? wants = null) => Desk.Accept(Person, "operator:test", offers ?? PeerGrants.Default, wants ?? PeerGrants.Default);

    public void Dial(IPairingLine line, PeerGrants? offers = null, PeerGrants? wants = null, NodeId? expected = null)
    {
        Line = line;
        Desk.Dial(Person, "operator:test", offers ?? PeerGrants.Default, wants ?? PeerGrants.Default, Somewhere, expected);
    }

    public void Confirm(string? typed = null, bool wide = false) => Desk.ConfirmAsync(Person, typed, wide).GetAwaiter().GetResult();

    public void Cancel(bool differ = false) => Desk.Cancel(Person, differ);

    public byte[] NewNonce()
    {
        byte[] nonce = new byte[32];
        _random.NextBytes(nonce);
        return nonce;
    }

    private Task StoreAsync(PairedDevice paired)
    {
        if (StoreHasBug) throw new InvalidOperationException("a bug");
        if (FailStore) throw new EdgeException("storage.write_failed", "Could not store.", "The disk is full.", "None.", FailureClass.Storage);
        Stored.Add(paired);
        Trust.Add(paired.DeviceId, paired.PublicKey, paired.Grants, paired.DisplayName);
        return Task.CompletedTask;
    }
}

/// <summary>A connection to an end, through its dispatcher as from the network. What passes may be altered on the way.</summary>
internal sealed class PairingWire(PairingEnd to) : IPairingLine
{
    private readonly TaskCompletionSource _gone = new();

    /// <summary>Method and params on their way, or method and payload on the way back.</summary>
    public Func<string, JsonElement, JsonElement> Request { get; set; } = (_, p) => p;

    public Func<string, JsonElement, JsonElement> Answer { get; set; } = (_, p) => p;

    /// <summary>The method whose request is lost on the way; its answer never comes while the connection lasts.</summary>
    public string? Hold { get; set; }

    public List<(string Method, JsonElement Params, CallResult Result)> Seen { get; } = [];

    public Task Gone => _gone.Task;

    public async Task<CallResult> CallAsync(string method, Action<Utf8JsonWriter>? parameters, TimeSpan limit, CancellationToken cancellationToken)
    {
        JsonElement sent = Request(method, Element(w =>
        {
            w.WriteStartObject();
            parameters?.Invoke(w);
            w.WriteEndObject();
        }));
        if (method == Hold)
        {
            await _gone.Task;
            return CallResult.Failed(CallErrorCodes.PeerDisconnected, "gone");
        }

        CallResult result = await AskAsync(method, sent);
        if (result.Ok) result = result with { Payload = Answer(method, result.Payload) };
        Seen.Add((method, sent, result));
        return result;
    }

    public async Task<CallResult> AskAsync(string method, JsonElement parameters)
    {
        byte[] answer = await to.Rpc.AnswerAsync("1", method, parameters, new RpcCaller(RpcTier.Stranger, "stranger") { Connection = this }, CancellationToken.None);
        using JsonDocument document = JsonDocument.Parse(answer);
        JsonElement root = document.RootElement.Clone();
        return root.GetProperty("ok").GetBoolean()
            ? new CallResult(true, root.GetProperty("payload"), "OK", "")
            : new CallResult(false, root.GetProperty("error"), root.GetProperty("error").GetProperty("code").GetString()!, "");
    }

    /// <summary>Asks and has the code at once, or null while the answer is waited for.</summary>
    public string? Ask(string method, string parameters)
    {
        using JsonDocument document = JsonDocument.Parse(parameters);
        Task<CallResult> answer = AskAsync(method, document.RootElement.Clone());
        return answer.IsCompletedSuccessfully ? answer.Result.Code : null;
    }

    public void Break()
    {
        _gone.TrySetResult();
        to.Desk.LinkEnded(this);
    }

    public ValueTask DisposeAsync()
    {
        Break();
        return ValueTask.CompletedTask;
    }

    public static JsonElement Element(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) write(writer);
        using JsonDocument document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }

    /// <summary>The object with one member replaced, or taken away by null.</summary>
    public static JsonElement With(JsonElement message, string name, string? json) => Element(w =>
    {
        w.WriteStartObject();
        foreach (JsonProperty member in message.EnumerateObject())
        {
            if (member.Name != name) member.WriteTo(w);
        }

        if (json is not null)
        {
            w.WritePropertyName(name);
            w.WriteRawValue(json);
        }

        w.WriteEndObject();
    });
}
