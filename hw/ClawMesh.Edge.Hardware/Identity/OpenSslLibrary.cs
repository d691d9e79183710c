using ClawMesh.Edge.Native.Crypto;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>The libcrypto in use, for <c>version</c> and <c>diag</c>.</summary>
public static class OpenSslLibrary
{
    /// <summary>For example <c>OpenSSL 3.0.19 27 Jan 2026</c>.</summary>
    /// <exception cref="Core.Errors.EdgeException"><c>crypto.library_missing</c>.</exception>
    public static string Version => Libcrypto.Version();
}
