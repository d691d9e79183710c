using System.Buffers.Text;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Agent.Update;

/// <summary>The keys that may sign an update of this machine: one per line, base64url of 32 bytes, then a name for people.</summary>
internal sealed class OperatorKeys
{
    // Read whole before a signature is known: nobody has more operators than this.
    private const int MaxKeys = 64;
    private const long MaxFileBytes = 64 * 1024;
    private const int KeyBytes = 32;

    private readonly List<(byte[] Key, string Name)> _keys;

    private OperatorKeys(List<(byte[], string)> keys) => _keys = keys;

    public int Count => _keys.Count;

    /// <exception cref="EdgeException"><c>update.keys_unusable</c>.</exception>
    public static OperatorKeys Load(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists) throw Unusable(path, "It does not exist, so nobody may sign.");
            if (file.Length > MaxFileBytes) throw Unusable(path, $"It is {file.Length} bytes long; {MaxFileBytes} are allowed.");

            // Whoever may write it decides what root runs.
            if (PathAccess.OwnerOf(path) is { } owner && owner.UserId != 0 && owner.UserId != HostKernel.EffectiveUserId)
                throw Unusable(path, $"It belongs to user {owner.UserId}, not to root.");
            if ((UnixMode.Of(path) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0)
                throw Unusable(path, $"Its mode is {UnixMode.Octal(UnixMode.Of(path))}: others than root may write it.");
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, unreadable.Message, unreadable);
        }
    }

    internal static OperatorKeys Parse(string text, string path)
    {
        var keys = new List<(byte[], string)>();
        int number = 0;
        foreach (string line in text.Split('\n'))
        {
            number++;
            string entry = line.Trim();
            if (entry.Length == 0 || entry[0] == '#') continue;
            int end = entry.AsSpan().IndexOfAny(' ', '\t');
            string key = end < 0 ? entry : entry[..end];
            byte[] bytes = new byte[KeyBytes];
            if (!Base64Url.IsValid(key, out int length) || length != KeyBytes || !Base64Url.TryDecodeFromChars(key, bytes, out int written) || written != KeyBytes)
                throw Unusable(path, $"Line {number} does not begin with a key: base64url of {KeyBytes} bytes.");
            keys.Add((bytes, end < 0 ? $"line {number}" : entry[end..].Trim()));
        }

        return keys.Count switch
        {
            0 => throw Unusable(path, "It lists no key, so nobody may sign."),
            > MaxKeys => throw Unusable(path, $"It lists {keys.Count} keys; {MaxKeys} are allowed."),
            _ => new OperatorKeys(keys),
        };
    }

    /// <summary>The name of the key that signed, or null.</summary>
    public string? SignerOf(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, ISignatureVerifier verifier)
    {
        foreach ((byte[] key, string name) in _keys)
        {
            if (verifier.Verify(key, message, signature)) return name;
        }

        return null;
    }

    private static EdgeException Unusable(string path, string why, Exception? inner = null) => new(
        "update.keys_unusable", $"Could not tell whose updates this machine takes: '{path}' is of no use.", why,
        "Put the public key of whoever signs your updates there, as root and with mode 0644; docs/guides/update.md tells how to make one.", FailureClass.Auth, inner);
}
