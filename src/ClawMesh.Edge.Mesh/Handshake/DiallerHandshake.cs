using System.Buffers.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Handshake;

/// <summary>The dialler's half for one connection ([W-57]). Not thread-safe.</summary>
public sealed class DiallerHandshake(HandshakeContext context, NodeId wanted)
{
    private readonly string _clientNonce = Base64Url.EncodeToString(context.NewNonce());

    /// <summary>The device this connection is meant for.</summary>
    public NodeId Wanted => wanted;

    /// <summary>The nonce of a challenge's payload; null when it is not one ([W-46]).</summary>
    public static string? NonceOf(JsonElement payload) =>
        payload.ValueKind == JsonValueKind.Object && payload.TryGetProperty("nonce", out JsonElement nonce) && nonce.ValueKind == JsonValueKind.String
        && nonce.GetString() is { Length: >= 1 and <= 256 } text && HandshakeText.EncodeUriComponent(text) is not null ? text : null;

    /// <summary>The params of <c>mesh.connect</c>.</summary>
    public void WriteConnect(Utf8JsonWriter w, string nonce)
    {
        w.WriteNumber("version", 2);
        context.WriteProof(w, nonce, "dialler");
        w.WriteString("clientNonce", _clientNonce);
    }

    /// <summary>Verifies the answer; a reason of [W-58] when it may not be trusted.</summary>
    public (PeerFacts? Peer, string? Reason) Verify(JsonElement payload)
    {
        if (payload.ValueKind != JsonValueKind.Object || !Has(payload, "deviceId") || !Has(payload, "publicKey") || !Has(payload, "signature")) return (null, DialRefusals.InvalidResponse);
        if (payload.GetProperty("deviceId").GetString() != wanted.Value) return (null, DialRefusals.DeviceIdMismatch);
        if (HandshakeMembers.Read(payload) is not { } members) return (null, DialRefusals.InvalidResponse);
        context.Trust.Refresh();
        if (!context.Trust.Entries.TryGetValue(wanted.Value, out TrustEntry? entry)) return (null, DialRefusals.ConnectRejected);
        if (!WireKeys.Binds(members.DeviceId, members.Key) || (entry.PublicKey is { } pinned && pinned != members.PublicKey)) return (null, DialRefusals.PublicKeyMismatch);
        if (members.Nonce is null) return (null, DialRefusals.UnexpectedResponse);
        if (members.Nonce != _clientNonce || !context.WithinDrift(members.SignedAtMs) || !context.Verifies(members, _clientNonce)) return (null, DialRefusals.SignatureMismatch);
        if (!context.SameMesh(members.MeshId)) return (null, DialRefusals.MeshIdMismatch);
        if (entry.PublicKey is null)
        {
            try
            {
                context.Trust.Pin(wanted, members.PublicKey);
            }
            catch (EdgeException)
            {
                // A first key that cannot be kept would be a first key every time ([W-26]).
                return (null, DialRefusals.PublicKeyMismatch);
            }
        }

        return (context.Facts(members, "acceptor", _clientNonce, payload), null);
    }

    private static bool Has(JsonElement payload, string name) => payload.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String;
}
