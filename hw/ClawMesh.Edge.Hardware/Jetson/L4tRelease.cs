using System.Globalization;
using ClawMesh.Edge.Hardware.Host;

namespace ClawMesh.Edge.Hardware.Jetson;

/// <summary>The release of NVIDIA's Linux for Tegra.</summary>
/// <param name="Text">For example <c>36.4.3</c>.</param>
public sealed record L4tRelease(int Major, string Text)
{
    internal const string File = "etc/nv_tegra_release";

    /// <summary>A release of the packages' index is looked for in this many lines; the whole of an Ubuntu desktop has a third.</summary>
    private const int MaxIndexLines = 1_000_000;

    /// <summary>
    /// The first line of <c>/etc/nv_tegra_release</c>, <c># R36 (release), REVISION: 4.3, GCID: …, BOARD: …</c>, taken word by word.
    /// What follows the revision is not looked at: the field BOARD is wrong on many images.
    /// </summary>
    /// <returns>Null when the line has another form.</returns>
    public static L4tRelease? Parse(string line)
    {
        ReadOnlySpan<char> rest = line;
        if (!Take(ref rest, "# R")) return null;
        int digits = Length(rest, dots: false);
        if (!int.TryParse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out int major)) return null;
        rest = rest[digits..];
        if (!Take(ref rest, " (release), REVISION: ")) return null;
        string revision = rest[..Length(rest, dots: true)].ToString();
        rest = rest[revision.Length..];
        return revision.Length > 0 && rest is [',', ..] && Version.TryParse($"{major}.{revision}", out _) ? new L4tRelease(major, $"{major}.{revision}") : null;
    }

    /// <summary>The version of the package <c>nvidia-l4t-core</c> in dpkg's index, for machines whose release file is lost; null without one.</summary>
    internal static string? OfPackage(string root)
    {
        try
        {
            bool wanted = false;
            int lines = 0;
            foreach (string line in System.IO.File.ReadLines(Path.Combine(root, "var/lib/dpkg/status")))
            {
                if (line.StartsWith("Package: ", StringComparison.Ordinal)) wanted = line is "Package: nvidia-l4t-core";
                else if (wanted && line.StartsWith("Version: ", StringComparison.Ordinal)) return line["Version: ".Length..].Split('-')[0];
                if (++lines > MaxIndexLines) return null;
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        return null;
    }

    internal static string? FirstLine(string root) => KernelFile.TryReadText(Path.Combine(root, File))?.Split('\n')[0].Trim();

    private static bool Take(ref ReadOnlySpan<char> rest, string word)
    {
        if (!rest.StartsWith(word)) return false;
        rest = rest[word.Length..];
        return true;
    }

    private static int Length(ReadOnlySpan<char> text, bool dots)
    {
        int length = 0;
        while (length < text.Length && (char.IsAsciiDigit(text[length]) || (dots && text[length] == '.'))) length++;
        return length;
    }
}
