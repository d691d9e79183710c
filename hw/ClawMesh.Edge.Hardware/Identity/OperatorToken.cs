using System.Security.Cryptography;
using System.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>
/// The secret that makes a caller an operator: 32 random bytes in <c>&lt;state&gt;/operator.token</c>, as 64 hex digits and a newline,
/// mode 0600 ([X-64]). Never logged. Dispose wipes it.
/// </summary>
public sealed class OperatorToken : IDisposable
{
    public const string RelativePath = "operator.token";

    /// <summary>For clients: the token itself, in place of the file.</summary>
    public const string EnvironmentVariable = "CLAWMESH_OPERATOR_TOKEN";

    private const int TokenBytes = 32;

    private OperatorToken(byte[] bytes) => Bytes = bytes;

    /// <summary>32 bytes, owned by this object.</summary>
    public byte[] Bytes { get; }

    /// <summary>Loads the token; makes one when there is none.</summary>
    /// <exception cref="EdgeException"><c>operator.token_exposed</c>: other users have rights to the file, so it may be known.
    /// <c>operator.token_unreadable</c>: it is there and holds no token; it is untouched. <c>storage.write_failed</c>.</exception>
    public static OperatorToken LoadOrCreate(string stateDirectory)
    {
        string path = Path.Combine(stateDirectory, RelativePath);
        if (Read(path) is { } known) return known;

        byte[] bytes = RandomNumberGenerator.GetBytes(TokenBytes);
        byte[] text = [.. Encoding.ASCII.GetBytes(Convert.ToHexStringLower(bytes)), (byte)'\n'];
        try
        {
            if (AtomicFile.TryCreate(path, text, UnixMode.OwnerOnly)) return new OperatorToken(bytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }

        // Somebody else created it between the two, and theirs counts. A dangling link ends here, too.
        CryptographicOperations.ZeroMemory(bytes);
        return Read(path) ?? throw Unreadable($"'{path}'", "It is there and yet cannot be opened; it may be a dangling symbolic link.");
    }

    /// <summary>Loads the token without writing anything. Null when there is none.</summary>
    /// <exception cref="EdgeException"><c>operator.token_exposed</c>, <c>operator.token_unreadable</c>.</exception>
    public static OperatorToken? TryRead(string stateDirectory) => Read(Path.Combine(stateDirectory, RelativePath));

    /// <summary>What a client uses: the environment before the file. Null when neither has one.</summary>
    /// <param name="environment">Looks up a variable; null when it is not set.</param>
    /// <exception cref="EdgeException"><c>operator.token_exposed</c>, <c>operator.token_unreadable</c>.</exception>
    public static OperatorToken? FromEnvironmentOrFile(Func<string, string?> environment, string stateDirectory) =>
        environment(EnvironmentVariable) is { Length: > 0 } text
            ? Parse(text) ?? throw Unreadable(EnvironmentVariable, "It does not hold 64 hex digits.")
            : TryRead(stateDirectory);

    /// <summary>Never the token.</summary>
    public override string ToString() => "operator token";

    public void Dispose() => CryptographicOperations.ZeroMemory(Bytes);

    private static OperatorToken? Read(string path)
    {
        // One byte more than a token with its line end, so that a longer file shows.
        Span<byte> text = stackalloc byte[2 * TokenBytes + 3];
        Span<char> digits = stackalloc char[text.Length];
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            UnixFileMode mode = UnixMode.Of(path);
            if (UnixMode.IsOpenToOthers(mode)) throw Exposed(path, mode);
            int length = stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            digits = digits[..Encoding.ASCII.GetChars(text[..length], digits)];
            return (length < text.Length ? Parse(digits) : null) ?? throw Unreadable($"'{path}'", "It does not hold 64 hex digits and a newline.");
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw Unreadable($"'{path}'", unreadable.Message);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
            digits.Clear();
        }
    }

    private static OperatorToken? Parse(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        byte[] bytes = new byte[TokenBytes];
        return text.Length == 2 * TokenBytes && Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done
            ? new OperatorToken(bytes)
            : null;
    }

    private static EdgeException Exposed(string path, UnixFileMode mode) => new(
        "operator.token_exposed",
        what: $"Could not use the operator token '{path}'.",
        why: $"Its mode is {UnixMode.Octal(mode)}; it must be 0600, so other users of this machine may have read it.",
        fix: $"Run `rm {path}` and restart the node, which makes a new one; clients that were given the old one need it.",
        failureClass: FailureClass.Auth);

    private static EdgeException Unreadable(string where, string why) => new(
        "operator.token_unreadable",
        what: $"Could not read the operator token from {where}.",
        why,
        fix: where == EnvironmentVariable
            ? "Set it to the text of the node's operator.token, or unset it to use that file."
            : "Run the command as the node's user. If the file is damaged, remove it and restart the node, which makes a new token.",
        failureClass: FailureClass.Auth);
}
