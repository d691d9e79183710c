using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Linux;

/// <summary>Files that another user put where root looks.</summary>
public sealed class ForeignFileTests : IDisposable
{
    private static readonly FileOwner Nobody = new(65534, 65534);

    private readonly ScratchDirectory _scratch = new();

    public ForeignFileTests() => File.SetUnixFileMode(_scratch.Path, (UnixFileMode)0b111_001_001);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_pipe_and_a_device_are_not_opened()
    {
        string pipe = Pipe("pipe");

        Assert.Null(RegularFile.Head(pipe, 10));
        Assert.Null(RegularFile.Head("/dev/zero", 10));
        Assert.Null(RegularFile.Head(_scratch.At("absent"), 10));
        Assert.False(RegularFile.Is(pipe));
        Assert.False(RegularFile.Is(_scratch.Path));
    }

    [Fact]
    public void Of_a_plain_file_the_first_bytes_are_read()
    {
        Assert.Equal("one t", RegularFile.Head(_scratch.Put("file", "one two"), 5));
        Assert.True(RegularFile.Is(_scratch.At("file")));
    }

    [Fact]
    public void A_pipe_in_place_of_the_nodes_lock_is_no_node()
    {
        Pipe("node.lock");

        Assert.Null(NodeLock.HolderOf(_scratch.Path));
    }

    [Fact]
    public void What_others_may_replace_is_not_roots_own()
    {
        string file = _scratch.Put("open/library.so", "x");
        File.SetUnixFileMode(_scratch.At("open"), (UnixFileMode)0b111_111_111);
        File.CreateSymbolicLink(_scratch.At("link.so"), file);

        Assert.Contains("open", RootsOwn.WhyNot(file, out _), StringComparison.Ordinal);
        Assert.Contains("open", RootsOwn.WhyNot(_scratch.At("link.so"), out string real), StringComparison.Ordinal);
        Assert.Equal(file, real);
        Assert.NotNull(RootsOwn.WhyNot(_scratch.At("open/absent/library.so"), out _));
    }

    [Fact]
    public void What_only_root_may_write_is_and_what_is_absent_below_it()
    {
        Assert.Null(RootsOwn.WhyNot("/etc/passwd", out _));
        Assert.Null(RootsOwn.WhyNot("/etc/nowhere/library.so", out string real));
        Assert.Equal("/etc/nowhere/library.so", real);
    }

    [Fact]
    public void In_a_sticky_directory_for_everybody_only_what_is_roots_counts()
    {
        RequireRoot();
        string file = _scratch.Put("sticky/library.so", "x");
        File.SetUnixFileMode(_scratch.At("sticky"), (UnixFileMode)0b1_111_111_111);

        Assert.Null(RootsOwn.WhyNot(file, out _));
        Assert.NotNull(RootsOwn.WhyNot(_scratch.At("sticky/absent.so"), out _));
        PathAccess.Give(file, Nobody);
        Assert.NotNull(RootsOwn.WhyNot(file, out _));
    }

    [Fact]
    public void In_a_users_directory_root_makes_files_of_that_user_and_goes_nowhere_he_may_not_go()
    {
        RequireRoot();
        string his = Directory.CreateDirectory(_scratch.At("his")).FullName;
        string roots = Directory.CreateDirectory(_scratch.At("roots"), UnixMode.OwnerOnlyDirectory).FullName;
        Assert.Null(PathAccess.Give(his, Nobody));
        File.CreateSymbolicLink(Path.Combine(his, "link"), roots);

        using (FileUser? user = FileUser.OfDirectory(his))
        {
            Assert.NotNull(user);
            AtomicFile.Write(Path.Combine(his, "node.json"), "{}"u8, UnixMode.OwnerOnly);
            Assert.Throws<UnauthorizedAccessException>(() => File.WriteAllText(Path.Combine(his, "link/file"), "x"));
        }

        Assert.Equal(Nobody, PathAccess.OwnerOf(Path.Combine(his, "node.json")));
        File.WriteAllText(Path.Combine(his, "link/file"), "x");
        Assert.Equal(new FileOwner(0, 0), PathAccess.OwnerOf(Path.Combine(roots, "file")));
    }

    [Fact]
    public void In_roots_own_directory_nothing_changes() => Assert.Null(FileUser.OfDirectory("/"));

    private static void RequireRoot() => Assert.SkipUnless(HostKernel.EffectiveUserId == 0, "needs root");

    private string Pipe(string name)
    {
        string path = _scratch.At(name);
        Assert.True(Programs.Run("mkfifo", [path], TimeSpan.FromSeconds(20), TimeProvider.System)!.Ok);
        return path;
    }
}
