using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh.Handshake;

namespace ClawMesh.Edge.Mesh.Pairing;

/// <summary>The params or the result of <c>pair.begin</c> ([X-55]).</summary>
/// <param name="MeshId">Null when not stated.</param>
/// <param name="SessionId">22 base64url characters, in the result only.</param>
/// <param name="Hash">Over the message as it travelled ([X-58]).</param>
public sealed record PairingHello(
    NodeId DeviceId, string PublicKey, byte[] Key, string DisplayName, string? MeshId, PeerGrants Wants, PeerGrants Offers, byte[] Commitment, string? SessionId, byte[] Hash)
{
    /// <summary>Twice 64 refs of 128 characters and the rest fit in; nothing longer is looked at.</summary>
    public const int MaxCharacters = 32_768;

    private const int MaxName = 128;
    private const int SessionBytes = 16;

    /// <summary>Null with a reason when a member is absent or malformed.</summary>
    /// <param name="result">The message is the result, which has a session id.</param>
    public static PairingHello? Read(JsonElement message, bool result, out string why)
    {
        why = "it is no object, or longer than 32768 characters";
        if (message.ValueKind != JsonValueKind.Object || message.GetRawText().Length > MaxCharacters) return null;
        why = "v is not 1";
        if (!(message.TryGetProperty("v", out JsonElement version) && version.ValueKind == JsonValueKind.Number && version.TryGetDouble(out double v) && v == 1)) return null;
        why = "deviceId or publicKey is malformed";
        if (Text(message, "deviceId") is not { } device || !NodeId.IsWellFormed(device)) return null;
        if (Text(message, "publicKey") is not { } keyText || WireKeys.TryDecode(keyText, WireKeys.KeyBytes) is not { } key) return null;
        why = "displayName is not 1 to 128 characters";
        if (Text(message, "displayName") is not { Length: > 0 and <= MaxName } name) return null;
        why = "meshId is malformed";
        string? mesh = null;
        if (message.TryGetProperty("meshId", out JsonElement stated))
        {
            if (stated.ValueKind != JsonValueKind.String || stated.GetString() is not { Length: > 0 and <= MaxName } id || id != Plain(id)) return null;
            mesh = id;
        }

        why = "wants or offers is malformed";
        if (!message.TryGetProperty("wants", out JsonElement wants) || PairingGrants.Read(wants) is not { } asked) return null;
        if (!message.TryGetProperty("offers", out JsonElement offers) || PairingGrants.Read(offers) is not { } given) return null;
        why = "commit is not 64 lower-case hex digits";
        if (Text(message, "commit") is not { } commit || !NodeId.IsWellFormed(commit)) return null;
        why = "sessionId is malformed";
        string? session = Text(message, "sessionId");
        if (result && (session is null || WireKeys.TryDecode(session, SessionBytes) is null)) return null;
        why = "it has no canonical form";
        try
        {
            return new PairingHello(new NodeId(device), keyText, key, name, mesh, asked, given, Convert.FromHexString(commit), session, PairingMath.MessageHash(message));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Writes the message of this node and reads it back: what is hashed is what travels.</summary>
    /// <param name="meshId">Null to state none.</param>
    /// <param name="sessionId">16 bytes in the result; null in the params.</param>
    public static (PairingHello Hello, JsonElement Message) Make(
        SelfFacts self, string? meshId, PeerGrants wants, PeerGrants offers, ReadOnlySpan<byte> commitment, byte[]? sessionId)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var w = new Utf8JsonWriter(buffer))
        {
            w.WriteStartObject();
            w.WriteNumber("v", 1);
            if (sessionId is not null) w.WriteString("sessionId", Base64Url.EncodeToString(sessionId));
            w.WriteString("deviceId", self.DeviceId.Value);
            w.WriteString("publicKey", self.PublicKey);
            w.WriteString("displayName", self.DisplayName is { Length: > 0 and <= MaxName } name ? name : self.DeviceId.Abbreviated);
            if (meshId is not null) w.WriteString("meshId", meshId);
            w.WritePropertyName("wants");
            GrantText.WriteJson(w, wants);
            w.WritePropertyName("offers");
            GrantText.WriteJson(w, offers);
            w.WriteString("commit", Convert.ToHexStringLower(commitment));
            w.WriteEndObject();
        }

        var reader = new Utf8JsonReader(buffer.WrittenSpan);
        JsonElement message = JsonElement.ParseValue(ref reader);
        return (Read(message, sessionId is not null, out string why) ?? throw new InvalidOperationException(why), message);
    }

    /// <summary>Text from elsewhere without what could steer a terminal or turn the direction of writing.</summary>
    public static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) plain.Append(PlainText.Shows(rune) && rune != Rune.ReplacementChar ? rune.ToString() : "?");
        return plain.ToString();
    }

    /// <summary>[X-56], in constant time.</summary>
    public bool IsCommittedTo(PairingRole role, byte[] nonce) => CryptographicOperations.FixedTimeEquals(PairingMath.Commitment(role, Key, nonce), Commitment);

    private static string? Text(JsonElement message, string name) =>
        message.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
