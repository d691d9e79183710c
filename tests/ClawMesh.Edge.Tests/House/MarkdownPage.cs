using System.Text.RegularExpressions;

namespace ClawMesh.Edge.Tests.House;

/// <summary>What tests read out of a page: rows of tables, fenced blocks, links, headings.</summary>
internal static partial class MarkdownPage
{
    /// <summary>The cells of every table row, back-quotes taken off, heading rows and rules included.</summary>
    public static IEnumerable<string[]> Rows(string page) =>
        page.Split('\n')
            .Where(line => line.StartsWith('|'))
            .Select(line => line.Trim().Trim('|').Split('|').Select(cell => cell.Trim().Trim('`')).ToArray());

    /// <summary>The part under the heading <paramref name="title"/>, down to the next heading.</summary>
    public static string Section(string page, string title)
    {
        string[] lines = page.Split('\n');
        int start = Array.FindIndex(lines, line => Heading().IsMatch(line) && line.TrimStart('#').Trim() == title);
        if (start < 0) throw new ArgumentException($"The page has no heading '{title}'.", nameof(title));
        return string.Join('\n', lines.Skip(start + 1).TakeWhile(line => !Heading().IsMatch(line)));
    }

    /// <summary>The text of the first fenced block of a language.</summary>
    public static string Block(string page, string language)
    {
        string[] lines = page.Split('\n');
        int start = Array.IndexOf(lines, "```" + language);
        if (start < 0) throw new ArgumentException($"The page has no block ```{language}.", nameof(language));
        return string.Join('\n', lines.Skip(start + 1).TakeWhile(line => line != "```"));
    }

    /// <summary>Targets of links, without those inside fenced blocks.</summary>
    public static IEnumerable<string> Links(string page) => Link().Matches(WithoutBlocks(page)).Select(m => m.Groups["target"].Value);

    /// <summary>The anchors a reader's browser makes of the headings.</summary>
    public static IReadOnlySet<string> Anchors(string page) =>
        WithoutBlocks(page).Split('\n').Where(line => Heading().IsMatch(line))
            .Select(line => NotInAnchor().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'))
            .ToHashSet(StringComparer.Ordinal);

    private static string WithoutBlocks(string page) => Fence().Replace(page, "");

    [GeneratedRegex(@"^#{1,6} ")]
    private static partial Regex Heading();

    [GeneratedRegex(@"\[[^\]\n]*\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\p{L}\p{N}\- _]")]
    private static partial Regex NotInAnchor();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
