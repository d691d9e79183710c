using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using ClawMesh.Edge.Agent.Update;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Hardware.Identity;

namespace ClawMesh.Edge.Tests.Agent.Update;

/// <summary>Bundles as the script makes them, and every way to make them wrong.</summary>
internal sealed class BundleMaker : IDisposable
{
    private readonly Ed25519Signer _signer = Ed25519Signer.FromSeed([.. Enumerable.Range(1, 32).Select(i => (byte)i)]);

    public string KeyLine => $"{Base64Url.EncodeToString(_signer.PublicKey.Span)} the operator";

    public OperatorKeys Keys => OperatorKeys.Parse(KeyLine, "update.keys");

    public static string Entry(string path, byte[] content, string mode = "0755", long? size = null) =>
        $$"""{"path":"{{path}}","size":{{size ?? content.Length}},"sha256":"{{Convert.ToHexStringLower(SHA256.HashData(content))}}","mode":"{{mode}}"}""";

    public static string Manifest(string version, string files, string rid = "linux-x64", string more = "") =>
        $$"""{"schema":1,"name":"clawmesh-edge","version":"{{version}}","rid":"{{rid}}","created":"2026-11-21T06:00:00Z"{{more}},"files":[{{files}}]}""";

    /// <summary>Signs this manifest, whatever it says, and puts the bodies behind it.</summary>
    public byte[] Sign(string manifest, params IReadOnlyList<byte[]> bodies)
    {
        byte[] line = Encoding.UTF8.GetBytes(manifest);
        string signature = Base64Url.EncodeToString(_signer.Sign(DomainSeparation.Bytes(DomainSeparation.UpdateBundle, line)));
        return [.. "clawmesh-edge-bundle 1\n"u8, .. Encoding.ASCII.GetBytes(signature), (byte)'\n', .. line, (byte)'\n', .. bodies.SelectMany(b => b)];
    }

    /// <summary>A good bundle of one binary.</summary>
    public byte[] Of(string version, byte[]? binary = null, string rid = "linux-x64", string more = "")
    {
        byte[] content = binary ?? UpdateTree.ElfBinary(version);
        return Sign(Manifest(version, Entry("clawmesh-edge", content), rid, more), content);
    }

    public void Dispose() => _signer.Dispose();
}
