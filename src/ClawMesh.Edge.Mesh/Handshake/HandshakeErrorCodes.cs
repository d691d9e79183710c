namespace ClawMesh.Edge.Mesh.Handshake;

/// <summary>Words of the handshake on the wire ([W-54], [W-58]).</summary>
public static class HandshakeErrorCodes
{
    public const string NonceRequired = "AUTH_NONCE_REQUIRED";
    public const string NonceInvalid = "AUTH_NONCE_INVALID";
    public const string UntrustedPeer = "UNTRUSTED_PEER";
    public const string PublicKeyMismatch = "PUBLIC_KEY_MISMATCH";
    public const string AuthFailed = "AUTH_FAILED";
    public const string MeshIdMismatch = "MESH_ID_MISMATCH";
}
