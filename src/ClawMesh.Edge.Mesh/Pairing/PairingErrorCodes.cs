namespace ClawMesh.Edge.Mesh.Pairing;

/// <summary>How a pairing ends without trust ([X-63]).</summary>
public static class PairingErrorCodes
{
    public const string NotActive = "PAIRING_NOT_ACTIVE";
    public const string Rejected = "PAIRING_REJECTED";
    public const string Timeout = "PAIRING_TIMEOUT";
    public const string SasMismatch = "PAIRING_SAS_MISMATCH";
    public const string CommitmentMismatch = "PAIRING_COMMITMENT_MISMATCH";

    /// <summary>The code of another end when it is one of these, otherwise <see cref="Rejected"/>.</summary>
    internal static string Known(string? code) => code is NotActive or Timeout or SasMismatch or CommitmentMismatch ? code : Rejected;
}
