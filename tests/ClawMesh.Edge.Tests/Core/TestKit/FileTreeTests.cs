using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Core.TestKit;

public sealed class FileTreeTests
{
    [Fact]
    public void A_text_becomes_files_links_and_directories()
    {
        using var root = new ScratchDirectory();

        FileTree.Unpack("# a remark\na/one: 1: x -> y\na/iio:device0/two: \\x41\\xff\\0\\n\na/three:\na/four: 4\\c\nlink -> a/one\nempty/\na/four: five\n", root.Path);

        Assert.Equal("1: x -> y\n", File.ReadAllText(root.At("link")));
        Assert.Equal([0x41, 0xFF, 0, (byte)'\n', (byte)'\n'], File.ReadAllBytes(root.At("a/iio:device0/two")));
        Assert.Equal("\n", File.ReadAllText(root.At("a/three")));
        Assert.Equal("five\n", File.ReadAllText(root.At("a/four")));
        Assert.True(Directory.Exists(root.At("empty")));
    }

    [Theory]
    [InlineData("no sense")]
    [InlineData("a: \\q")]
    public void What_is_nothing_of_the_kind_is_an_error(string line)
    {
        using var root = new ScratchDirectory();

        Assert.Throws<FormatException>(() => FileTree.Unpack(line, root.Path));
    }
}
