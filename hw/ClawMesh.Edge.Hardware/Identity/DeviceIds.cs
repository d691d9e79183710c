using System.Security.Cryptography;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>From key to device id.</summary>
public static class DeviceIds
{
    /// <summary>SHA-256 over the raw 32 key bytes, lower-case hex ([W-17]).</summary>
    public static NodeId Of(ReadOnlySpan<byte> publicKey) => new(Convert.ToHexStringLower(SHA256.HashData(publicKey)));
}
