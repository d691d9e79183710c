using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>
/// The certificate this node shows on <c>wss</c>, with its key, in <c>&lt;state&gt;/identity/tls.pem</c>. Peers know it by its fingerprint
/// ([W-13]), so it is made once and never replaced. Dispose wipes the key.
/// </summary>
public sealed class NodeCertificate : IDisposable
{
    public const string RelativePath = "identity/tls.pem";

    private NodeCertificate(string path, X509Certificate2 certificate, bool created, string? warning)
    {
        (FilePath, Certificate, Created, Warning) = (path, certificate, created, warning);
        FingerprintHex = Convert.ToHexStringLower(SHA256.HashData(certificate.RawDataMemory.Span));
    }

    public string FilePath { get; }

    /// <summary>With its private key. Owned by this object; do not dispose.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>SHA-256 over the DER of the certificate, 64 lower-case hex digits: what peers pin ([W-13]).</summary>
    public string FingerprintHex { get; }

    /// <summary>True when this call made the certificate.</summary>
    public bool Created { get; }

    /// <summary>What should be looked at but keeps nobody from starting; null when nothing should.</summary>
    public string? Warning { get; }

    /// <summary>Loads the certificate; makes a self-signed one when there is none.</summary>
    /// <param name="name">Common name of a new one, 1 to 64 ASCII characters: the abbreviated device id.</param>
    /// <param name="time">For the last day of a new one, nothing else.</param>
    /// <exception cref="EdgeException"><c>identity.tls_unreadable</c>: there is a file, but not a usable one; it is untouched.
    /// <c>storage.write_failed</c>: a new one cannot be written.</exception>
    public static NodeCertificate LoadOrCreate(string stateDirectory, string name, TimeProvider time)
    {
        string path = Path.Combine(stateDirectory, RelativePath);
        if (Load(path, created: false) is { } known) return known;

        UnixMode.CreateDirectory(Path.GetDirectoryName(path)!, UnixMode.OwnerOnlyDirectory);
        byte[] text = CertificatePem.Create(name, time.GetUtcNow());
        try
        {
            // When somebody else creates it at the same moment, theirs counts.
            bool created = AtomicFile.TryCreate(path, text, UnixMode.OwnerOnly);
            return Load(path, created) ?? throw Unreadable(path, "It is there and yet cannot be opened; it may be a dangling symbolic link.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }
    }

    /// <summary>Loads the certificate without writing anything. Null when there is none.</summary>
    /// <exception cref="EdgeException"><c>identity.tls_unreadable</c>.</exception>
    public static NodeCertificate? TryLoad(string stateDirectory) => Load(Path.Combine(stateDirectory, RelativePath), created: false);

    /// <summary>Never the key.</summary>
    public override string ToString() => $"certificate {FingerprintHex}";

    public void Dispose() => Certificate.Dispose();

    private static NodeCertificate? Load(string path, bool created)
    {
        byte[] text = [];
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            if (stream.Length > CertificatePem.MaxBytes) throw Unreadable(path, $"It has {stream.Length} bytes; at most {CertificatePem.MaxBytes} are read.");
            text = new byte[stream.Length];
            stream.ReadExactly(text);
            X509Certificate2 certificate = CertificatePem.Parse(text, out string problem) ?? throw Unreadable(path, $"The file cannot be used: {problem}.");
            UnixFileMode mode = UnixMode.Of(path);
            return new NodeCertificate(path, certificate, created, UnixMode.IsOpenToOthers(mode)
                ? $"'{path}' has mode {UnixMode.Octal(mode)}: other users of this machine can reach the private key. Run `chmod 600 {path}`."
                : null);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, unreadable.Message);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }
    }

    private static EdgeException Unreadable(string path, string why) => new(
        "identity.tls_unreadable",
        what: $"Could not load the TLS certificate '{path}'.",
        why,
        fix: "Restore the file from a backup. Moving it away lets the node make a new certificate, whose fingerprint every peer that pins it must then be told.",
        failureClass: FailureClass.Auth);
}
