using System.CommandLine;
using ClawMesh.Edge.Agent.Cli;

namespace ClawMesh.Edge.Tests.Agent.Cli;

public sealed class HelpTests
{
    public static TheoryData<string> Commands => [.. All(CommandTree.Build(TextWriter.Null, TextWriter.Null, TimeProvider.System).Root, "")];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_says_something_and_opens_nothing(string command)
    {
        using var bench = new CliBench();

        int exit = await bench.RunAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help", "-v"]);

        Assert.Equal(0, exit);
        Assert.Contains("Usage:", bench.Output, StringComparison.Ordinal);
        Assert.Equal("", bench.Error);
        Assert.False(Directory.Exists(bench.State.Path));
    }

    [Fact]
    public async Task A_group_without_its_verb_is_a_usage_error()
    {
        using var bench = new CliBench();

        await bench.FailsAsync(2, "cli.usage", "config");
    }

    private static IEnumerable<string> All(Command command, string path) =>
        [path, .. command.Subcommands.SelectMany(sub => All(sub, $"{path} {sub.Name}".Trim()))];
}
