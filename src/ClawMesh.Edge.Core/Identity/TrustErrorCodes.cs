namespace ClawMesh.Edge.Core.Identity;

/// <summary>Words of the wire for a trust store that is no help and a key that is not the device's (wire-v1 sections 2 and 18).</summary>
public static class TrustErrorCodes
{
    /// <summary>The file is there and says nothing usable; nobody is trusted and nothing is written ([W-24]).</summary>
    public const string StoreUnreadable = "TRUST_STORE_UNREADABLE";

    /// <summary>The key does not hash to the device id ([W-25]), or another key is pinned ([W-27]).</summary>
    public const string PublicKeyMismatch = "PUBLIC_KEY_MISMATCH";
}
