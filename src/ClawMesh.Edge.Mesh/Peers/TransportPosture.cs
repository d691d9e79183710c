namespace ClawMesh.Edge.Mesh.Peers;

/// <summary>How well the line to a configured peer is kept; derived, never negotiated ([W-162]).</summary>
public enum TransportPosture
{
    Insecure,
    TlsUnpinned,
    TlsPinned,
}

/// <summary>The words of <see cref="TransportPosture"/> in <c>mesh.status</c> and in logs.</summary>
public static class TransportPostureWords
{
    public static string Word(this TransportPosture posture) => posture switch
    {
        TransportPosture.TlsPinned => "tls-pinned",
        TransportPosture.TlsUnpinned => "tls-unpinned",
        _ => "insecure",
    };
}
