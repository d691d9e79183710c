using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Core.Wire;

/// <summary>The signature <c>edge.sig</c> of a command ([X-50]). Mesh and executor are part of it, so it is worth nothing in another mesh or at another node ([X-5]).</summary>
public static class CommandSignature
{
    private const int Bytes = 64;

    /// <summary>The bytes that are signed: DS(<c>clawmesh-edge/command/v1</c>, meshId, executor, JCS(command without <c>edge.sig</c>)).</summary>
    /// <exception cref="FormatException">The command has no canonical form.</exception>
    public static byte[] Message(JsonElement command, string meshId, NodeId executor) => DomainSeparation.Bytes(
        DomainSeparation.CommandSignature, DomainSeparation.Text(meshId), DomainSeparation.Text(executor.Value), CanonicalJson.Canonicalise(WithSignature(command, null)));

    /// <summary>The command with this node's signature for one executor.</summary>
    /// <exception cref="FormatException">The command has no canonical form.</exception>
    public static CommandEnvelope Sign(CommandEnvelope command, ISigner signer, string meshId, NodeId executor)
    {
        byte[] message = Message(command.Raw, meshId, executor);
        JsonElement signed = WithSignature(command.Raw, Base64Url.EncodeToString(signer.Sign(message)));
        // Read back as the executor will read it ([X-4]).
        return CommandEnvelope.Parse(signed, out string problem) is { } envelope && Message(signed, meshId, executor).AsSpan().SequenceEqual(message)
            ? envelope
            : throw new FormatException($"the signed command does not read back as it was signed: {problem}");
    }

    /// <summary>Whether the command bears a signature of this key for this mesh and executor. Never throws for what a peer sent.</summary>
    /// <param name="publicKey">43 base64url characters.</param>
    public static bool Verifies(CommandEnvelope command, string publicKey, string meshId, NodeId executor, ISignatureVerifier verifier)
    {
        if (command.Edge.Signature is not { } text || Decode(text, Bytes) is not { } signature || Decode(publicKey, 32) is not { } key) return false;
        try
        {
            return verifier.Verify(key, Message(command.Raw, meshId, executor), signature);
        }
        catch (FormatException)
        {
            // No canonical form, so nothing that could have been signed ([X-4]).
            return false;
        }
    }

    // As strict as [W-19]: exact length, no padding, no unused bits.
    private static byte[]? Decode(string text, int bytes)
    {
        if (text.Length != ((bytes * 4) + 2) / 3) return null;
        byte[] decoded = new byte[bytes];
        return Base64Url.IsValid(text, out int length) && length == bytes && Base64Url.TryDecodeFromChars(text, decoded, out int written) && written == bytes
            && Base64Url.EncodeToString(decoded) == text ? decoded : null;
    }

    // The member edge stays when its signature goes; a command that had none gets an empty one, so that both ends sign the same.
    private static JsonElement WithSignature(JsonElement command, string? signature)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var w = new Utf8JsonWriter(buffer))
        {
            w.WriteStartObject();
            JsonElement edge = default;
            foreach (JsonProperty member in command.EnumerateObject())
            {
                if (member.NameEquals("edge"u8)) edge = member.Value;
                else member.WriteTo(w);
            }

            w.WriteStartObject("edge");
            if (edge.ValueKind == JsonValueKind.Object)
            {
                foreach (JsonProperty member in edge.EnumerateObject())
                {
                    if (!member.NameEquals("sig"u8)) member.WriteTo(w);
                }
            }

            if (signature is not null) w.WriteString("sig", signature);
            w.WriteEndObject();
            w.WriteEndObject();
        }

        var reader = new Utf8JsonReader(buffer.WrittenSpan);
        return JsonElement.ParseValue(ref reader);
    }
}
