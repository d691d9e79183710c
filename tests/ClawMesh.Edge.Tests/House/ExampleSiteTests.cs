using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Hardware.Sites;

namespace ClawMesh.Edge.Tests.House;

/// <summary>What stands in <c>examples/sites</c> is copied into real installations.</summary>
public sealed class ExampleSiteTests
{
    public static TheoryData<string> Examples => [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "examples/sites"), "*.json").Select(file => Path.GetFileName(file)!)];

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_has_no_problem_and_clashes_with_nothing_on_its_board(string file)
    {
        var boards = new BoardCatalog("/nonexistent");

        SiteReadResult read = SiteFile.Read(Repository.Text($"examples/sites/{file}"), file, boards);

        Assert.Empty(read.Problems);
        Assert.Empty(BoardConflicts.Find(read.Site!, boards.Read(read.Site!.Board).Board!, ports: null, pinmux: null));
        // Without one an output goes back to its safe value at once.
        Assert.All(read.Site.Actuators, actuator => Assert.NotNull(actuator.Effect));
    }
}
