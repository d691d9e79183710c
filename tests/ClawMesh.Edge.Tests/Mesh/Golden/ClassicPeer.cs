using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.Mesh;

namespace ClawMesh.Edge.Tests.Mesh.Golden;

/// <summary>The other end of a link, written out by hand: proves itself with a recorded key, or with whatever a test changes in its words.</summary>
internal sealed class ClassicPeer(string identity, TimeProvider time)
{
    private static int _ids;

    public Ed25519Signer Signer { get; } = Transcript.Signer(identity);

    public NodeId DeviceId => Signer.DeviceId;

    public string PublicKey => Base64Url.EncodeToString(Signer.PublicKey.Span);

    public string Role { get; init; } = "node";

    public IReadOnlyList<string> Capabilities { get; init; } = [];

    /// <summary>Features to advertise with a valid signature ([X-7]); none makes a classic peer.</summary>
    public IReadOnlyList<string> Features { get; init; } = [];

    /// <summary>The members that prove who speaks, signed over <paramref name="nonce"/> after <paramref name="change"/> had its way with them.</summary>
    /// <param name="afterSigning">Changes what is sent and not what is signed.</param>
    public JsonObject Proof(string nonce, string extRole, Action<JsonObject>? change = null, Action<JsonObject>? afterSigning = null)
    {
        var proof = new JsonObject
        {
            ["deviceId"] = DeviceId.Value,
            ["publicKey"] = PublicKey,
            ["signedAtMs"] = time.GetUtcNow().ToUnixTimeMilliseconds(),
            ["nonce"] = nonce,
            ["displayName"] = identity == "obs" ? "observer" : identity,
            ["capabilities"] = new JsonArray([.. Capabilities.Select(c => (JsonNode)c)]),
            ["meshId"] = Transcript.MeshId,
            ["role"] = Role,
        };
        change?.Invoke(proof);
        // Every value here is of characters that no encoding touches; the encoding has its own tests.
        string text = $"mesh.connect|v2|{proof["deviceId"]}|{proof["signedAtMs"]}|{nonce}|{proof["meshId"]}|{proof["role"]}";
        proof["signature"] = Base64Url.EncodeToString(Signer.Sign(Encoding.UTF8.GetBytes(text)));
        if (Features.Count > 0) proof["ext"] = Extension(extRole, nonce);
        afterSigning?.Invoke(proof);
        return proof;
    }

    public static string Request(string method, JsonNode? parameters = null, string? id = null) =>
        new JsonObject { ["type"] = "req", ["id"] = id ?? $"t{Interlocked.Increment(ref _ids)}", ["method"] = method, ["params"] = parameters ?? new JsonObject() }.ToJsonString();

    public static string Result(string id, JsonNode payload) => new JsonObject { ["type"] = "res", ["id"] = id, ["ok"] = true, ["payload"] = payload }.ToJsonString();

    /// <summary>Sends one request and returns the answer to it; what else was said is dropped.</summary>
    public static JsonElement? Ask(WireLink link, string request)
    {
        string id = JsonDocument.Parse(request).RootElement.GetProperty("id").GetString()!;
        link.Take();
        link.Feed(request);
        return link.Take().Select(t => JsonDocument.Parse(t).RootElement).Where(m => m.GetProperty("type").GetString() == "res" && m.GetProperty("id").GetString() == id).Select(m => (JsonElement?)m).SingleOrDefault();
    }

    public static string Challenge(WireLink link) => Ask(link, Request("mesh.challenge"))!.Value.GetProperty("payload").GetProperty("nonce").GetString()!;

    /// <summary>Runs the dialler's half; returns the answer to <c>mesh.connect</c>.</summary>
    public JsonElement? Connect(WireLink link, Action<JsonObject>? change = null, Action<JsonObject>? afterSigning = null, string? nonce = null)
    {
        JsonObject proof = Proof(nonce ?? Challenge(link), "dialler", change, p =>
        {
            p["clientNonce"] = "0e8460ce-89fc-4e8c-8800-3cd6403ab5f5";
            afterSigning?.Invoke(p);
        });
        return Ask(link, Request("mesh.connect", proof));
    }

    /// <summary>Dials the node and completes the handshake; nothing of it is left in the link.</summary>
    public WireLink Join(GoldenNode node) => Join(node.Mesh, node.Time);

    public WireLink Join(MeshNode mesh, TimeProvider clock)
    {
        var link = new WireLink(clock, dialled: false);
        link.User = mesh.Open(link);
        JsonElement? answer = Connect(link);
        Assert.True(answer?.GetProperty("ok").GetBoolean(), answer?.ToString());
        link.Take();
        return link;
    }

    /// <summary>Answers the handshake of a node that dialled us, and its first <c>context.sync</c> with nothing.</summary>
    public void Welcome(WireLink link)
    {
        Answer(link, "mesh.challenge", _ => new JsonObject { ["nonce"] = "MmGSgc6ieNprRyUI_gGDN9yg6rMMnD09" });
        Answer(link, "mesh.connect", p => Proof(p.GetProperty("clientNonce").GetString()!, "acceptor"));
        Answer(link, "context.sync", _ => new JsonObject { ["frames"] = new JsonArray(), ["peerTimestamp"] = 1, ["totalAvailable"] = 0 });
    }

    /// <summary>Answers the request that the node must have sent last.</summary>
    public static void Answer(WireLink link, string method, Func<JsonElement, JsonNode> payload)
    {
        // The node may tell a frame of a sensor in the same moment.
        JsonElement request = Assert.Single(link.Take().Select(t => JsonDocument.Parse(t).RootElement), m => m.GetProperty("type").GetString() == "req");
        Assert.Equal(method, request.GetProperty("method").GetString());
        link.Feed(Result(request.GetProperty("id").GetString()!, payload(request.GetProperty("params"))));
    }

    private JsonObject Extension(string role, string nonce)
    {
        var ext = new JsonObject { ["edge"] = 1, ["features"] = new JsonArray([.. Features.Select(f => (JsonNode)f)]) };
        byte[] canonical = CanonicalJson.Canonicalise(JsonDocument.Parse(ext.ToJsonString()).RootElement);
        byte[] signed = DomainSeparation.Bytes("clawmesh-edge/ext/v1", DomainSeparation.Text(role), DomainSeparation.Text(DeviceId.Value), DomainSeparation.Text(nonce), canonical);
        ext["sig"] = Base64Url.EncodeToString(Signer.Sign(signed));
        return ext;
    }
}
