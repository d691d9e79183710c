using System.Security.Cryptography;
using System.Text;

namespace ClawMesh.Edge.Journal.Frames;

/// <summary>What the digests of call a frame: 32 hex digits of SHA-256 over its id.</summary>
internal static class FrameHash
{
    public static string Of(string frameId) => Of(Encoding.UTF8.GetBytes(frameId));

    public static string Of(ReadOnlySpan<byte> frameId)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(frameId, hash);
        return Convert.ToHexStringLower(hash[..16]);
    }
}
