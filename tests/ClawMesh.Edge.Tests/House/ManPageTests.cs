using ClawMesh.Edge.Tests.House.Shell;

namespace ClawMesh.Edge.Tests.House;

/// <summary><c>systemd/man/clawmesh-edge.1</c> is written from the tree of verbs (<c>make pages</c>); this keeps it so.</summary>
public sealed class ManPageTests
{
    private const string Page = "systemd/man/clawmesh-edge.1";

    [Fact]
    public void The_man_page_is_what_the_verbs_say()
    {
        string page = ManPage.Render(VerbWords.Root());
        if (Environment.GetEnvironmentVariable("CLAWMESH_WRITE_PAGES") == "1") GeneratedFile.Write(Page, page);

        Assert.Equal(page, Repository.Text(Page));
    }

    [Fact]
    public void Every_verb_and_every_option_is_on_it()
    {
        string[] lines = ManPage.Render(VerbWords.Root()).Split('\n');

        Assert.All(VerbWords.Root().All().Where(v => v.Path.Length > 0), verb =>
        {
            string heading = $".SS \"{verb.Path.Replace("-", "\\-", StringComparison.Ordinal)}";
            int at = Array.FindIndex(lines, line => line.StartsWith(heading, StringComparison.Ordinal));
            Assert.True(at >= 0, $"no heading for '{verb.Path}'");
            string part = string.Join('\n', lines.Skip(at + 1).TakeWhile(line => !line.StartsWith(".S", StringComparison.Ordinal)));
            Assert.All(verb.Options, option => Assert.Contains(option.Names[0].Replace("-", "\\-", StringComparison.Ordinal), part, StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Groff_has_nothing_to_warn_about()
    {
        string file = Path.Combine(Repository.Root, Page);

        (int exit, string output, string error) = Shells.Run("groff", "-man", "-ww", "-Tutf8", "-P-cbou", "-rLL=100n", file);

        Assert.Equal("", error);
        Assert.Equal(0, exit);
        Assert.Contains("clawmesh-edge run", output, StringComparison.Ordinal);
        Assert.Contains("EXIT STATUS", output, StringComparison.Ordinal);
    }
}
