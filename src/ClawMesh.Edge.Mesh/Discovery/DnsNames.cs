using System.Globalization;
using System.Text;
using ClawMesh.Edge.Core.Wire;

namespace ClawMesh.Edge.Mesh.Discovery;

/// <summary>Names as text: labels between dots, a dot or backslash within a label behind a backslash (RFC 6763 section 4.3).</summary>
internal static class DnsNames
{
    public const int MaxLabelBytes = 63;

    /// <summary>The kind of service of every node ([W-33]).</summary>
    public const string ServiceType = "_clawmesh._tcp.local";

    /// <summary>Who asks here is told the kinds of service there are (RFC 6763 section 9).</summary>
    public const string AllTypes = "_services._dns-sd._udp.local";

    private const string NoName = "clawmesh-node";

    public static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    public static string Escape(string label) =>
        label.AsSpan().ContainsAny('.', '\\') ? label.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(".", "\\.", StringComparison.Ordinal) : label;

    /// <summary>The first label, as it would be read aloud, and what follows its dot.</summary>
    public static string First(string name, out string rest)
    {
        int end = 0;
        while (end < name.Length && name[end] != '.') end += name[end] == '\\' ? 2 : 1;
        end = Math.Min(end, name.Length);
        rest = end < name.Length ? name[(end + 1)..] : "";
        string label = name[..end];
        if (!label.Contains('\\', StringComparison.Ordinal)) return label;
        var text = new StringBuilder(label.Length);
        for (int i = 0; i < label.Length; i++)
        {
            if (label[i] == '\\' && i + 1 < label.Length) i++;
            text.Append(label[i]);
        }

        return text.ToString();
    }

    /// <summary>As on the wire, without compression.</summary>
    public static byte[] WrittenOut(string name)
    {
        var bytes = new List<byte>();
        while (name.Length > 0)
        {
            byte[] label = Encoding.UTF8.GetBytes(First(name, out name));
            bytes.Add((byte)label.Length);
            bytes.AddRange(label);
        }

        bytes.Add(0);
        return [.. bytes];
    }

    /// <summary>Without what a terminal would not show, and at most <paramref name="maxBytes"/> of UTF-8.</summary>
    public static string Printable(string text, int maxBytes)
    {
        var kept = new StringBuilder();
        int bytes = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            Rune taken = PlainText.Shows(rune) ? rune : new Rune(' ');
            bytes += taken.Utf8SequenceLength;
            if (bytes > maxBytes) break;
            kept.Append(taken.ToString());
        }

        return kept.ToString().Trim();
    }

    /// <summary>The instance name of a node's display name ([W-33]); the second and later ones carry their number ([W-36]).</summary>
    public static string InstanceLabel(string displayName, int number)
    {
        string suffix = number < 2 ? "" : $" ({number.ToString(CultureInfo.InvariantCulture)})";
        string kept = Printable(displayName.Replace('.', '-'), MaxLabelBytes - suffix.Length);
        return (kept.Length == 0 ? NoName : kept) + suffix;
    }

    /// <summary>The host's label of an instance name ([W-34]): letters, digits and hyphens, which every resolver takes.</summary>
    public static string HostLabel(string instanceLabel)
    {
        var kept = new StringBuilder();
        foreach (char c in instanceLabel)
        {
            if (char.IsAsciiLetterOrDigit(c)) kept.Append(c);
            else if (kept.Length > 0 && kept[^1] != '-') kept.Append('-');
        }

        string label = kept.ToString().Trim('-');
        return label.Length == 0 ? NoName : label;
    }
}
