using ClawMesh.Edge.Agent.Cli;

namespace ClawMesh.Edge.Tests.House;

public sealed class VerbTableTests
{
    [Fact]
    public void Every_verb_has_a_line_in_the_table_of_README_md_and_the_other_way_round()
    {
        IEnumerable<string> verbs = CommandTree.Build(TextWriter.Null, TextWriter.Null, TimeProvider.System).Root.Subcommands.Select(c => c.Name);

        IEnumerable<string> described = MarkdownPage.Rows(MarkdownPage.Section(Repository.Text("README.md"), "Verbs")).Skip(2).Select(row => row[0]);

        Assert.Equal(verbs.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }
}
