using System.Buffers.Text;
using System.Net;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.Mesh.Transport;

namespace ClawMesh.Edge.TestKit.Mesh;

/// <summary>
/// A classic node as far as a link shows it: a handshake without <c>ext</c>, the direction table of [W-147], the inbound limit of
/// [W-152] and the 90 s of [W-150]. Also serves as a stranger, when it dials without a handshake.
/// </summary>
public sealed class ClassicStandIn : ISimulatedEnd
{
    public ClassicStandIn(SimulatedNetwork network, string name, ISigner signer, string role = "node", string meshId = "mesh", params IReadOnlyList<string> capabilities)
    {
        (Network, Name, Signer, Role, MeshId, Capabilities) = (network, name, signer, role, meshId, capabilities);
        PublicKey = Base64Url.EncodeToString(signer.PublicKey.Span);
        network.Add(this);
    }

    public string Name { get; }

    public NodeId DeviceId => Signer.DeviceId;

    public string PublicKey { get; }

    public string Role { get; }

    public string MeshId { get; }

    public IReadOnlyList<string> Capabilities { get; }

    /// <summary>Every connection there ever was, oldest first.</summary>
    public List<ClassicLink> Links { get; } = [];

    /// <summary>
    /// Answers by method, for connections this end accepted: the payload as JSON, an error object's JSON when it begins with
    /// <c>!</c>, or null for no answer at all. Without an entry the answer is <c>UNKNOWN_METHOD</c>.
    /// </summary>
    public Dictionary<string, Func<JsonElement, string?>> Answers { get; } = new(StringComparer.Ordinal)
    {
        ["mesh.health"] = _ => """{"status":"healthy"}""",
        ["context.sync"] = _ => """{"frames":[],"peerTimestamp":0,"totalAvailable":0}""",
    };

    /// <summary>Messages thrown away without a word, because more than 100 came within 60 s on a connection this end accepted.</summary>
    public int Discarded { get; internal set; }

    internal SimulatedNetwork Network { get; }

    internal ISigner Signer { get; }

    public ILinkUser Open(SimulatedLink link)
    {
        var accepted = new ClassicLink(this, handshake: true) { Link = link };
        Links.Add(accepted);
        return accepted;
    }

    /// <summary>Opens a connection and begins the handshake, unless this end is to stay a stranger.</summary>
    /// <param name="from">Where the acceptor sees it come from; loopback when absent.</param>
    public ClassicLink Dial(ISimulatedEnd to, bool handshake = true, IPAddress? from = null)
    {
        var dialled = new ClassicLink(this, handshake);
        Links.Add(dialled);
        Network.Dial(Name, to, link =>
        {
            dialled.Link = link;
            return dialled;
        }, from);
        dialled.Begin();
        return dialled;
    }

    public void Tick()
    {
        foreach (ClassicLink link in Links) link.LookAtSilence();
    }
}

/// <summary>A message as it came.</summary>
/// <param name="Name">The method or event; the id of a response.</param>
/// <param name="Body">The whole message.</param>
public sealed record HeardMessage(TimeSpan At, string Type, string Name, JsonElement Body)
{
    /// <summary><c>params</c> or <c>payload</c>.</summary>
    public JsonElement Payload => Body.TryGetProperty(Type == "req" ? "params" : "payload", out JsonElement payload) ? payload : default;
}

/// <summary>One connection of a <see cref="ClassicStandIn"/>.</summary>
public sealed class ClassicLink(ClassicStandIn owner, bool handshake) : ILinkUser
{
    private const int MaxInMinute = 100;

    private static readonly TimeSpan Minute = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(30);

    private readonly Queue<TimeSpan> _came = new();
    private readonly Dictionary<string, JsonElement> _results = new(StringComparer.Ordinal);
    private readonly string _nonce = $"nonce-{owner.Network.Chance.NextInt64():x16}";
    private TimeSpan _lastEvent = owner.Network.Now;
    private TimeSpan _lookAt = owner.Network.Now + LookEvery;
    private int _asked;

    public SimulatedLink Link { get; internal set; } = null!;

    public bool Dialled => Link.Facts.Dialled;

    /// <summary>The handshake is complete.</summary>
    public bool Connected { get; private set; }

    /// <summary>Everything that came and was not discarded, oldest first.</summary>
    public List<HeardMessage> Heard { get; } = [];

    public (int Status, string Reason)? End { get; private set; }

    /// <summary>This end gave up for want of events ([W-150]).</summary>
    public bool GaveUp { get; private set; }

    /// <summary>Events of one name.</summary>
    public IReadOnlyList<HeardMessage> Events(string name) => Heard.FindAll(h => h.Type == "event" && h.Name == name);

    /// <summary>Ids of the frames that came, each as often as it came.</summary>
    public IReadOnlyList<string> Frames => [.. Events("context.frame").Select(h => h.Payload.GetProperty("frameId").GetString()!)];

    public IReadOnlyList<HeardMessage> Requests => Heard.FindAll(h => h.Type == "req");

    /// <summary>Sends a request; its id.</summary>
    public string Ask(string method, string parameters = "{}", string? id = null)
    {
        id ??= $"ask-{++_asked}";
        Send($$"""{"type":"req","id":"{{id}}","method":"{{method}}","params":{{parameters}}}""");
        return id;
    }

    /// <summary>The response to a request; null until it came.</summary>
    public JsonElement? ResultOf(string id) => _results.TryGetValue(id, out JsonElement result) ? result : null;

    public void Tell(string name, string payload) => Send($$"""{"type":"event","event":"{{name}}","payload":{{payload}}}""");

    public void Send(string text) => Link.Queue.TryAdd(new OutboundMessage(MessageClass.Control, Encoding.UTF8.GetBytes(text)));

    public void Receive(ReadOnlyMemory<byte> utf8)
    {
        if (!Dialled && !WithinMinute())
        {
            owner.Discarded++;
            return;
        }

        using JsonDocument document = JsonDocument.Parse(utf8);
        JsonElement body = document.RootElement.Clone();
        string type = body.GetProperty("type").GetString()!;
        string name = body.GetProperty(type switch { "req" => "method", "event" => "event", _ => "id" }).GetString()!;
        var heard = new HeardMessage(owner.Network.Now, type, name, body);
        Heard.Add(heard);
        switch (type)
        {
            case "req":
                // A classic dialler answers nothing ([W-147]).
                if (!Dialled) Answer(heard, body.GetProperty("id").GetString()!);
                break;
            case "res":
                Answered(name, body);
                break;
            default:
                _lastEvent = owner.Network.Now;
                break;
        }
    }

    public void Ended(int status, string reason) => End = (status, reason);

    internal void Begin()
    {
        if (handshake) Ask("mesh.challenge", "{}", "challenge");
    }

    internal void LookAtSilence()
    {
        if (End is not null || !Dialled || !Connected || owner.Network.Now < _lookAt) return;
        _lookAt = owner.Network.Now + LookEvery;
        if (owner.Network.Now - _lastEvent <= Silence) return;
        GaveUp = true;
        Link.Close(1006, "");
    }

    private void Answer(HeardMessage request, string id)
    {
        switch (request.Name)
        {
            case "mesh.challenge":
                Result(id, $$"""{"nonce":"{{_nonce}}"}""");
                return;
            case "mesh.connect":
                Connected = true;
                Result(id, Proof(request.Payload.GetProperty("clientNonce").GetString()!, ""));
                return;
        }

        if (!owner.Answers.TryGetValue(request.Name, out Func<JsonElement, string?>? answer))
        {
            Failure(id, $$"""{"code":"UNKNOWN_METHOD","message":"unknown method: {{request.Name}}"}""");
            return;
        }

        string? payload = answer(request.Payload);
        if (payload is null) return;
        if (payload.StartsWith('!')) Failure(id, payload[1..]);
        else Result(id, payload);
    }

    private void Answered(string id, JsonElement body)
    {
        _results[id] = body;
        bool ok = body.GetProperty("ok").GetBoolean();
        if (!handshake || !ok) return;
        if (id == "challenge") Ask("mesh.connect", Proof(body.GetProperty("payload").GetProperty("nonce").GetString()!, $$""","version":2,"clientNonce":"client-{{owner.Network.Chance.NextInt64():x16}}" """), "connect");
        if (id == "connect") Connected = true;
    }

    private string Proof(string nonce, string more)
    {
        long now = owner.Network.Time.GetUtcNow().ToUnixTimeMilliseconds();
        byte[] text = HandshakeText.Build(owner.DeviceId, now, nonce, owner.MeshId, owner.Role)!;
        string capabilities = string.Join(',', owner.Capabilities.Select(c => $"\"{c}\""));
        return $$"""
            {"deviceId":"{{owner.DeviceId.Value}}","publicKey":"{{owner.PublicKey}}","signature":"{{Base64Url.EncodeToString(owner.Signer.Sign(text))}}","signedAtMs":{{now}},"nonce":"{{nonce}}","displayName":"{{owner.Name}}","capabilities":[{{capabilities}}],"meshId":"{{owner.MeshId}}","role":"{{owner.Role}}"{{more}}}
            """;
    }

    private void Result(string id, string payload) => Send($$"""{"type":"res","id":"{{id}}","ok":true,"payload":{{payload}}}""");

    private void Failure(string id, string error) => Send($$"""{"type":"res","id":"{{id}}","ok":false,"error":{{error}}}""");

    private bool WithinMinute()
    {
        while (_came.TryPeek(out TimeSpan at) && owner.Network.Now - at >= Minute) _came.Dequeue();
        if (_came.Count >= MaxInMinute) return false;
        _came.Enqueue(owner.Network.Now);
        return true;
    }
}
