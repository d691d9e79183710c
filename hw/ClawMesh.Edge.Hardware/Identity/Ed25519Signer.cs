using System.Security.Cryptography;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Native.Crypto;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>Signs with one Ed25519 key, held by OpenSSL. Thread-safe. Dispose wipes the key; signing afterwards throws.</summary>
public sealed class Ed25519Signer : ISigner, IDisposable
{
    private readonly SafeEvpKeyHandle _key;
    private readonly byte[] _publicKey;

    private Ed25519Signer(SafeEvpKeyHandle key)
    {
        _key = key;
        _publicKey = Ed25519.PublicKeyOf(key);
        DeviceId = DeviceIds.Of(_publicKey);
    }

    public NodeId DeviceId { get; }

    public ReadOnlyMemory<byte> PublicKey => _publicKey;

    /// <param name="seed">The 32 bytes of RFC 8032's private key. Copied; the caller wipes its own.</param>
    /// <exception cref="EdgeException"><c>crypto.library_missing</c>, <c>crypto.key_refused</c>.</exception>
    public static Ed25519Signer FromSeed(ReadOnlySpan<byte> seed)
    {
        SafeEvpKeyHandle key = Ed25519.ImportSeed(seed);
        try
        {
            return new Ed25519Signer(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>A signer with a new key from the operating system's generator, for example for a session or a test.</summary>
    /// <exception cref="EdgeException"><c>crypto.library_missing</c>.</exception>
    public static Ed25519Signer Generate()
    {
        Span<byte> seed = stackalloc byte[Ed25519.SeedBytes];
        RandomNumberGenerator.Fill(seed);
        try
        {
            return FromSeed(seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <inheritdoc/>
    public byte[] Sign(ReadOnlySpan<byte> message) => Ed25519.Sign(_key, message);

    public override string ToString() => $"Ed25519 signer of {DeviceId.Abbreviated}";

    public void Dispose() => _key.Dispose();
}
