using System.Text;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Tests.Hardware.Sites;

public sealed class ActiveSiteTests : IDisposable
{
    private readonly DirectoryInfo _boards = Directory.CreateTempSubdirectory("cmt-");

    [Fact]
    public void The_site_comes_back_although_the_board_it_was_resolved_on_is_gone()
    {
        string own = File.ReadAllText(WriteBoard()).Replace("\"name\": \"simulated\"", "\"name\": \"mine\"", StringComparison.Ordinal);
        string file = Path.Combine(_boards.FullName, "mine.json");
        File.WriteAllText(file, own);
        var catalog = new BoardCatalog(_boards.FullName);
        string text = new SiteCatalog(new BoardCatalog()).Read("simulated").Site!.Text.Replace("\"board\": \"simulated\"", "\"board\": \"mine\"", StringComparison.Ordinal);
        Site site = SiteFile.Read(text, "test", catalog).Site!;
        string written = Encoding.UTF8.GetString(ActiveSite.Write(site, catalog));
        File.Delete(file);

        SiteReadResult read = ActiveSite.Read(written, "active-site.json");

        Assert.Empty(read.Problems);
        Assert.Equal(site.Actuators.Select(a => a.Policy.Actuator), read.Site!.Actuators.Select(a => a.Policy.Actuator));
        Assert.Equal(site.Text, read.Site.Text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"schema":2,"boardName":"a","board":"","site":""}""")]
    [InlineData("""{"schema":1.5,"boardName":"a","board":"","site":""}""")]
    [InlineData("""{"schema":1,"boardName":"a","board":"{","site":"{"}""")]
    public void A_file_no_node_wrote_is_a_problem_with_a_fix(string text)
    {
        SiteReadResult read = ActiveSite.Read(text, "active-site.json");

        Assert.Null(read.Site);
        Assert.All(read.Problems, p => Assert.NotEmpty(p.Fix));
        Assert.NotEmpty(read.Problems);
    }

    public void Dispose() => _boards.Delete(recursive: true);

    private string WriteBoard()
    {
        string file = Path.Combine(_boards.FullName, "simulated.json");
        File.WriteAllText(file, new BoardCatalog().TextOf("simulated"));
        return file;
    }
}
