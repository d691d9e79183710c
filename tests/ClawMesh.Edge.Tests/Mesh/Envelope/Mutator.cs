using System.Text;

namespace ClawMesh.Edge.Tests.Mesh.Envelope;

/// <summary>Makes hostile texts out of good ones, by seed.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-0", "1", "-1", "1.5", "9007199254740991", "9007199254740993", "1e400", "-1e400", "1E-9", "123456789012345678901234567890", "\"\"", "\"x\"", "\"\\u0000\"",
        "\"\\ud800\"", "\"\\ud83d\\ude00\"", "\"1\"", "{}", "[]", "[null]", "{\"type\":\"req\"}", "[[[[[[[[[[]]]]]]]]]]", "\"T9\"", "\"llm\"",
    ];

    private static readonly string[] Names =
        ["type", "id", "method", "event", "ok", "params", "payload", "error", "gen", "kind", "frameId", "data", "trust", "hops", "zone", "typ\\u0065", "\\u0069d", "x", "", "constructor", "__proto__"];

    private readonly Random _random = new(seed);

    public T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    public int Next(int below) => _random.Next(below);

    /// <summary>One to three changes of any sort.</summary>
    public byte[] Mutate(byte[] text)
    {
        for (int changes = _random.Next(1, 4); changes > 0; changes--) text = Once(text);
        return text;
    }

    /// <summary>One change that leaves JSON of JSON, as a rule: another value, another depth, one member more.</summary>
    public byte[] Change(byte[] text) => _random.Next(8) switch
    {
        0 => Deepen(text),
        1 => DuplicateMember(text),
        _ => SwapValue(text),
    };

    /// <summary>An object with members that a message has, of types it may not have.</summary>
    public byte[] RandomMessage()
    {
        var text = new StringBuilder();
        Object(text, 0);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private byte[] Once(byte[] text)
    {
        if (text.Length == 0) return "{"u8.ToArray();
        int at = _random.Next(text.Length), length = _random.Next(1, Math.Min(40, text.Length - at) + 1);
        switch (_random.Next(9))
        {
            case 0:
                byte[] flipped = [.. text];
                flipped[at] ^= (byte)(1 << _random.Next(8));
                return flipped;
            case 1:
                return text[..at];
            case 2:
                return [.. text[..at], .. text[(at + length)..]];
            case 3:
                return [.. text[..at], .. text[at..(at + length)], .. text[at..]];
            case 4:
                byte[] noisy = [.. text];
                for (int i = at; i < at + Math.Min(length, 4); i++) noisy[i] = (byte)_random.Next(256);
                return noisy;
            case 5:
                return Deepen(text);
            case 6:
                return DuplicateMember(text);
            default:
                return SwapValue(text);
        }
    }

    // Another value in the place of one that follows a colon: another type, or a number at its limits.
    private byte[] SwapValue(byte[] text)
    {
        if (Colon(text) is not { } colon) return text;
        int end = ValueEnd(text, colon + 1);
        return [.. text[..(colon + 1)], .. Encoding.UTF8.GetBytes(Pick(Values)), .. text[end..]];
    }

    private byte[] Deepen(byte[] text)
    {
        if (Colon(text) is not { } colon) return text;
        int end = ValueEnd(text, colon + 1), levels = Pick<int>([1, 10, 29, 30, 31, 32, 64, 2_000]);
        bool array = _random.Next(2) == 0;
        string open = string.Concat(Enumerable.Repeat(array ? "[" : "{\"a\":", levels)), close = string.Concat(Enumerable.Repeat(array ? "]" : "}", levels));
        return [.. text[..(colon + 1)], .. Encoding.UTF8.GetBytes(open), .. text[(colon + 1)..end], .. Encoding.UTF8.GetBytes(close), .. text[end..]];
    }

    private byte[] DuplicateMember(byte[] text)
    {
        int brace = Array.IndexOf(text, (byte)'{', _random.Next(text.Length));
        if (brace < 0) return text;
        return [.. text[..(brace + 1)], .. Encoding.UTF8.GetBytes($"\"{Pick(Names)}\":{Pick(Values)},"), .. text[(brace + 1)..]];
    }

    private int? Colon(byte[] text) => Array.IndexOf(text, (byte)':', _random.Next(text.Length)) is var colon and >= 0 && colon < text.Length - 1 ? colon : null;

    // Good enough for texts without braces in their strings; a wrong guess is a mutation too.
    private static int ValueEnd(byte[] text, int start)
    {
        int depth = 0;
        bool inText = false;
        for (int i = start; i < text.Length; i++)
        {
            if (text[i] == '"' && (i == 0 || text[i - 1] != '\\')) inText = !inText;
            if (inText) continue;
            if (text[i] is (byte)'{' or (byte)'[') depth++;
            if (text[i] is (byte)'}' or (byte)']' && depth-- == 0) return i;
            if (text[i] == ',' && depth == 0) return i;
        }

        return text.Length;
    }

    private void Object(StringBuilder text, int depth)
    {
        text.Append('{');
        int members = _random.Next(depth == 0 ? 2 : 0, depth == 0 && _random.Next(20) == 0 ? 60 : 7);
        for (int i = 0; i < members; i++)
        {
            if (i > 0) text.Append(',');
            // With a number behind it a name is rarely a duplicate.
            string name = depth == 0 && i == 0 ? "type" : _random.Next(4) == 0 ? Pick(Names) : Pick(Names) + _random.Next(1_000);
            text.Append('"').Append(name).Append("\":");
            if (depth == 0 && i == 0) text.Append(Pick<string>(["\"req\"", "\"res\"", "\"event\"", "\"event\",\"event\":\"e\"", "\"req\",\"id\":\"1\",\"method\":\"m\"", "\"res\",\"id\":\"1\",\"ok\":true", "\"ev\\u0065nt\",\"event\":\"e\""]));
            else if (depth < 4 && _random.Next(4) == 0) Object(text, depth + 1);
            else text.Append(_random.Next(40) == 0 ? "NaN" : Pick(Values));
        }

        text.Append('}');
    }
}
