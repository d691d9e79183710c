using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ClawMesh.Edge.Hardware.Identity;

/// <summary>
/// The text of <c>device.json</c> ([W-21]), byte for byte as JavaScript's <c>JSON.stringify(…, null, 2)</c> writes it. Holds key
/// material only in buffers that <see cref="Dispose"/> wipes.
/// </summary>
internal sealed class IdentityFile : IDisposable
{
    /// <summary>A real file has about 420 bytes; more than this is not an identity.</summary>
    internal const int MaxBytes = 64 * 1024;

    private readonly byte[] _text;
    private readonly byte[] _seed = new byte[KeyPem.KeyBytes];
    private readonly byte[] _publicKey = new byte[KeyPem.KeyBytes];
    private (int Start, int End)? _deviceIdToken;
    private int _afterOpeningBrace;

    private IdentityFile(byte[] text) => _text = text;

    internal ReadOnlySpan<byte> Seed => _seed;

    internal ReadOnlySpan<byte> PublicKey => _publicKey;

    /// <summary>What the file says; null when it says nothing usable. It may be wrong.</summary>
    internal string? StatedDeviceId { get; private set; }

    /// <summary>Milliseconds since the Unix epoch; 0 when the file does not tell.</summary>
    internal long CreatedAtMs { get; private set; }

    /// <summary>The caller wipes the result.</summary>
    internal static byte[] Compose(string deviceId, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> seed, long createdAtMs)
    {
        byte[] privatePem = KeyPem.Private(seed);
        byte[] privateJson = Escaped(privatePem);
        try
        {
            return
            [
                .. "{\n  \"version\": 1,\n  \"deviceId\": \""u8, .. Encoding.ASCII.GetBytes(deviceId),
                .. "\",\n  \"publicKeyPem\": \""u8, .. Escaped(KeyPem.Public(publicKey)),
                .. "\",\n  \"privateKeyPem\": \""u8, .. privateJson,
                .. "\",\n  \"createdAtMs\": "u8, .. Encoding.ASCII.GetBytes(createdAtMs.ToString(CultureInfo.InvariantCulture)),
                .. "\n}\n"u8,
            ];
        }
        finally
        {
            CryptographicOperations.ZeroMemory(privatePem);
            CryptographicOperations.ZeroMemory(privateJson);
        }
    }

    /// <summary>Reads a file. Returns null and says in <paramref name="problem"/> what is wrong, without quoting any of the text.</summary>
    /// <param name="text">Owned by the result from here on, and wiped with it.</param>
    internal static IdentityFile? Parse(byte[] text, out string problem)
    {
        var file = new IdentityFile(text);
        try
        {
            problem = file.Read();
        }
        catch (JsonException bad)
        {
            problem = string.Create(CultureInfo.InvariantCulture, $"it is not JSON (line {bad.LineNumber + 1}, byte {bad.BytePositionInLine + 1})");
        }
        catch (InvalidOperationException)
        {
            problem = "a string in it is not valid UTF-8";
        }

        if (problem.Length == 0) return file;
        file.Dispose();
        return null;
    }

    /// <summary>The same text with the right device id; every other byte, unknown members included, is kept. The caller wipes the result.</summary>
    internal byte[] WithDeviceId(string deviceId)
    {
        byte[] id = Encoding.ASCII.GetBytes(deviceId);
        return _deviceIdToken is { } token
            ? [.. _text.AsSpan(0, token.Start), (byte)'"', .. id, (byte)'"', .. _text.AsSpan(token.End)]
            : [.. _text.AsSpan(0, _afterOpeningBrace), .. "\n  \"deviceId\": \""u8, .. id, .. "\","u8, .. _text.AsSpan(_afterOpeningBrace)];
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_text);
        CryptographicOperations.ZeroMemory(_seed);
    }

    // Returns the problem, or an empty string.
    private string Read()
    {
        var reader = new Utf8JsonReader(_text);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) return "it is not a JSON object";
        _afterOpeningBrace = (int)reader.BytesConsumed;

        bool versionOne = false;
        bool publicSeen = false;
        bool privateSeen = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("version"u8))
            {
                reader.Read();
                versionOne = reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out double version) && version == 1;
            }
            else if (reader.ValueTextEquals("deviceId"u8))
            {
                reader.Read();
                int start = (int)reader.TokenStartIndex;
                if (reader.TokenType == JsonTokenType.String) StatedDeviceId = reader.GetString();
                reader.Skip();
                _deviceIdToken = (start, (int)reader.BytesConsumed);
            }
            else if (reader.ValueTextEquals("publicKeyPem"u8))
            {
                if (publicSeen) return "publicKeyPem stands twice";
                publicSeen = true;
                reader.Read();
                if (!TryReadPem(ref reader, isPrivate: false)) return "publicKeyPem is not an Ed25519 public key";
            }
            else if (reader.ValueTextEquals("privateKeyPem"u8))
            {
                if (privateSeen) return "privateKeyPem stands twice";
                privateSeen = true;
                reader.Read();
                if (!TryReadPem(ref reader, isPrivate: true)) return "privateKeyPem is not an Ed25519 private key in PKCS#8";
            }
            else if (reader.ValueTextEquals("createdAtMs"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long createdAtMs)) CreatedAtMs = createdAtMs;
                reader.Skip();
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        // Anything but white space after the object is an error, and reading on is what finds it.
        while (reader.Read())
        {
        }

        if (!versionOne) return "its version is not 1";
        if (!publicSeen) return "publicKeyPem is missing";
        return privateSeen ? "" : "privateKeyPem is missing";
    }

    private bool TryReadPem(ref Utf8JsonReader reader, bool isPrivate)
    {
        if (reader.TokenType != JsonTokenType.String) return false;

        // Unescaped text is never longer than the escaped one.
        byte[] pem = new byte[reader.ValueSpan.Length];
        try
        {
            int length = reader.CopyString(pem);
            ReadOnlySpan<byte> text = pem.AsSpan(0, length);
            return isPrivate ? KeyPem.TryReadPrivate(text, _seed) : KeyPem.TryReadPublic(text, _publicKey);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pem);
        }
    }

    // PEM holds nothing that JSON escapes except its line ends; '+' and '/' stay as they are.
    private static byte[] Escaped(ReadOnlySpan<byte> pem)
    {
        byte[] escaped = new byte[pem.Length + pem.Count((byte)'\n')];
        int at = 0;
        foreach (byte b in pem)
        {
            if (b == '\n')
            {
                escaped[at++] = (byte)'\\';
                escaped[at++] = (byte)'n';
            }
            else
            {
                escaped[at++] = b;
            }
        }

        return escaped;
    }
}
