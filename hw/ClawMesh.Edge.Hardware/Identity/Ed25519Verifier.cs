using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Native.Crypto;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>
/// Verifies Ed25519 as strictly as [W-19]: canonical S (OpenSSL's own check), a key that decodes to a curve point in its one
/// canonical spelling, no key of small order. Thread-safe; about 0.1 ms each on a small core.
/// </summary>
public sealed class Ed25519Verifier : ISignatureVerifier
{
    /// <inheritdoc/>
    /// <remarks>The only exception is <c>crypto.library_missing</c>, which says nothing about the input.</remarks>
    public bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        Ed25519Points.IsAcceptable(publicKey) && Ed25519.Verify(publicKey, message, signature);
}
