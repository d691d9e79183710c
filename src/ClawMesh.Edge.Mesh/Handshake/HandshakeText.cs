using System.Globalization;
using System.Text;
using ClawMesh.Edge.Core.Identity;

namespace ClawMesh.Edge.Mesh.Handshake;

/// <summary>The string both ends sign ([W-50], [W-51]).</summary>
public static class HandshakeText
{
    /// <summary>Null when a field has no encoding: it holds half of a surrogate pair.</summary>
    /// <param name="meshId">Empty when absent, as is <paramref name="role"/>.</param>
    public static byte[]? Build(NodeId device, long signedAtMs, string nonce, string meshId, string role)
    {
        var text = new StringBuilder("mesh.connect|v2|", 256);
        bool encoded = TryAppend(text, device.Value);
        text.Append('|').Append(signedAtMs.ToString(CultureInfo.InvariantCulture)).Append('|');
        encoded &= TryAppend(text, nonce);
        text.Append('|');
        encoded &= TryAppend(text, meshId);
        text.Append('|');
        encoded &= TryAppend(text, role);
        return encoded ? Encoding.ASCII.GetBytes(text.ToString()) : null;
    }

    /// <summary>JavaScript's <c>encodeURIComponent</c>; null when the text has no encoding. <see cref="Uri.EscapeDataString(string)"/> escapes five characters more.</summary>
    public static string? EncodeUriComponent(string value)
    {
        var text = new StringBuilder(value.Length);
        return TryAppend(text, value) ? text.ToString() : null;
    }

    private static bool TryAppend(StringBuilder text, string value)
    {
        Span<byte> utf8 = stackalloc byte[4];
        ReadOnlySpan<char> rest = value;
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(rest, out Rune rune, out int used) != System.Buffers.OperationStatus.Done) return false;
            rest = rest[used..];
            if (rune.IsAscii && (char.IsAsciiLetterOrDigit((char)rune.Value) || "-_.!~*'()".Contains((char)rune.Value, StringComparison.Ordinal)))
            {
                text.Append((char)rune.Value);
                continue;
            }

            int length = rune.EncodeToUtf8(utf8);
            foreach (byte b in utf8[..length]) text.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        return true;
    }
}
