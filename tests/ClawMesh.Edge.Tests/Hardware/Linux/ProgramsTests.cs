using ClawMesh.Edge.Hardware.Linux;

namespace ClawMesh.Edge.Tests.Hardware.Linux;

public sealed class ProgramsTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    [Fact]
    public void Both_streams_and_the_exit_code_come_back()
    {
        ProgramResult result = Shell("echo one; echo two >&2; exit 3");

        Assert.Equal((3, "one\ntwo\n", "two"), (result.ExitCode, result.Output, result.LastLine));
        Assert.False(result.Ok);
    }

    [Fact]
    public void A_program_that_does_not_exist_is_null() => Assert.Null(Programs.Run("clawmesh-no-such-program", [], Long, TimeProvider.System));

    [Fact]
    public void Arguments_arrive_as_they_are() =>
        Assert.Equal("[a b][$HOME][]", Programs.Run("sh", ["-c", "for a; do printf '[%s]' \"$a\"; done", "sh", "a b", "$HOME", ""], Long, TimeProvider.System)!.Output);

    [Fact]
    public void There_is_nothing_to_read_and_words_are_plain() => Assert.Equal("C", Shell("cat; printf %s \"$LC_ALL\"").Output);

    [Fact]
    public void Its_complaints_can_be_left_to_the_terminal() =>
        Assert.Equal("one\n", Programs.Run("sh", ["-c", "echo one; echo two >&2"], Long, TimeProvider.System, withErrors: false)!.Output);

    [Fact]
    public void A_program_may_be_named_by_its_path() => Assert.Equal("one\n", Programs.Run("/bin/sh", ["-c", "echo one"], Long, TimeProvider.System)!.Output);

    [Fact]
    public void A_program_that_takes_too_long_is_killed()
    {
        ProgramResult result = Programs.Run("sleep", ["600"], TimeSpan.FromMilliseconds(50), TimeProvider.System)!;

        Assert.Equal((-9, true), (result.ExitCode, result.TimedOut));
    }

    [Fact]
    public void Much_output_is_cut_and_does_not_hold_the_program_up()
    {
        ProgramResult result = Shell("head -c 1000000 /dev/zero | tr '\\0' x");

        Assert.True(result.Ok);
        Assert.InRange(result.Output.Length, 64 * 1024, 72 * 1024);
    }

    [Fact]
    public void What_it_leaves_running_is_not_waited_for() => Assert.Equal("done\n", Shell("sleep 5 & echo done").Output);

    [Fact]
    public void What_it_started_is_killed_with_it_and_cannot_hold_the_reader_up_by_writing()
    {
        ProgramResult result = Programs.Run("sh", ["-c", "sh -c 'echo $$; exec yes' & wait"], TimeSpan.FromMilliseconds(200), TimeProvider.System)!;

        Assert.Equal((-9, true), (result.ExitCode, result.TimedOut));
        int child = int.Parse(result.Output.Split('\n').First(l => l.Length > 0 && char.IsAsciiDigit(l[0])), System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(!HostKernel.ProcessExists(child) || File.ReadAllText($"/proc/{child}/stat").Contains(") Z ", StringComparison.Ordinal));
    }

    [Fact]
    public void What_goes_on_writing_after_its_end_is_not_read_for_ever()
    {
        ProgramResult result = Programs.Run("sh", ["-c", "timeout 5 yes & exit 0"], Long, TimeProvider.System)!;

        Assert.Equal((0, false), (result.ExitCode, result.TimedOut));
    }

    private static ProgramResult Shell(string script) => Programs.Run("sh", ["-c", script], Long, TimeProvider.System)!;
}
