using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Mesh.Handshake;

/// <summary>Names of the features this version has ([X-8]).</summary>
public static class EdgeFeatures
{
    public const string CommandResults = "command-results";
    public const string EdgeSync = "edge-sync";
    public const string Fence = "fence";
    public const string MeshPing = "mesh-ping";
    public const string Operator = "operator";
    public const string Outbox = "outbox";
    public const string Pairing = "pairing";
    public const string SignedCommands = "signed-commands";
    public const string SignedFrames = "signed-frames";
    public const string SingleUse = "single-use";

    /// <summary>Every name of .</summary>
    public static readonly IReadOnlySet<string> Known = new HashSet<string>(StringComparer.Ordinal)
    {
        CommandResults, EdgeSync, Fence, MeshPing, Operator, Outbox, Pairing, SignedCommands, SignedFrames, SingleUse,
    };

    /// <summary>Sorted, as they travel.</summary>
    public static readonly IReadOnlyList<string> Ours = [CommandResults, EdgeSync, Fence, MeshPing, Operator, Outbox, Pairing, SignedCommands, SignedFrames, SingleUse];

    /// <summary>Those of a node that keeps no frames, or signs none.</summary>
    public static IReadOnlyList<string> Of(bool signs, bool keeps)
    {
        var features = new List<string>();
        foreach (string feature in Ours)
        {
            if (feature == SignedFrames && !signs) continue;
            if (feature is EdgeSync or Outbox && !(keeps && signs)) continue;
            features.Add(feature);
        }

        return features;
    }
}

/// <summary>The member <c>ext</c> of the handshake ([X-6], [X-7]): a list of features, signed for this handshake alone.</summary>
public static class EdgeExtension
{
    private const int MaxFeatures = 32;
    private const int MaxFeatureLength = 32;

    /// <param name="role"><c>dialler</c> or <c>acceptor</c>: the signer's.</param>
    /// <param name="nonce">The nonce the signer signs in the same handshake.</param>
    public static void Write(Utf8JsonWriter w, ISigner signer, string role, string nonce, IReadOnlyList<string> features, string? epoch = null)
    {
        w.WriteStartObject("ext");
        w.WriteNumber("edge", 1);
        if (epoch is not null) w.WriteString("epoch", epoch);
        w.WriteStartArray("features");
        foreach (string feature in features) w.WriteStringValue(feature);
        w.WriteEndArray();
        w.WriteString("sig", Base64Url.EncodeToString(signer.Sign(Signed(role, signer.DeviceId.Value, nonce, Body(features, epoch)))));
        w.WriteEndObject();
    }

    /// <summary>The features of a valid <c>ext</c>. Empty when there is none; <paramref name="invalid"/> when there is one that does not verify.</summary>
    public static IReadOnlyList<string> Read(
        JsonElement parameters, string role, string deviceId, string nonce, ReadOnlySpan<byte> publicKey, ISignatureVerifier verifier, out bool invalid)
    {
        invalid = false;
        if (!parameters.TryGetProperty("ext", out JsonElement ext) || ext.ValueKind == JsonValueKind.Null) return [];
        invalid = true;
        if (ext.ValueKind != JsonValueKind.Object || !ext.TryGetProperty("sig", out JsonElement sig) || sig.ValueKind != JsonValueKind.String
            || WireKeys.TryDecode(sig.GetString()!, WireKeys.SignatureBytes) is not { } signature) return [];
        if (!(ext.TryGetProperty("edge", out JsonElement version) && version.ValueKind == JsonValueKind.Number && version.TryGetDouble(out double v) && v == 1)) return [];

        byte[] signed;
        try
        {
            signed = Signed(role, deviceId, nonce, CanonicalJson.Canonicalise(Without(ext, "sig")));
        }
        catch (FormatException)
        {
            // No canonical form, so nothing that could have been signed ([X-4]).
            return [];
        }

        if (!verifier.Verify(publicKey, signed, signature)) return [];
        invalid = false;
        return Features(ext);
    }

    internal static byte[] Signed(string role, string deviceId, string nonce, ReadOnlyMemory<byte> canonical) =>
        DomainSeparation.Bytes(
            "clawmesh-edge/ext/v1", DomainSeparation.Text(role), DomainSeparation.Text(deviceId), DomainSeparation.Text(nonce), canonical);

    private static byte[] Body(IReadOnlyList<string> features, string? epoch)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var w = new Utf8JsonWriter(buffer))
        {
            w.WriteStartObject();
            w.WriteNumber("edge", 1);
            if (epoch is not null) w.WriteString("epoch", epoch);
            w.WriteStartArray("features");
            foreach (string feature in features) w.WriteStringValue(feature);
            w.WriteEndArray();
            w.WriteEndObject();
        }

        using JsonDocument document = JsonDocument.Parse(buffer.WrittenMemory);
        return CanonicalJson.Canonicalise(document.RootElement);
    }

    private static JsonElement Without(JsonElement element, string name)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var w = new Utf8JsonWriter(buffer))
        {
            w.WriteStartObject();
            foreach (JsonProperty member in element.EnumerateObject())
            {
                if (member.Name != name) member.WriteTo(w);
            }

            w.WriteEndObject();
        }

        var reader = new Utf8JsonReader(buffer.WrittenSpan);
        return JsonElement.ParseValue(ref reader);
    }

    // Unknown names are kept for the trust entry and mean nothing else; a list that is too long is cut.
    private static List<string> Features(JsonElement ext)
    {
        var features = new List<string>();
        if (!ext.TryGetProperty("features", out JsonElement list) || list.ValueKind != JsonValueKind.Array) return features;
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (features.Count == MaxFeatures) break;
            if (item.ValueKind == JsonValueKind.String && item.GetString() is { Length: > 0 and <= MaxFeatureLength } feature) features.Add(feature);
        }

        return features;
    }
}
