using System.Security.Cryptography;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>
/// Who this node is: the key pair in <c>&lt;state&gt;/identity/device.json</c> ([W-16] to [W-22]), interchangeable with the classic node's.
/// The private key lives inside <see cref="Signer"/> and nowhere else. Dispose wipes it.
/// </summary>
public sealed class DeviceIdentity : IDisposable
{
    public const string RelativePath = "identity/device.json";

    private readonly Ed25519Signer _signer;

    private DeviceIdentity(string path, Ed25519Signer signer, long createdAtMs, bool created, string? correction, IReadOnlyList<string> warnings)
    {
        (FilePath, _signer, CreatedAtMs, Created, Correction, Warnings) = (path, signer, createdAtMs, created, correction, warnings);
    }

    public NodeId DeviceId => _signer.DeviceId;

    /// <summary>Raw Ed25519 public key, 32 bytes.</summary>
    public ReadOnlyMemory<byte> PublicKey => _signer.PublicKey;

    /// <summary>The form on the wire: 43 base64url characters ([W-18]).</summary>
    public string PublicKeyText => System.Buffers.Text.Base64Url.EncodeToString(_signer.PublicKey.Span);

    /// <summary>Owned by this identity; do not dispose.</summary>
    public ISigner Signer => _signer;

    /// <summary>Milliseconds since the Unix epoch, by the clock of that day; 0 when the file does not tell.</summary>
    public long CreatedAtMs { get; }

    public string FilePath { get; }

    /// <summary>True when this call made the key.</summary>
    public bool Created { get; }

    /// <summary>What was wrong with the file's device id and has been put right (or would be, after <see cref="TryLoad"/>); null when nothing was.</summary>
    public string? Correction { get; }

    /// <summary>What should be looked at but keeps nobody from starting.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Loads the identity; creates it when there is none; corrects a wrong device id in the file.</summary>
    /// <param name="time">For the moment of creation, nothing else.</param>
    /// <exception cref="EdgeException"><c>NO_IDENTITY</c>: there is a file, but not a usable one; it is untouched.
    /// <c>storage.write_failed</c>: a new one cannot be written. <c>crypto.library_missing</c>.</exception>
    public static DeviceIdentity LoadOrCreate(string stateDirectory, TimeProvider time)
    {
        string path = Path.Combine(stateDirectory, RelativePath);
        return Load(path, mayCorrect: true)
            ?? Create(path, time)
            // Somebody else created it between the two, and theirs counts. A dangling link ends here, too.
            ?? Load(path, mayCorrect: true)
            ?? throw NoIdentity(path, "It is there and yet cannot be opened; it may be a dangling symbolic link.");
    }

    /// <summary>Loads the identity without writing anything. Null when there is none.</summary>
    /// <exception cref="EdgeException"><c>NO_IDENTITY</c>, <c>crypto.library_missing</c>.</exception>
    public static DeviceIdentity? TryLoad(string stateDirectory) => Load(Path.Combine(stateDirectory, RelativePath), mayCorrect: false);

    /// <summary>Looks for <c>diag</c>: never creates, never corrects, never throws for a bad file, and keeps no key.</summary>
    public static IdentityInspection Inspect(string stateDirectory)
    {
        string path = Path.Combine(stateDirectory, RelativePath);
        try
        {
            using DeviceIdentity? identity = TryLoad(stateDirectory);
            return identity is null
                ? new IdentityInspection(path, Exists: false, DeviceId: null, CreatedAtMs: 0, Correction: null, Warnings: [], Fault: null)
                : new IdentityInspection(path, Exists: true, identity.DeviceId, identity.CreatedAtMs, identity.Correction, identity.Warnings, Fault: null);
        }
        catch (EdgeException fault)
        {
            return new IdentityInspection(path, Exists: true, DeviceId: null, CreatedAtMs: 0, Correction: null, Warnings: [], fault);
        }
    }

    /// <summary>Never the key.</summary>
    public override string ToString() => $"device {DeviceId.Value}";

    public void Dispose() => _signer.Dispose();

    private static DeviceIdentity? Load(string path, bool mayCorrect)
    {
        if (ReadAll(path) is not { } text) return null;
        using IdentityFile file = IdentityFile.Parse(text, out string problem) ?? throw NoIdentity(path, $"The file cannot be used: {problem}.");

        Ed25519Signer signer = Ed25519Signer.FromSeed(file.Seed);
        try
        {
            if (!signer.PublicKey.Span.SequenceEqual(file.PublicKey)) throw NoIdentity(path, "Its private key does not produce its public key.");
            return new DeviceIdentity(path, signer, file.CreatedAtMs, created: false, Correct(path, file, signer.DeviceId, mayCorrect), WarningsFor(path));
        }
        catch
        {
            signer.Dispose();
            throw;
        }
    }

    private static string? Correct(string path, IdentityFile file, NodeId right, bool mayWrite)
    {
        if (file.StatedDeviceId == right.Value) return null;
        string stated = file.StatedDeviceId is { } wrong && NodeId.IsWellFormed(wrong) ? new NodeId(wrong).Abbreviated + "…" : "no device id";
        string finding = $"'{path}' stated {stated} for a key whose device id is {right.Value}";
        if (!mayWrite) return $"{finding}; the next start of the node corrects it.";

        byte[] corrected = file.WithDeviceId(right.Value);
        try
        {
            AtomicFile.Write(path, corrected, UnixMode.OwnerOnly);
            return $"{finding}; corrected.";
        }
        catch (EdgeException failure) when (failure.FailureClass == FailureClass.Storage)
        {
            // A read-only disk must not keep a node with a good key from starting (DESIGN section 7).
            return $"{finding}; not corrected on disk: {failure.Why}";
        }
        finally
        {
            CryptographicOperations.ZeroMemory(corrected);
        }
    }

    // Null when somebody else's file turned up meanwhile.
    private static DeviceIdentity? Create(string path, TimeProvider time)
    {
        UnixMode.CreateDirectory(Path.GetDirectoryName(path)!, UnixMode.OwnerOnlyDirectory);
        Span<byte> seed = stackalloc byte[KeyPem.KeyBytes];
        byte[] text = [];
        RandomNumberGenerator.Fill(seed);
        Ed25519Signer signer = Ed25519Signer.FromSeed(seed);
        bool kept = false;
        try
        {
            long createdAtMs = time.GetUtcNow().ToUnixTimeMilliseconds();
            text = IdentityFile.Compose(signer.DeviceId.Value, signer.PublicKey.Span, seed, createdAtMs);
            kept = AtomicFile.TryCreate(path, text, UnixMode.OwnerOnly);
            return kept ? new DeviceIdentity(path, signer, createdAtMs, created: true, correction: null, WarningsFor(path)) : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
            CryptographicOperations.ZeroMemory(text);
            if (!kept) signer.Dispose();
        }
    }

    // Null when there is no file.
    private static byte[]? ReadAll(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            if (stream.Length > IdentityFile.MaxBytes) throw NoIdentity(path, $"The file has {stream.Length} bytes; an identity has fewer than {IdentityFile.MaxBytes}.");
            byte[] text = new byte[stream.Length];
            stream.ReadExactly(text);
            return text;
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw NoIdentity(path, unreadable.Message);
        }
    }

    private static List<string> WarningsFor(string path)
    {
        var warnings = new List<string>();
        try
        {
            UnixFileMode file = UnixMode.Of(path);
            if (UnixMode.IsOpenToOthers(file))
                warnings.Add($"'{path}' has mode {UnixMode.Octal(file)}: other users of this machine can reach the private key. Run `chmod 600 {path}`.");
            string directory = Path.GetDirectoryName(path)!;
            UnixFileMode parent = UnixMode.Of(directory);
            if ((parent & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0)
                warnings.Add($"'{directory}' has mode {UnixMode.Octal(parent)}: other users of this machine can replace the identity. Run `chmod 700 {directory}`.");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            warnings.Add($"The permissions of '{path}' could not be read: {unreadable.Message}");
        }

        return warnings;
    }

    private static EdgeException NoIdentity(string path, string why) => new(
        GateCodes.NoIdentity,
        what: $"Could not load the device identity '{path}'.",
        why,
        fix: "Restore the file from a backup. Moving it away lets the node make a new identity, which every peer must then be told to trust.",
        failureClass: FailureClass.Auth);
}
