namespace ClawMesh.Edge.Mesh.Peers;

/// <summary>Codes of the start diagnostics ([W-166]) that no fault of another part shares. None of them travels to a peer.</summary>
public static class DiagnosticErrorCodes
{
    public const string InvalidPort = "INVALID_PORT";
    public const string InvalidPeerUrl = "INVALID_PEER_URL";
    public const string InvalidPeerId = "INVALID_PEER_ID";
    public const string InvalidPeerFingerprint = "INVALID_PEER_FINGERPRINT";

    public const string PrivilegedPort = "PRIVILEGED_PORT";
    public const string SelfPeer = "SELF_PEER";
    public const string DuplicateStaticPeer = "DUPLICATE_STATIC_PEER";
    public const string StaticPeerUntrusted = "STATIC_PEER_UNTRUSTED";
    public const string InsecureRelayTransport = "INSECURE_RELAY_TRANSPORT";
    public const string MissingTlsFingerprint = "MISSING_TLS_FINGERPRINT";
    public const string UnlabeledStaticPeerTransport = "UNLABELED_STATIC_PEER_TRANSPORT";
    public const string InsecureListener = "INSECURE_LISTENER";
    public const string IsolatedNode = "ISOLATED_NODE";
    public const string ClockUnsynced = "CLOCK_UNSYNCED";
    public const string UnpinnedTrustEntry = "UNPINNED_TRUST_ENTRY";

    public const string NoStaticPeers = "NO_STATIC_PEERS";
    public const string StaticPeerTransports = "STATIC_PEER_TRANSPORTS";
    public const string NoCapabilities = "NO_CAPABILITIES";
}
