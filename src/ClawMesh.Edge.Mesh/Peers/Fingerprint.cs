namespace ClawMesh.Edge.Mesh.Peers;

/// <summary>The pin of a certificate as people write it: SHA-256 of its DER form ([W-13]).</summary>
public static class Fingerprint
{
    private const int HexDigits = 64;

    /// <summary>Takes <c>sha256:</c>, colons, blanks and upper case. True when 64 digits remain; otherwise <paramref name="hex64"/> is empty.</summary>
    public static bool TryNormalise(string text, out string hex64)
    {
        hex64 = "";
        ReadOnlySpan<char> digits = WithoutAlgorithm(text.AsSpan().Trim());
        Span<char> kept = stackalloc char[HexDigits];
        int count = 0;
        foreach (char c in digits)
        {
            // The separator of the algorithm's name goes here too.
            if (!char.IsAsciiHexDigit(c)) continue;
            if (count == HexDigits) return false;
            kept[count++] = char.ToLowerInvariant(c);
        }

        if (count < HexDigits) return false;
        hex64 = new string(kept);
        return true;
    }

    private static ReadOnlySpan<char> WithoutAlgorithm(ReadOnlySpan<char> text) =>
        text.StartsWith("sha256", StringComparison.OrdinalIgnoreCase) ? text[6..]
        : text.StartsWith("sha-256", StringComparison.OrdinalIgnoreCase) ? text[7..]
        : text;
}
