using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Native.Crypto;

/// <summary>
/// Pure Ed25519 (RFC 8032) by OpenSSL. Thread-safe: a key is only read, and every operation has its own context.
/// OpenSSL alone is not strict about public keys; callers check those first.
/// </summary>
internal static class Ed25519
{
    internal const int SeedBytes = 32;
    internal const int PublicKeyBytes = 32;
    internal const int SignatureBytes = 64;

    /// <exception cref="EdgeException"><c>crypto.library_missing</c>, <c>crypto.key_refused</c>.</exception>
    internal static SafeEvpKeyHandle ImportSeed(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != SeedBytes) throw new ArgumentException($"A seed has {SeedBytes} bytes.", nameof(seed));
        Libcrypto.Require();
        SafeEvpKeyHandle key = Libcrypto.NewRawPrivateKey(Libcrypto.EvpPkeyEd25519, IntPtr.Zero, seed, SeedBytes);
        if (!key.IsInvalid) return key;
        key.Dispose();
        throw Failed("crypto.key_refused", "Could not import the device key.", "EVP_PKEY_new_raw_private_key");
    }

    /// <exception cref="EdgeException"><c>crypto.failed</c>.</exception>
    internal static byte[] PublicKeyOf(SafeEvpKeyHandle key)
    {
        byte[] publicKey = new byte[PublicKeyBytes];
        nuint length = PublicKeyBytes;
        if (Libcrypto.GetRawPublicKey(key, publicKey, ref length) == 1 && length == PublicKeyBytes) return publicKey;
        throw Failed("crypto.failed", "Could not derive the public key of the device key.", "EVP_PKEY_get_raw_public_key");
    }

    /// <exception cref="EdgeException"><c>crypto.failed</c>.</exception>
    /// <exception cref="ObjectDisposedException">The key has been disposed.</exception>
    internal static byte[] Sign(SafeEvpKeyHandle key, ReadOnlySpan<byte> message)
    {
        using SafeEvpDigestContextHandle context = Libcrypto.NewDigestContext();
        byte[] signature = new byte[SignatureBytes];
        nuint length = SignatureBytes;

        // Ed25519 hashes inside, so the digest argument must be null.
        bool signed = !context.IsInvalid
            && Libcrypto.DigestSignInit(context, IntPtr.Zero, IntPtr.Zero, IntPtr.Zero, key) == 1
            && Libcrypto.DigestSign(context, signature, ref length, message, (nuint)message.Length) == 1
            && length == SignatureBytes;
        return signed ? signature : throw Failed("crypto.failed", "Could not sign with the device key.", "EVP_DigestSign");
    }

    /// <summary>OpenSSL's own judgement. False for every malformed input.</summary>
    /// <exception cref="EdgeException"><c>crypto.library_missing</c>.</exception>
    internal static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != PublicKeyBytes || signature.Length != SignatureBytes) return false;
        Libcrypto.Require();
        using SafeEvpKeyHandle key = Libcrypto.NewRawPublicKey(Libcrypto.EvpPkeyEd25519, IntPtr.Zero, publicKey, PublicKeyBytes);
        using SafeEvpDigestContextHandle context = Libcrypto.NewDigestContext();
        bool good = !key.IsInvalid
            && !context.IsInvalid
            && Libcrypto.DigestVerifyInit(context, IntPtr.Zero, IntPtr.Zero, IntPtr.Zero, key) == 1
            && Libcrypto.DigestVerify(context, signature, SignatureBytes, message, (nuint)message.Length) == 1;
        if (!good) Libcrypto.ClearErrors();
        return good;
    }

    private static EdgeException Failed(string code, string what, string call)
    {
        Libcrypto.ClearErrors();
        return new EdgeException(
            code,
            what,
            why: $"{call} of {Libcrypto.Version()} failed.",
            fix: "Restart the node; if it happens again, look for memory shortage and a FIPS configuration that forbids Ed25519.",
            failureClass: FailureClass.Infra);
    }
}
