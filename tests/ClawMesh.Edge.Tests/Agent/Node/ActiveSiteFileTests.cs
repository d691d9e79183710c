using System.Text;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Sites;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Agent.Node;

public sealed class ActiveSiteFileTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_board_that_changed_since_the_start_is_a_difference_although_the_site_is_the_same()
    {
        Site site = new SiteCatalog(new BoardCatalog()).Read("simulated").Site!;
        var boards = new BoardCatalog(_scratch.At("boards"));
        _scratch.Put("boards/simulated.json", "one");
        byte[] started = ActiveSite.Write(site, boards);

        Assert.Null(ActiveSiteFile.Difference(started, "simulated", site, boards));
        _scratch.Put("boards/simulated.json", "two");
        Assert.Contains("board 'simulated'", ActiveSiteFile.Difference(started, "simulated", site, boards), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_left_for_safe_state_is_what_was_read_at_the_start()
    {
        var state = new StateDirectory(_scratch.Path, "--state-dir");

        Assert.Null(ActiveSiteFile.TryWrite(state, Encoding.UTF8.GetBytes("as it was")));

        Assert.Equal("as it was", File.ReadAllText(state.ActiveSiteFile));
    }
}
