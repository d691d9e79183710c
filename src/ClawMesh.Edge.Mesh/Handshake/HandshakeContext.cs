using System.Text.Json;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh.Capabilities;

namespace ClawMesh.Edge.Mesh.Handshake;

/// <summary>A refused handshake as the acceptor answers it.</summary>
public sealed record HandshakeFault(string Code, string Message);

/// <summary>What both roles of the handshake share: who we are, whom we trust, what time it is.</summary>
/// <param name="Self">Asked anew for each handshake: capabilities change while a node runs.</param>
/// <param name="NewNonce">32 random bytes from the operating system.</param>
/// <param name="ExtInvalid">Called when a peer's <c>ext</c> did not verify ([X-7]).</param>
/// <param name="Features">What this node advertises; everything of this version when null.</param>
/// <param name="Epoch">This node's epoch, once it has one ([X-6]).</param>
public sealed record HandshakeContext(
    Func<SelfFacts> Self, ISigner Signer, ISignatureVerifier Verifier, ITrustStore Trust, TimeProvider Time, Func<byte[]> NewNonce, Action ExtInvalid,
    IReadOnlyList<string>? Features = null, Func<string?>? Epoch = null)
{
    /// <summary>[W-53].</summary>
    public static readonly TimeSpan MaxDrift = TimeSpan.FromMilliseconds(300_000);

    /// <summary>[W-46].</summary>
    public static readonly TimeSpan NonceLife = TimeSpan.FromSeconds(60);

    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    public bool WithinDrift(long signedAtMs) => Math.Abs(NowMs - signedAtMs) <= (long)MaxDrift.TotalMilliseconds;

    /// <summary>[W-31]: refused only when both state a mesh and the two differ.</summary>
    public bool SameMesh(string? theirs) => theirs is null || theirs == Self().MeshId;

    /// <summary>Writes the members both ends send, signed over <paramref name="nonce"/> ([W-48], [W-49]).</summary>
    public void WriteProof(Utf8JsonWriter w, string nonce, string extRole)
    {
        SelfFacts self = Self();
        long signedAtMs = NowMs;
        byte[] text = HandshakeText.Build(self.DeviceId, signedAtMs, nonce, self.MeshId, self.Role)
            ?? throw new EdgeException(GateCodes.InvalidParams, "Could not sign the handshake.", "The nonce has no encoding.", "The other end must send a nonce of whole characters.", FailureClass.ProtocolHandshake);
        w.WriteString("deviceId", self.DeviceId.Value);
        w.WriteString("publicKey", self.PublicKey);
        w.WriteString("signature", System.Buffers.Text.Base64Url.EncodeToString(Signer.Sign(text)));
        w.WriteNumber("signedAtMs", signedAtMs);
        w.WriteString("nonce", nonce);
        if (self.DisplayName is { Length: > 0 } name) w.WriteString("displayName", name);
        w.WriteStartArray("capabilities");
        foreach (string capability in self.Capabilities) w.WriteStringValue(capability);
        w.WriteEndArray();
        w.WriteString("meshId", self.MeshId);
        w.WriteString("role", self.Role);
        EdgeExtension.Write(w, Signer, extRole, nonce, Features ?? EdgeFeatures.Ours, Epoch?.Invoke());
    }

    /// <summary>The signature of the other end over [W-50] with <paramref name="nonce"/>.</summary>
    public bool Verifies(HandshakeMembers members, string nonce) =>
        HandshakeText.Build(new NodeId(members.DeviceId), members.SignedAtMs, nonce, members.MeshId ?? "", members.Role ?? "") is { } text
        && Verifier.Verify(members.Key, text, members.Signature);

    /// <summary>The facts to keep of a verified other end; its <c>ext</c> counts only when signed ([X-7]).</summary>
    public PeerFacts Facts(HandshakeMembers members, string extRole, string nonce, JsonElement body)
    {
        IReadOnlyList<string> features = EdgeExtension.Read(body, extRole, members.DeviceId, nonce, members.Key, Verifier, out bool invalid);
        if (invalid) ExtInvalid();
        return new PeerFacts(
            new NodeId(members.DeviceId), members.PublicKey, members.DisplayName,
            CapabilityList.Sanitise(members.Capabilities, out _), members.MeshId, members.Role, features);
    }
}

/// <summary>The members of <c>mesh.connect</c> and of its result, of the right type and form ([W-19], [W-48]).</summary>
public sealed record HandshakeMembers(
    string DeviceId, string PublicKey, byte[] Key, byte[] Signature, long SignedAtMs, string? Nonce, string? ClientNonce,
    string? DisplayName, IReadOnlyList<string> Capabilities, string? MeshId, string? Role)
{
    private const int MaxText = 256;

    /// <summary>Null when one of the four proving members is absent or malformed (row 1 of [W-54]).</summary>
    public static HandshakeMembers? Read(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object) return null;
        if (Text(body, "deviceId") is not { } device || !NodeId.IsWellFormed(device)) return null;
        if (Text(body, "publicKey") is not { } keyText || WireKeys.TryDecode(keyText, WireKeys.KeyBytes) is not { } key) return null;
        if (Text(body, "signature") is not { } signatureText || WireKeys.TryDecode(signatureText, WireKeys.SignatureBytes) is not { } signature) return null;
        if (!body.TryGetProperty("signedAtMs", out JsonElement at) || at.ValueKind != JsonValueKind.Number) return null;
        if (!at.TryGetDouble(out double signedAt) || Math.Floor(signedAt) != signedAt || Math.Abs(signedAt) > 9007199254740991) return null;

        var capabilities = new List<string>();
        if (body.TryGetProperty("capabilities", out JsonElement list) && list.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in list.EnumerateArray())
            {
                if (item.ValueKind == JsonValueKind.String && capabilities.Count < 1024) capabilities.Add(item.GetString()!);
            }
        }

        return new HandshakeMembers(
            device, keyText, key, signature, (long)signedAt, Text(body, "nonce"), Text(body, "clientNonce"),
            Clip(Text(body, "displayName"), 128), capabilities, Text(body, "meshId"), Text(body, "role"));
    }

    private static string? Text(JsonElement body, string name) =>
        body.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= MaxText } text ? text : null;

    private static string? Clip(string? text, int length) => text is null ? null : PlainText.Of(text, length);
}
