using ClawMesh.Edge.Hardware.Boards;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Boards;

public sealed class BoardMatchTests : IDisposable
{
    private static readonly BoardCatalog Catalog = new("/nonexistent");

    private readonly ScratchDirectory _root = new();

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData("nvidia,p3768-0000+p3767-0005-super nvidia,p3767-0005 nvidia,tegra234", "orin-nano")]
    [InlineData("nvidia,p3509-0000+p3767-0001 nvidia,tegra234", "orin-nx")]
    [InlineData("nvidia,p3737-0000+p3701-0005 nvidia,p3701-0005 nvidia,tegra234", "agx-orin")]
    [InlineData("nvidia,e3900-0000+p2888-0004 nvidia,jetson-xavier nvidia,tegra194", "clara-agx-xavier")]
    [InlineData("nvidia,p2972-0000 nvidia,tegra194", "agx-xavier")]
    [InlineData("nvidia,p3449-0000+p3668-0003 nvidia,tegra194", "xavier-nx")]
    [InlineData("nvidia,p3509-0000+p3636-0001 nvidia,tegra186", "tx2-nx")]
    [InlineData("nvidia,quill nvidia,tegra186", "tx2")]
    [InlineData("nvidia,p2371-2180 nvidia,tegra210", "tx1")]
    [InlineData("nvidia,p3971-0080+p3834-0008 nvidia,tegra264", "thor")]
    public void A_machine_is_the_first_board_that_names_one_of_its_entries(string entries, string board)
    {
        Machine(entries);

        BoardFinding found = BoardMatch.Find(_root.Path, Catalog);

        Assert.Equal(board, found.Board?.Name);
        Assert.Contains(found.Compatible!, entries, StringComparison.Ordinal);
        Assert.Null(found.CarrierMatches);
        Assert.Equal("", found.Problem);
    }

    [Fact]
    public void Module_and_carrier_are_told_by_their_numbers()
    {
        Machine("nvidia,p3768-0000+p3767-0005-super nvidia,tegra234");

        Assert.Equal("p3767-0005-super on p3768-0000", BoardMatch.Find(_root.Path, Catalog).Module);
    }

    [Fact]
    public void An_unknown_variant_of_a_known_module_is_told_and_is_no_board()
    {
        Machine("nvidia,p3768-0000+p3767-0009-super nvidia,tegra234");

        BoardFinding found = BoardMatch.Find(_root.Path, Catalog);

        Assert.Null(found.Board);
        Assert.Contains("known module p3767, unknown variant", found.Problem, StringComparison.Ordinal);
        Assert.Contains("orin-nano, orin-nx", found.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("acme,toaster acme,soc")]
    [InlineData("nvidia,p37-1+p2 nvidia,p3768-00x0+p3767-0005 nvidia,p3768-0000+p3767 nvidia,+")]
    public void An_unknown_machine_is_no_board_and_its_entries_are_told(string entries)
    {
        Machine(entries);

        BoardFinding found = BoardMatch.Find(_root.Path, Catalog);

        Assert.Equal((null, null, null), (found.Board, found.Compatible, found.Module));
        Assert.Contains(entries.Split(' ')[0], found.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_device_tree_no_board_is_assumed()
    {
        BoardFinding found = BoardMatch.Find(_root.Path, Catalog);

        Assert.Null(found.Board);
        Assert.Contains("container", found.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("3767-0005-300 3768-0000-301", true)]
    [InlineData("3767-0005-300 9999-0000-301", false)]
    public void A_carrier_that_is_not_among_the_ids_is_told(string ids, bool matches)
    {
        Machine("nvidia,p3768-0000+p3767-0005 nvidia,tegra234");
        _root.Put("proc/device-tree/chosen/ids", ids);

        BoardFinding found = BoardMatch.Find(_root.Path, Catalog);

        Assert.Equal("orin-nano", found.Board?.Name);
        Assert.Equal(matches, found.CarrierMatches);
        Assert.Equal(matches, found.Problem.Length == 0);
    }

    [Fact]
    public void Ids_may_stand_as_names_of_files()
    {
        Machine("nvidia,p2972-0000 nvidia,tegra194");
        _root.Put("proc/device-tree/chosen/plugin-manager/ids/2822-0000-300", "");

        Assert.True(BoardMatch.Find(_root.Path, Catalog).CarrierMatches);
    }

    [Theory]
    [InlineData("3448-0000-200 3449-0000-200", true, "")]
    [InlineData("3448-0000-100 3449-0000-100", false, "revision 100")]
    [InlineData("", false, "revision is not told")]
    public void A_Nano_before_revision_A02_has_another_header(string ids, bool known, string told)
    {
        Machine("nvidia,p3450-0000 nvidia,tegra210");
        if (ids.Length > 0) _root.Put("proc/device-tree/chosen/ids", ids);

        BoardFinding found = BoardMatch.Find(_root.Path, Catalog);

        Assert.Equal(known ? "nano" : null, found.Board?.Name);
        Assert.Contains(told, found.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_board_with_errors_is_not_asked_and_that_is_told()
    {
        _root.Put("boards/orin-nano.json", "{");
        Machine("nvidia,p3768-0000+p3767-0005 nvidia,tegra234");

        BoardFinding found = BoardMatch.Find(_root.Path, new BoardCatalog(_root.At("boards")));

        Assert.Null(found.Board);
        Assert.Contains("1 of the board files have errors", found.Problem, StringComparison.Ordinal);
    }

    private void Machine(string entries) => _root.Put("proc/device-tree/compatible", entries.Replace(' ', '\0') + "\0");
}
