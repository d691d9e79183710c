using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Mesh.Pairing;

/// <summary>Who of the two dialled ([X-55]).</summary>
public enum PairingRole
{
    Initiator,
    Responder,
}

/// <summary>The computations of a pairing ([X-56], [X-58], [X-59]). Keys, nonces and hashes are raw bytes.</summary>
public static class PairingMath
{
    public const int NonceBytes = 32;

    private const string CommitLabel = "clawmesh-edge/pair-commit/v1";
    private const string TranscriptLabel = "clawmesh-edge/pair-transcript/v1";
    private const string CodeLabel = "clawmesh-edge/pair-sas/v1";
    private const string ConfirmLabel = "clawmesh-edge/pair-confirm/v1";

    public static byte[] Commitment(PairingRole role, ReadOnlyMemory<byte> publicKey, ReadOnlyMemory<byte> nonce) =>
        SHA256.HashData(DomainSeparation.Bytes(CommitLabel, Letter(role), publicKey, nonce));

    /// <summary>SHA-256 over the canonical form of the params or the result of <c>pair.begin</c>.</summary>
    /// <exception cref="FormatException">It has no canonical form.</exception>
    public static byte[] MessageHash(JsonElement message) => SHA256.HashData(CanonicalJson.Canonicalise(message));

    public static byte[] Transcript(
        ReadOnlyMemory<byte> keyI, ReadOnlyMemory<byte> keyR, ReadOnlyMemory<byte> nonceI, ReadOnlyMemory<byte> nonceR,
        ReadOnlyMemory<byte> hashBegin, ReadOnlyMemory<byte> hashResult) =>
        SHA256.HashData(DomainSeparation.Bytes(TranscriptLabel, keyI, keyR, nonceI, nonceR, hashBegin, hashResult));

    /// <summary>The six digits that people compare.</summary>
    public static string Code(ReadOnlyMemory<byte> transcript)
    {
        byte[] hash = SHA256.HashData(DomainSeparation.Bytes(CodeLabel, transcript));
        return (BinaryPrimitives.ReadUInt64BigEndian(hash) % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    /// <summary><c>123 456</c>.</summary>
    public static string Shown(string code) => $"{code[..3]} {code[3..]}";

    /// <summary>What the device key signs: possession, bound to role and transcript.</summary>
    public static byte[] Confirmed(PairingRole role, ReadOnlyMemory<byte> transcript) => DomainSeparation.Bytes(ConfirmLabel, Letter(role), transcript);

    private static ReadOnlyMemory<byte> Letter(PairingRole role) => DomainSeparation.Text(role == PairingRole.Initiator ? "I" : "R");
}
