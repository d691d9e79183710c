using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Linux;

public sealed class DurableTreeTests
{
    [Fact]
    public void A_link_is_switched_in_one_step_and_may_name_what_is_not_there()
    {
        using var scratch = new ScratchDirectory();
        Directory.CreateDirectory(scratch.At("one"));

        DurableTree.Point(scratch.At("link"), "one");
        DurableTree.Point(scratch.At("link"), "two");

        Assert.Equal("two", new FileInfo(scratch.At("link")).LinkTarget);
        Assert.Equal(["link", "one"], Directory.GetFileSystemEntries(scratch.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Removing_a_link_leaves_what_it_names()
    {
        using var scratch = new ScratchDirectory();
        scratch.Put("one/file", "kept");
        DurableTree.Point(scratch.At("link"), "one");

        DurableTree.Remove(scratch.At("link"));
        DurableTree.Remove(scratch.At("not there"));
        Assert.True(File.Exists(scratch.At("one/file")));

        DurableTree.Remove(scratch.At("one"));
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
    }

    [Fact]
    public void A_rename_over_a_folder_that_is_not_empty_is_an_error_with_the_kernels_words()
    {
        using var scratch = new ScratchDirectory();
        scratch.Put("one/file", "");
        scratch.Put("two/file", "");

        EdgeException failed = Assert.Throws<EdgeException>(() => DurableTree.Rename(scratch.At("one"), scratch.At("two")));

        Assert.Equal("storage.write_failed", failed.Code);
        Assert.Contains("errno", failed.Why, StringComparison.Ordinal);
    }
}
