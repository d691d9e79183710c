using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Native;

namespace ClawMesh.Edge.Tests.Hardware.Linux;

/// <summary>A person's yes comes from a terminal: what counts as one.</summary>
[Trait("spec", "X-54")]
public sealed class ProcessTerminalTests : IDisposable
{
    private const string Foreground = "7 (pair (x) ) S 1 7 7 34816 7 4194304 1";

    private readonly ScratchDirectory _proc = new();

    public void Dispose() => _proc.Dispose();

    [Theory]
    [InlineData(Foreground, "/dev/pts/3", null)]
    [InlineData(Foreground, "/dev/tty1", null)]
    [InlineData(Foreground, "/dev/ttyS0", null)]
    [InlineData(Foreground, "/dev/console", null)]
    [InlineData(Foreground, "/dev/null", "standard input")]
    [InlineData(Foreground, "pipe:[4711]", "standard input")]
    [InlineData(Foreground, "socket:[4711]", "standard input")]
    [InlineData(Foreground, "/home/anna/answers", "standard input")]
    [InlineData(Foreground, "/dev/ptmx", "standard input")]
    [InlineData("7 (pair) S 1 7 7 0 -1 4194304 1", "/dev/pts/3", "controlling terminal")]
    [InlineData("7 (pair) S 1 7 7 34816 9 4194304 1", "/dev/pts/3", "foreground")]
    [InlineData("7 (pair) S 1 7", "/dev/pts/3", "says nothing")]
    [InlineData("", "/dev/pts/3", "says nothing")]
    public void A_process_in_the_foreground_that_reads_a_terminal_has_one(string stat, string input, string? missing)
    {
        _proc.Put("7/stat", stat);
        Directory.CreateDirectory(_proc.At("7/fd"));
        File.CreateSymbolicLink(_proc.At("7/fd/0"), input);
        string? said = ProcessTerminal.Missing(7, mayLook: true, _proc.Path);
        if (missing is null) Assert.Null(said);
        else Assert.Contains(missing, said, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_the_kernel_shows_no_files_the_controlling_terminal_counts_and_only_there()
    {
        _proc.Put("7/stat", Foreground);
        Assert.Null(ProcessTerminal.Missing(7, mayLook: false, _proc.Path));
        Assert.NotNull(ProcessTerminal.Missing(7, mayLook: true, _proc.Path));
        Assert.NotNull(ProcessTerminal.Missing(8, mayLook: false, _proc.Path));
    }

    [Theory]
    [InlineData("7 (node) S 1 7 7 34816 7 4194304 1", true)]
    [InlineData("7 (a) 0 0 0 0) S 1 7 7 0 -1 4194304 1", false)]
    [InlineData("7 (node) S", false)]
    public void Only_a_terminal_that_controls_the_process_can_hang_up_on_it(string stat, bool has)
    {
        _proc.Put("7/stat", stat);
        Assert.Equal(has, ProcessTerminal.HasControlling(7, _proc.Path));
        Assert.False(ProcessTerminal.HasControlling(8, _proc.Path));
    }

    [Fact]
    public void A_process_that_is_gone_has_none() => Assert.NotNull(ProcessTerminal.Missing(int.MaxValue, mayLook: true));
}
