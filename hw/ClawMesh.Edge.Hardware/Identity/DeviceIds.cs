using System.Buffers.Text;
using System.Security.Cryptography;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>From key to device id.</summary>
public static class DeviceIds
{
    private const int KeyBytes = 32;
    private const int KeyCharacters = 43;

    /// <summary>SHA-256 over the raw 32 key bytes, lower-case hex ([W-17]).</summary>
    public static NodeId Of(ReadOnlySpan<byte> publicKey) => new(Convert.ToHexStringLower(SHA256.HashData(publicKey)));

    /// <summary>False for a key of small order and for a second spelling of a point ([W-19]).</summary>
    public static bool IsSoundKey(ReadOnlySpan<byte> publicKey) => Ed25519Points.IsAcceptable(publicKey);

    /// <summary>The id of a key given as 43 base64url characters, the one spelling of those 32 bytes; null for any other text.</summary>
    public static NodeId? OfText(string publicKey)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        return publicKey.Length == KeyCharacters && Base64Url.IsValid(publicKey, out int length) && length == KeyBytes
            && Base64Url.TryDecodeFromChars(publicKey, key, out _) && Base64Url.EncodeToString(key) == publicKey
            ? Of(key)
            : null;
    }
}
