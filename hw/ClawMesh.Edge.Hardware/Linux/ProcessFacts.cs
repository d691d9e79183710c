using System.Globalization;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Hardware.Linux;

/// <summary>The memory of a process as the kernel counts it.</summary>
/// <param name="PssBytes">Proportional set size: shared pages divided among those who share them. The figure of DESIGN section 11.</param>
/// <param name="RssBytes">Resident set size: every mapped page that is in memory.</param>
public readonly record struct ProcessFacts(long PssBytes, long RssBytes)
{
    /// <summary>This process, from <c>/proc/self/smaps_rollup</c> (Linux 4.14). Costs about a millisecond: the kernel walks all mappings.</summary>
    /// <exception cref="EdgeException"><c>host.read_failed</c>.</exception>
    public static ProcessFacts OfThisProcess() => From("/proc/self/smaps_rollup");

    internal static ProcessFacts From(string path)
    {
        try
        {
            long pss = 0;
            long rss = 0;
            foreach (string line in File.ReadLines(path))
            {
                if (line.StartsWith("Pss:", StringComparison.Ordinal)) pss = KibibytesAfterColon(line);
                else if (line.StartsWith("Rss:", StringComparison.Ordinal)) rss = KibibytesAfterColon(line);
            }

            return new ProcessFacts(pss, rss);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new EdgeException(
                "host.read_failed",
                what: "Could not read how much memory the node uses.",
                why: unreadable.Message,
                fix: $"Check that /proc is mounted and '{path}' may be read.",
                failureClass: FailureClass.Infra,
                inner: unreadable);
        }
    }

    private static long KibibytesAfterColon(string line)
    {
        ReadOnlySpan<char> value = line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1).Trim();
        int end = value.IndexOf(' ');
        return long.TryParse(end < 0 ? value : value[..end], NumberStyles.None, CultureInfo.InvariantCulture, out long kibibytes) ? kibibytes * 1024 : 0;
    }
}
