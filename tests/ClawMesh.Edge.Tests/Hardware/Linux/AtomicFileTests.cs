using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Linux;

public sealed class AtomicFileTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    [Fact]
    public void A_written_file_has_its_content_and_mode_and_leaves_no_temporary_behind()
    {
        string path = _scratch.Put("secret", "old and longer than the new content");

        AtomicFile.Write(path, "new"u8, UnixMode.OwnerOnly);

        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal("0600", UnixMode.Octal(UnixMode.Of(path)));
        Assert.Equal([path], Directory.GetFileSystemEntries(_scratch.Path));
    }

    [Fact]
    public void A_symbolic_link_is_replaced_and_its_target_stays()
    {
        string target = _scratch.Put("target", "kept");
        File.CreateSymbolicLink(_scratch.At("link"), target);

        AtomicFile.Write(_scratch.At("link"), "new"u8, UnixMode.OwnerOnly);

        Assert.Equal("kept", File.ReadAllText(target));
        Assert.Null(new FileInfo(_scratch.At("link")).LinkTarget);
    }

    [Fact]
    public void Of_many_creators_exactly_one_wins()
    {
        int wins = 0;

        Parallel.For(0, 32, i =>
        {
            if (AtomicFile.TryCreate(_scratch.At("one"), [(byte)i], UnixMode.OwnerOnly)) Interlocked.Increment(ref wins);
        });

        Assert.Equal(1, wins);
        Assert.Single(Directory.GetFileSystemEntries(_scratch.Path));
    }

    [Fact]
    public void A_missing_directory_is_a_storage_fault_that_names_the_file()
    {
        var fault = Assert.Throws<EdgeException>(() => AtomicFile.Write(_scratch.At("no/where"), "x"u8, UnixMode.OwnerOnly));

        Assert.Equal("storage.write_failed", fault.Code);
        Assert.Equal(FailureClass.Storage, fault.FailureClass);
        Assert.Contains("no/where", fault.What);
    }

    [Fact]
    public void A_directory_in_the_way_is_a_fault_and_no_temporary_is_left()
    {
        Directory.CreateDirectory(_scratch.At("taken"));

        Assert.Throws<EdgeException>(() => AtomicFile.Write(_scratch.At("taken"), "x"u8, UnixMode.OwnerOnly));

        Assert.Equal([_scratch.At("taken")], Directory.GetFileSystemEntries(_scratch.Path));
    }

    public void Dispose() => _scratch.Dispose();
}
