using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Journal.Chain;

/// <summary>The body of a <c>checkpoint</c> record: the signed statement that everything up to a record was pruned on purpose.</summary>
/// <param name="ThroughHash">Hash of the last pruned record, which the first remaining one points back to; 32 bytes.</param>
internal sealed record Checkpoint(long ThroughSequence, byte[] ThroughHash, byte[] Signature)
{
    /// <summary>What stands in the column <c>code</c> of a checkpoint record.</summary>
    public const string Code = "pruned";

    public static Checkpoint Sign(long throughSequence, byte[] throughHash, ISigner signer) =>
        new(throughSequence, throughHash, signer.Sign(JournalHead.SignedBytes(DomainSeparation.JournalCheckpoint, throughSequence, throughHash)));

    public bool IsSignedBy(ReadOnlySpan<byte> publicKey, ISignatureVerifier verifier) =>
        verifier.Verify(publicKey, JournalHead.SignedBytes(DomainSeparation.JournalCheckpoint, ThroughSequence, ThroughHash), Signature);

    public JournalEntry ToEntry()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("throughSeq", ThroughSequence);
            writer.WriteString("throughHash", Convert.ToHexStringLower(ThroughHash));
            writer.WriteString("sig", Base64Url.EncodeToString(Signature));
            writer.WriteEndObject();
        }

        return new JournalEntry(JournalRecordType.Checkpoint, null, null, null, Code, Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    /// <summary>Null for a body that is no checkpoint.</summary>
    public static Checkpoint? Parse(byte[] body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            JsonElement root = document.RootElement;
            return new Checkpoint(
                root.GetProperty("throughSeq").GetInt64(),
                Convert.FromHexString(root.GetProperty("throughHash").GetString() ?? ""),
                Base64Url.DecodeFromChars(root.GetProperty("sig").GetString()));
        }
        catch (Exception bad) when (bad is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }
}
