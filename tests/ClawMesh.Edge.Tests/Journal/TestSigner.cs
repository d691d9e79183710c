using System.Security.Cryptography;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Tests.Journal;

/// <summary>Signatures of the right size that depend on key and message; anyone can forge them.</summary>
internal sealed class TestSigner(byte seed = 1) : ISigner, ISignatureVerifier
{
    private readonly byte[] _publicKey = SHA256.HashData([seed]);

    public NodeId DeviceId { get; } = new(Convert.ToHexStringLower(SHA256.HashData(SHA256.HashData([seed]))));

    public ReadOnlyMemory<byte> PublicKey => _publicKey;

    public byte[] Sign(ReadOnlySpan<byte> message) => HMACSHA512.HashData(_publicKey, message);

    public bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        HMACSHA512.HashData(publicKey, message).AsSpan().SequenceEqual(signature);
}
