using System.Buffers.Text;
using System.Security.Cryptography;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Update;

/// <summary>
/// A signed bundle: line 1 <c>clawmesh-edge-bundle 1</c>, line 2 an Ed25519 signature in base64url, line 3 the manifest, then the bytes of its
/// files in the manifest's order and nothing behind them. The signature covers the manifest, which holds the hash of each file.
/// </summary>
internal sealed class Bundle : IDisposable
{
    private const int SignatureBytes = 64;

    // 64 files with the longest paths are a third of it.
    private const int MaxManifestBytes = 64 * 1024;

    private static ReadOnlySpan<byte> Magic => "clawmesh-edge-bundle 1"u8;

    private readonly FileStream _file;
    private readonly string _path;

    private Bundle(FileStream file, string path, BundleManifest manifest, byte[] manifestBytes, string signer) =>
        (_file, _path, Manifest, ManifestBytes, Signer) = (file, path, manifest, manifestBytes, signer);

    public BundleManifest Manifest { get; }

    /// <summary>As it was signed.</summary>
    public byte[] ManifestBytes { get; }

    /// <summary>The name of the operator's key.</summary>
    public string Signer { get; }

    /// <summary>Checks everything but the files' contents, which are hashed while they are copied.</summary>
    /// <exception cref="EdgeException"><c>update.bundle_invalid</c>, <c>update.signature_wrong</c>.</exception>
    public static Bundle Open(string path, OperatorKeys keys, ISignatureVerifier verifier)
    {
        FileStream? file = null;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            byte[] head = new byte[Magic.Length + 1 + (SignatureBytes * 2) + 1 + MaxManifestBytes + 1];
            int length = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            ReadOnlySpan<byte> rest = head.AsSpan(0, length);
            if (!Line(ref rest, Magic.Length).SequenceEqual(Magic)) throw Invalid(path, "it does not begin with the line 'clawmesh-edge-bundle 1'");
            byte[] signature = new byte[SignatureBytes];
            ReadOnlySpan<byte> encoded = Line(ref rest, SignatureBytes * 2);
            if (!Base64Url.IsValid(encoded, out int bytes) || bytes != SignatureBytes || !Base64Url.TryDecodeFromUtf8(encoded, signature, out int written) || written != SignatureBytes)
                throw Invalid(path, $"its second line is no signature: base64url of {SignatureBytes} bytes");
            byte[] manifestBytes = Line(ref rest, MaxManifestBytes).ToArray();
            if (manifestBytes.Length == 0) throw Invalid(path, $"its third line is no manifest of at most {MaxManifestBytes} bytes");

            // Nothing of the manifest is believed, or even parsed, before somebody has answered for it.
            string signer = keys.SignerOf(DomainSeparation.Bytes(DomainSeparation.UpdateBundle, manifestBytes), signature, verifier) ?? throw new EdgeException(
                "update.signature_wrong", $"Did not install '{path}'.",
                $"Its signature is of none of the {keys.Count} keys that may sign for this machine, or the manifest was changed after it was signed.",
                "Get the bundle again from where it was made, or add its operator's key to /etc/clawmesh-edge/update.keys.", FailureClass.Auth);
            BundleManifest manifest = BundleManifest.Read(manifestBytes, out string problem) ?? throw Invalid(path, problem);

            long expected = length - rest.Length + manifest.TotalBytes;
            if (file.Length != expected) throw Invalid(path, $"it is {file.Length} bytes long and should be {expected}; it was cut short, or something was added");
            file.Position = length - rest.Length;
            return new Bundle(file, path, manifest, manifestBytes, signer);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            file?.Dispose();
            throw new EdgeException("update.bundle_invalid", $"Could not read '{path}'.", unreadable.Message, "Name a bundle that this user may read.", FailureClass.Config, unreadable);
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    /// <summary>Copies the files below a new directory, hashing each on its way, and syncs all of it.</summary>
    /// <exception cref="EdgeException"><c>update.bundle_invalid</c>: a file is not what was signed. <c>storage.write_failed</c>.</exception>
    public void Unpack(string directory)
    {
        const UnixFileMode Open = (UnixFileMode)0b111_101_101;
        DurableTree.CreateDirectory(directory, Open);
        var folders = new List<string> { directory };
        byte[] buffer = new byte[128 * 1024];
        foreach (BundleEntry entry in Manifest.Files)
        {
            for (int slash = entry.Path.IndexOf('/'); slash > 0; slash = entry.Path.IndexOf('/', slash + 1))
            {
                string folder = $"{directory}/{entry.Path[..slash]}";
                if (folders.Contains(folder)) continue;
                DurableTree.CreateDirectory(folder, Open);
                folders.Add(folder);
            }

            DurableTree.CreateFile($"{directory}/{entry.Path}", entry.Mode, target => Copy(entry, target, buffer));
        }

        DurableTree.CreateFile($"{directory}/{BundleManifest.FileName}", (UnixFileMode)0b110_100_100, target => target.Write(ManifestBytes));
        for (int i = folders.Count - 1; i >= 0; i--) DurableTree.Sync(folders[i]);
    }

    public void Dispose() => _file.Dispose();

    private void Copy(BundleEntry entry, Stream target, byte[] buffer)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long left = entry.Size; left > 0;)
        {
            int read = _file.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
            if (read == 0) throw Invalid(_path, $"it ended within '{entry.Path}'; somebody changes it while it is read");
            hash.AppendData(buffer, 0, read);
            target.Write(buffer, 0, read);
            left -= read;
        }

        if (!hash.GetHashAndReset().AsSpan().SequenceEqual(entry.Sha256)) throw Invalid(_path, $"'{entry.Path}' is not the file that was signed");
    }

    /// <summary>The bytes up to the next line feed, which is taken away too; nothing when there is none within the bound.</summary>
    private static ReadOnlySpan<byte> Line(ref ReadOnlySpan<byte> rest, int max)
    {
        int end = rest[..Math.Min(rest.Length, max + 1)].IndexOf((byte)'\n');
        if (end < 0) return default;
        ReadOnlySpan<byte> line = rest[..end];
        rest = rest[(end + 1)..];
        return line;
    }

    private static EdgeException Invalid(string path, string why) => new(
        "update.bundle_invalid", $"Did not install '{path}'.", $"The bundle is damaged or no bundle: {why}.",
        "Copy it again and compare its sha256sum with the original's; `make bundle` makes a new one.", FailureClass.Config);
}
