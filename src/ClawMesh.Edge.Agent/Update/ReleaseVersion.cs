using System.Globalization;

namespace ClawMesh.Edge.Agent.Update;

/// <summary>Versions of releases, as semver.org orders them: numbers between dots, then perhaps <c>-beta.2</c>; what follows a <c>+</c> does not count.</summary>
internal static class ReleaseVersion
{
    private const int MaxLength = 64;

    /// <summary>Also the name of a directory: begins with a digit, and nothing in it means anything to a shell or a path.</summary>
    public static bool IsWellFormed(string text)
    {
        if (text.Length is 0 or > MaxLength || !char.IsAsciiDigit(text[0])) return false;
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '+' or '~' or '_')) return false;
        }

        return true;
    }

    /// <summary>Below zero when <paramref name="left"/> is the older one.</summary>
    public static int Compare(string left, string right)
    {
        (string leftNumbers, string leftPre) = Split(left);
        (string rightNumbers, string rightPre) = Split(right);
        int order = Parts(leftNumbers, rightNumbers, missing: "0");
        if (order != 0) return order;

        // A version that is not out yet is older than the same one that is.
        if (leftPre.Length == 0 || rightPre.Length == 0) return rightPre.Length.CompareTo(leftPre.Length);
        return Parts(leftPre, rightPre, missing: "");
    }

    private static (string Numbers, string Pre) Split(string version)
    {
        string counted = version.Split('+')[0];
        int at = counted.AsSpan().IndexOfAny('-', '~');
        return at < 0 ? (counted, "") : (counted[..at], counted[(at + 1)..]);
    }

    private static int Parts(string left, string right, string missing)
    {
        string[] a = left.Split('.');
        string[] b = right.Split('.');
        for (int i = 0; i < Math.Max(a.Length, b.Length); i++)
        {
            int order = Part(i < a.Length ? a[i] : missing, i < b.Length ? b[i] : missing);
            if (order != 0) return order;
        }

        return 0;
    }

    private static int Part(string left, string right)
    {
        bool first = ulong.TryParse(left, NumberStyles.None, CultureInfo.InvariantCulture, out ulong a);
        bool second = ulong.TryParse(right, NumberStyles.None, CultureInfo.InvariantCulture, out ulong b);
        if (first && second) return a.CompareTo(b);
        if (first != second) return left.Length == 0 || (first && right.Length > 0) ? -1 : 1;
        return string.CompareOrdinal(left, right);
    }
}
