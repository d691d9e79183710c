using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ClawMesh.Edge.Core.Wire;

/// <summary>
/// RFC 8785 canonical JSON ([X-4]): members sorted by UTF-16 code unit, no white space, ECMAScript number text, minimal escapes.
/// </summary>
public static class CanonicalJson
{
    private const int MaxDepth = 64;

    /// <summary>UTF-8 bytes of the canonical form.</summary>
    /// <exception cref="FormatException">A number that is no finite double, an unpaired surrogate, a duplicate or forbidden name, or too deep a nesting.</exception>
    public static byte[] Canonicalise(JsonElement element) => CanonicaliseWithout(element, null, null);

    /// <summary>The canonical form of an object without two of its own members, such as what a signature does not cover ([X-13]).</summary>
    /// <exception cref="FormatException">As for <see cref="Canonicalise"/>.</exception>
    public static byte[] CanonicaliseWithout(JsonElement element, string? one, string? other)
    {
        try
        {
            var text = new StringBuilder(256);
            if (element.ValueKind == JsonValueKind.Object) WriteObject(text, element, depth: 0, one, other);
            else Write(text, element, depth: 0);
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(text.ToString());
        }
        catch (Exception bad) when (bad is InvalidOperationException or EncoderFallbackException)
        {
            // JsonElement answers an escaped unpaired surrogate with InvalidOperationException, in names and in values.
            throw new FormatException("A string holds an unpaired surrogate, which has no canonical form.", bad);
        }
    }

    private static void Write(StringBuilder text, JsonElement element, int depth)
    {
        if (depth > MaxDepth) throw new FormatException($"Nesting is deeper than {MaxDepth}.");
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(text, element, depth);
                break;
            case JsonValueKind.Array:
                text.Append('[');
                bool first = true;
                foreach (JsonElement item in element.EnumerateArray())
                {
                    if (!first) text.Append(',');
                    first = false;
                    Write(text, item, depth + 1);
                }

                text.Append(']');
                break;
            case JsonValueKind.String:
                WriteString(text, element.GetString()!);
                break;
            case JsonValueKind.Number:
                text.Append(NumberText(element.GetDouble()));
                break;
            case JsonValueKind.True:
                text.Append("true");
                break;
            case JsonValueKind.False:
                text.Append("false");
                break;
            default:
                text.Append("null");
                break;
        }
    }

    private static void WriteObject(StringBuilder text, JsonElement element, int depth, string? without = null, string? norThis = null)
    {
        // Each name is read once: JsonProperty makes a new string whenever it is asked for it.
        int count = element.GetPropertyCount();
        var names = new string[count];
        var members = new JsonElement[count];
        int at = 0;
        foreach (JsonProperty member in element.EnumerateObject()) (names[at], members[at++]) = (member.Name, member.Value);
        Array.Sort(names, members, StringComparer.Ordinal);
        text.Append('{');
        bool first = true;
        for (int i = 0; i < count; i++)
        {
            string name = names[i];
            if (name == "__proto__") throw new FormatException("A member named __proto__ has no canonical form.");
            if (i > 0 && name == names[i - 1]) throw new FormatException($"Member '{name}' stands twice.");
            if (name == without || name == norThis) continue;
            if (!first) text.Append(',');
            first = false;

            WriteString(text, name);
            text.Append(':');
            Write(text, members[i], depth + 1);
        }

        text.Append('}');
    }

    private static void WriteString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (char c in value)
        {
            switch (c)
            {
                case '"': text.Append("\\\""); break;
                case '\\': text.Append("\\\\"); break;
                case '\b': text.Append("\\b"); break;
                case '\t': text.Append("\\t"); break;
                case '\n': text.Append("\\n"); break;
                case '\f': text.Append("\\f"); break;
                case '\r': text.Append("\\r"); break;
                default:
                    if (c < 0x20) text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                    else text.Append(c);
                    break;
            }
        }

        text.Append('"');
    }

    /// <summary>ECMAScript's Number::toString: the shortest digits that round-trip, exponent form from 1e21 and below 1e-6.</summary>
    internal static string NumberText(double value)
    {
        if (!double.IsFinite(value)) throw new FormatException("A number is not a finite double.");
        if (value == 0) return "0";

        (string digits, int n) = Digits(Math.Abs(value).ToString("R", CultureInfo.InvariantCulture));
        string sign = value < 0 ? "-" : "";
        int k = digits.Length;

        if (k <= n && n <= 21) return sign + digits + new string('0', n - k);
        if (n is > 0 and <= 21) return sign + digits[..n] + "." + digits[n..];
        if (n is > -6 and <= 0) return sign + "0." + new string('0', -n) + digits;

        int exponent = n - 1;
        string mantissa = k == 1 ? digits : digits[..1] + "." + digits[1..];
        return sign + mantissa + "e" + (exponent < 0 ? "-" : "+") + Math.Abs(exponent).ToString(CultureInfo.InvariantCulture);
    }

    // "1.25E-07" → ("125", -6): the digits without leading and trailing zeros, and where the decimal point stands relative to them.
    private static (string Digits, int PointAfter) Digits(string shortest)
    {
        int e = shortest.IndexOf('E', StringComparison.Ordinal);
        int exponent = e < 0 ? 0 : int.Parse(shortest.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string mantissa = e < 0 ? shortest : shortest[..e];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        string all = point < 0 ? mantissa : mantissa.Remove(point, 1);
        int pointAfter = (point < 0 ? mantissa.Length : point) + exponent;
        string withoutLeading = all.TrimStart('0');
        pointAfter -= all.Length - withoutLeading.Length;
        return (withoutLeading.TrimEnd('0'), pointAfter);
    }
}
