using System.Text.RegularExpressions;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Tests.House;

/// <summary>The page about site files against the reader itself, which names the keys it knows when it meets one it does not.</summary>
public sealed partial class SitePageTests
{
    private const string Stranger = "xyzzy";

    private static readonly BoardCatalog Boards = new("/nonexistent");

    private static string Page => Repository.Text("docs/site-files.md");

    [Theory]
    [InlineData("The file", "")]
    [InlineData("A sensor", "sensors[0].")]
    [InlineData("Plausible values", "sensors[0].valid.")]
    [InlineData("An actuator", "actuators[0].")]
    [InlineData("A required condition", "actuators[0].requires[0].")]
    [InlineData("An effect", "actuators[0].effect.")]
    public void Every_key_the_reader_knows_is_on_the_page_and_no_other(string section, string path)
    {
        IEnumerable<string> known = KnownKeys(path + Stranger);

        IEnumerable<string> described = MarkdownPage.Rows(MarkdownPage.Section(Page, section)).Skip(2).Select(row => row[0]);

        Assert.Equal(known.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_example_on_the_page_is_a_site_without_a_problem()
    {
        SiteReadResult result = SiteFile.Read(MarkdownPage.Block(Page, "jsonc"), "docs/site-files.md", Boards);

        Assert.Empty(result.Problems);
        Assert.NotNull(result.Site);
    }

    private static string[] KnownKeys(string path)
    {
        const string site =
            $$"""
            {
              "{{Stranger}}": 1,
              "sensors": [{ "{{Stranger}}": 1, "valid": { "{{Stranger}}": 1 } }],
              "actuators": [{ "{{Stranger}}": 1, "requires": [{ "{{Stranger}}": 1 }], "effect": { "{{Stranger}}": 1 } }]
            }
            """;
        ConfigProblem warning = Assert.Single(SiteFile.Read(site, "test", Boards).Problems, p => p.Path == path);
        return Known().Match(warning.Fix).Groups["keys"].Value.Split(", ");
    }

    [GeneratedRegex(@"Known here: (?<keys>.+)\.$")]
    private static partial Regex Known();
}
