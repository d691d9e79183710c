using System.Globalization;

namespace ClawMesh.Edge.Agent.Diag;

/// <summary>Numbers as a person reads them, and small files that may not be there.</summary>
internal static class DiagText
{
    private static readonly string[] ByteUnits = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>For example <c>1.4 GiB</c>.</summary>
    public static string Bytes(double bytes)
    {
        int unit = 0;
        while (bytes >= 1024 && unit < ByteUnits.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{Math.Round(bytes, unit < 2 ? 0 : 1)} {ByteUnits[unit]}");
    }

    /// <summary>For example <c>1 adapter</c>, <c>3 adapters</c>.</summary>
    public static string Count(int number, string noun) => string.Create(CultureInfo.InvariantCulture, $"{number} {noun}{(number == 1 ? "" : "s")}");

    /// <summary>For example <c>3 d 4 h</c>, <c>5 min</c>, <c>1.5 s</c>.</summary>
    public static string Span(TimeSpan span) => span switch
    {
        { TotalDays: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalDays} d {span.Hours} h"),
        { TotalHours: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalHours} h {span.Minutes} min"),
        { TotalMinutes: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalMinutes} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.#} s"),
    };

    public static string Number(double number) => number.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>The trimmed text of a small file, cut at its first NUL (device tree strings end in one); null when it is absent, empty or closed to us.</summary>
    public static string? Read(string path)
    {
        try
        {
            string text = File.ReadAllText(path);
            int nul = text.IndexOf('\0', StringComparison.Ordinal);
            text = (nul < 0 ? text : text[..nul]).Trim();
            return text.Length == 0 ? null : text;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Entries of a directory whose names begin so, in natural order; none when there is no such directory.</summary>
    public static IReadOnlyList<string> Entries(string directory, string prefix)
    {
        try
        {
            return
            [
                .. Directory.EnumerateFileSystemEntries(directory)
                    .Where(entry => Path.GetFileName(entry.AsSpan()).StartsWith(prefix, StringComparison.Ordinal))
                    .OrderBy(entry => entry.Length).ThenBy(entry => entry, StringComparer.Ordinal),
            ];
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>A whole number of the kernel; null when there is none, or the device behind it is switched off.</summary>
    public static long? ReadNumber(string path) =>
        long.TryParse(Read(path), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : null;
}
