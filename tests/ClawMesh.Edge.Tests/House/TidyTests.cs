using System.Text.RegularExpressions;

namespace ClawMesh.Edge.Tests.House;

/// <summary>Small habits, kept by a test so that nobody has to remember them.</summary>
public sealed partial class TidyTests
{
    private const int LongFileLines = 400;

    // In two halves, so that this file does not break its own rule.
    private static readonly string[] Forbidden = ["/" + "work/", "/" + "root/", "/" + "farm/", "TO" + "DO"];

    [Fact]
    public void A_long_file_says_why_it_is_one_thing()
    {
        IEnumerable<string> unexplained = Repository.CSharp("src", "hw", "tests")
            .Where(f => f.Text.AsSpan().Count('\n') > LongFileLines && !f.Text.Contains("Long on purpose:", StringComparison.Ordinal))
            .Select(f => $"{f.Path} has more than {LongFileLines} lines; its summary must say \"Long on purpose: …\", or it is two things");

        Assert.Empty(unexplained);
    }

    [Fact]
    public void No_exception_is_swallowed_without_a_word()
    {
        IEnumerable<string> silent = Repository.CSharp("src", "hw", "tests")
            .SelectMany(f => EmptyCatch().Matches(f.Text).Select(m => f.At(m.Index)));

        Assert.Empty(silent);
    }

    [Fact]
    public void No_path_of_somebodys_machine_and_no_unfinished_note_is_in_the_sources()
    {
        IEnumerable<string> found = Repository.Files.SelectMany(f => Forbidden
            .Where(word => f.Text.Contains(word, StringComparison.Ordinal))
            .Select(word => $"{f.At(f.Text.IndexOf(word, StringComparison.Ordinal))}: {word}"));

        Assert.Empty(found);
    }

    [Fact]
    public void Every_link_of_the_pages_leads_somewhere()
    {
        IEnumerable<string> broken = Repository.Files
            .Where(f => f.Path.EndsWith(".md", StringComparison.Ordinal) && (!f.Path.Contains('/') || f.IsUnder("docs")))
            .SelectMany(page => MarkdownPage.Links(page.Text).Where(link => !link.Contains("://") && !Leads(page, link)).Select(link => $"{page.Path}: {link}"));

        Assert.Empty(broken);
    }

    private static bool Leads(RepositoryFile page, string link)
    {
        string[] parts = link.Split('#', 2);
        string target = parts[0].Length == 0 ? page.Path : Path.GetRelativePath(Repository.Root, Path.GetFullPath(parts[0], Path.Combine(Repository.Root, page.Folder)));
        string full = Path.Combine(Repository.Root, target);
        if (!File.Exists(full) && !Directory.Exists(full)) return false;
        return parts.Length == 1 || MarkdownPage.Anchors(File.ReadAllText(full)).Contains(parts[1]);
    }

    [GeneratedRegex(@"\bcatch\b\s*(?:\([^)]*\)\s*)?(?:when\s*\([^{]*\)\s*)?\{\s*\}")]
    private static partial Regex EmptyCatch();
}
