namespace ClawMesh.Edge.Core.Identity;

/// <summary>Signs with this node's device key. Thread-safe. The private key never leaves the implementation.</summary>
public interface ISigner
{
    NodeId DeviceId { get; }

    /// <summary>Raw Ed25519 public key, 32 bytes.</summary>
    ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>Pure Ed25519 over <paramref name="message"/> (RFC 8032); 64 bytes.</summary>
    byte[] Sign(ReadOnlySpan<byte> message);
}

/// <summary>Verifies Ed25519 signatures. Thread-safe.</summary>
public interface ISignatureVerifier
{
    /// <summary>False for a wrong signature and for a key that is not a curve point; never throws for bad input.</summary>
    bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);
}
