namespace ClawMesh.Edge.Mesh.Handshake;

/// <summary>Why a dialler closes ([W-58]); the close reason with status 1008.</summary>
public static class DialRefusals
{
    public const string ChallengeFailed = "mesh.challenge failed";
    public const string ConnectRejected = "mesh.connect rejected";
    public const string InvalidResponse = "invalid response";
    public const string DeviceIdMismatch = "device ID mismatch";
    public const string UnexpectedResponse = "unexpected connect response";
    public const string SignatureMismatch = "signature mismatch";
    public const string MeshIdMismatch = "mesh ID mismatch";
    public const string PublicKeyMismatch = "public key mismatch";
}
