using ClawMesh.Edge.Agent.Cli;
using Spectre.Console;

namespace ClawMesh.Edge.Tests.Agent.Cli;

/// <summary>The list of terminals that take ANSI sequences.</summary>
public sealed class TerminalTypeTests
{
    [Theory]
    [InlineData("xterm-256color", true)]
    [InlineData("rxvt-unicode", true)]
    [InlineData("eterm", true)]
    [InlineData("screen.xterm", true)]
    [InlineData("tmux-256color", true)]
    [InlineData("vt100", true)]
    [InlineData("vt102", true)]
    [InlineData("vt220", true)]
    [InlineData("vt320", true)]
    [InlineData("scoansi", true)]
    [InlineData("cygwin", true)]
    [InlineData("linux", true)]
    [InlineData("konsole-256color", true)]
    [InlineData("bvterm", true)]
    [InlineData("st-256color", true)]
    [InlineData("my-alacritty", true)]
    [InlineData("dumb", false)]
    [InlineData("my-xterm", false)]
    [InlineData("XTERM", false)]
    [InlineData("vt52", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_terminal_is_known_by_its_type(string? term, bool ansi) => Assert.Equal(ansi, TerminalType.TakesAnsi(term));

    [Fact]
    public void Spectre_itself_says_the_same_of_the_terminal_the_tests_run_in()
    {
        IAnsiConsole own = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null), Ansi = AnsiSupport.Detect });

        Assert.Equal(TerminalType.TakesAnsi(Environment.GetEnvironmentVariable("TERM")), own.Profile.Capabilities.Ansi);
        Assert.Equal(!own.Profile.Capabilities.Ansi, own.Profile.Capabilities.Legacy);
    }
}
