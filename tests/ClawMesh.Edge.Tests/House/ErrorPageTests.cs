using System.Text.RegularExpressions;

namespace ClawMesh.Edge.Tests.House;

/// <summary>A code that a person can meet is explained in docs/errors.md, and nothing else is.</summary>
public sealed partial class ErrorPageTests
{
    [Fact]
    public void Every_error_code_of_the_sources_is_explained_once_and_nothing_else_is()
    {
        List<string> explained =
        [
            .. MarkdownPage.Rows(Repository.Text("docs/errors.md")).Select(row => row[0]).Where(cell => Code().IsMatch(cell)),
        ];

        Assert.Equal(InSources().Order(StringComparer.Ordinal), explained.Order(StringComparer.Ordinal));
    }

    // Constants of the classes that list codes, and dotted literals where a fault or a refusal is made.
    private static HashSet<string> InSources()
    {
        var codes = new HashSet<string>(StringComparer.Ordinal);
        foreach (RepositoryFile file in Repository.CSharp("src", "hw"))
        {
            if (ListOfCodes().IsMatch(file.Text)) codes.UnionWith(Constant().Matches(file.Text).Select(m => m.Groups["code"].Value));
            codes.UnionWith(Made().Matches(file.Text).Select(m => m.Groups["code"].Value));
        }

        return codes;
    }

    [GeneratedRegex(@"^(?:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*|[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+)$")]
    private static partial Regex Code();

    [GeneratedRegex(@"static class \w*(?:Gate|Error)Codes\b")]
    private static partial Regex ListOfCodes();

    [GeneratedRegex(@"const string \w+ = ""(?<code>[^""]+)"";")]
    private static partial Regex Constant();

    [GeneratedRegex(@"\b(?:EdgeException|Refusal|FromLastError|FromError|Failed|Fault|new|code:)\s*\(?\s*(?:code:\s*)?""(?<code>[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+)""\s*,")]
    private static partial Regex Made();
}
