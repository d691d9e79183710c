using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Journal.Chain;

/// <summary>
/// The signed statement "the journal ends at record <paramref name="Count"/> with this hash". Kept outside the database, so that
/// cutting records off its end shows.
/// </summary>
/// <param name="Count">Sequence of the newest record.</param>
/// <param name="Hash">Hash of that record, 32 bytes.</param>
/// <param name="Boot">Boot nonce of that record. Not signed; compared with the record, whose hash covers it.</param>
/// <param name="PublicKey">For people and tools; a check uses the key of the device, never this one.</param>
internal sealed record JournalHead(long Count, byte[] Hash, string Boot, byte[] Signature, byte[] PublicKey)
{
    private const int Version = 1;

    public static JournalHead Sign(ChainTip tip, ISigner signer) => new(
        tip.Sequence, tip.Hash, tip.Boot, signer.Sign(SignedBytes(DomainSeparation.JournalHead, tip.Sequence, tip.Hash)), signer.PublicKey.ToArray());

    /// <summary>DS(label, decimal sequence, hash): what heads and checkpoints sign.</summary>
    public static byte[] SignedBytes(string label, long sequence, byte[] hash) =>
        DomainSeparation.Bytes(label, DomainSeparation.Text(sequence.ToString(CultureInfo.InvariantCulture)), hash);

    public bool IsSignedBy(ReadOnlySpan<byte> publicKey, ISignatureVerifier verifier) =>
        verifier.Verify(publicKey, SignedBytes(DomainSeparation.JournalHead, Count, Hash), Signature);

    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", Version);
            writer.WriteNumber("count", Count);
            writer.WriteString("hash", Convert.ToHexStringLower(Hash));
            writer.WriteString("boot", Boot);
            writer.WriteString("sig", Base64Url.EncodeToString(Signature));
            writer.WriteString("publicKey", Base64Url.EncodeToString(PublicKey));
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Null, with the reason, for anything but a head of this version in exactly the form this program writes.</summary>
    public static JournalHead? Parse(byte[] json, out string problem)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            if (root.GetProperty("version").GetInt32() != Version)
            {
                problem = $"it has version {root.GetProperty("version")}; this program knows version {Version}";
                return null;
            }

            var head = new JournalHead(
                root.GetProperty("count").GetInt64(),
                Convert.FromHexString(root.GetProperty("hash").GetString() ?? ""),
                root.GetProperty("boot").GetString() ?? "",
                Base64Url.DecodeFromChars(root.GetProperty("sig").GetString()),
                Base64Url.DecodeFromChars(root.GetProperty("publicKey").GetString()));

            // Only one spelling is ours: a tool that reads the file differently must not be able to read something else.
            problem = "it is not in the form this program writes";
            return head.ToJson().AsSpan().SequenceEqual(json) ? head : null;
        }
        catch (Exception bad) when (bad is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            problem = $"it is no head: {bad.Message}";
            return null;
        }
    }
}
