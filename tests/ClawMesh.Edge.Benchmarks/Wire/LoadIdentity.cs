using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Identity;

namespace ClawMesh.Edge.Benchmarks.Wire;

/// <summary>
/// One of the three devices the tool plays. Its key follows from a text, so that a target can trust it before the tool ever ran.
/// Without a seed of one's own everybody knows the key: no node that steers anything should trust it.
/// </summary>
internal sealed class LoadIdentity
{
    /// <summary>The seed text in use where no directory with another is named.</summary>
    public const string PublicSeed = "clawmesh-edge wire load tool, seed 1";

    private const string SeedFile = "wire-load.seed";

    private LoadIdentity(string name, Ed25519Signer signer) => (Name, Signer) = (name, signer);

    public string Name { get; }

    public ISigner Signer { get; }

    public NodeId DeviceId => Signer.DeviceId;

    /// <summary>43 base64url characters.</summary>
    public string PublicKey => Base64Url.EncodeToString(Signer.PublicKey.Span);

    /// <summary><c>load-a</c> sends, <c>load-b</c> receives, <c>load-c</c> is dialled.</summary>
    /// <param name="seedDirectory">Holds a secret seed, made on first use; null for the public one.</param>
    public static LoadIdentity[] All(string? seedDirectory)
    {
        string seed = seedDirectory is null ? PublicSeed : Secret(seedDirectory);
        return [Derive(seed, "load-a"), Derive(seed, "load-b"), Derive(seed, "load-c")];
    }

    /// <summary>Writes the identities into a node's trust store, ours or classic; entries that are there stay as they are.</summary>
    public static void Trust(IReadOnlyList<LoadIdentity> identities, string stateDirectory)
    {
        var store = new TrustedPeersFile(stateDirectory, TimeProvider.System);
        foreach (LoadIdentity identity in identities) store.Add(identity.DeviceId, identity.PublicKey, identity.Name);
    }

    private static LoadIdentity Derive(string seed, string name) =>
        new(name, Ed25519Signer.FromSeed(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}|{name}"))));

    private static string Secret(string directory)
    {
        string path = Path.Combine(directory, SeedFile);
        if (File.Exists(path)) return File.ReadAllText(path).Trim();
        Directory.CreateDirectory(directory);
        string secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        using var file = new StreamWriter(path, options);
        file.WriteLine(secret);
        return secret;
    }
}
