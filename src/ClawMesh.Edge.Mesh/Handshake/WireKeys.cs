using System.Buffers.Text;
using System.Security.Cryptography;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Handshake;

/// <summary>Keys and signatures as they travel: base64url without padding and without unused bits ([W-18], [W-19]).</summary>
internal static class WireKeys
{
    public const int KeyBytes = 32;
    public const int SignatureBytes = 64;

    /// <summary>The bytes when the text has exactly the form of [W-19]; otherwise null.</summary>
    public static byte[]? TryDecode(string text, int bytes)
    {
        // 43 characters for 32 bytes, 86 for 64.
        if (text.Length != ((bytes * 4) + 2) / 3) return null;
        byte[] decoded = new byte[bytes];
        if (!Base64Url.IsValid(text, out int length) || length != bytes || !Base64Url.TryDecodeFromChars(text, decoded, out int written) || written != bytes) return null;
        // The last character has bits to spare; with any of them set, two texts would mean one key.
        return Base64Url.EncodeToString(decoded) == text ? decoded : null;
    }

    /// <summary>[W-25]: the device id is the hash of the key.</summary>
    public static bool Binds(string deviceId, ReadOnlySpan<byte> publicKey) =>
        Convert.ToHexStringLower(SHA256.HashData(publicKey)) == deviceId && NodeId.IsWellFormed(deviceId);
}
