using System.Security.Cryptography;

namespace ClawMesh.Edge.Core.Wire;

/// <summary>The digest by which a repeat of a command is recognised ([X-43]).</summary>
public static class CommandDigest
{
    /// <summary>SHA-256(DS(<c>clawmesh-edge/command-digest/v1</c>, meshId, JCS(command))) as 64 hex digits.</summary>
    /// <exception cref="FormatException">The command has no canonical form.</exception>
    public static string Of(CommandEnvelope command, string meshId)
    {
        byte[] bytes = DomainSeparation.Bytes(
            DomainSeparation.CommandDigest, DomainSeparation.Text(meshId), CanonicalJson.Canonicalise(command.Raw));
        return Convert.ToHexStringLower(SHA256.HashData(bytes));
    }
}
