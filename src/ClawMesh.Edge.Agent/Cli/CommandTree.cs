using System.CommandLine;
using System.CommandLine.Parsing;
using ClawMesh.Edge.Agent.Cli.Verbs;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Agent.Cli;

/// <summary>All verbs. Building the tree opens nothing, so <c>--help</c> is always safe.</summary>
internal sealed class CommandTree
{
    private readonly GlobalOptions _global;
    private readonly TextWriter _output;
    private readonly TextWriter _error;

    private CommandTree(GlobalOptions global, RootCommand root, TextWriter output, TextWriter error) => (_global, Root, _output, _error) = (global, root, output, error);

    public RootCommand Root { get; }

    public static CommandTree Build(TextWriter output, TextWriter error, TimeProvider time)
    {
        var global = new GlobalOptions(output, error, time);
        var root = new RootCommand("clawmesh-edge: a field node that senses, gates, actuates and remembers.");
        // `version` is a verb with more to say.
        foreach (Option versionOption in root.Options.OfType<VersionOption>().ToArray()) root.Options.Remove(versionOption);
        global.AddTo(root);
        foreach (Command verb in (Command[])
        [
            RunVerb.Build(global), DiagVerb.Build(global),
            ViewVerbs.Status(global), ViewVerbs.Peers(global), ViewVerbs.World(global), ViewVerbs.Events(global), ViewVerbs.Proposals(global),
            DecideVerbs.Approve(global), DecideVerbs.Reject(global), ActuateVerb.Build(global), ReleaseVerb.Build(global), FenceVerb.Build(global), SafeStateVerb.Build(global),
            AuditVerb.Build(global), JournalVerb.Build(global), IdentityVerb.Build(global), TrustVerb.Build(global), PairVerb.Build(global), MeshesVerb.Build(global), ConfigVerb.Build(global),
            BoardVerb.Build(global), SiteVerb.Build(global), ScanVerb.Build(global), ModelVerb.Build(global), ClockVerb.Build(global), ServiceVerb.Build(global), UpdateVerb.Build(global),
            VersionVerb.Build(global),
        ])
        {
            root.Subcommands.Add(verb);
        }

        return new CommandTree(global, root, output, error);
    }

    public async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        ParseResult parsed = Root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            string verb = string.Concat(Path(parsed.CommandResult).Select(name => $" {name}"));
            _global.Context(parsed).WriteError(new EdgeException(
                ErrorCodes.Usage, "The command line was not understood.", string.Join(" ", parsed.Errors.Select(e => InPlainWords(e.Message))),
                $"`clawmesh-edge{verb} --help` shows what is allowed.", FailureClass.Config));
            return ExitCodes.Usage;
        }

        // Verbs that last handle SIGINT and SIGTERM themselves: outputs go safe before the process ends.
        return await parsed.InvokeAsync(new InvocationConfiguration { Output = _output, Error = _error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(15) });
    }

    private static IEnumerable<string> Path(SymbolResult? result)
    {
        if (result is not CommandResult { Command: not RootCommand } command) return [];
        return [.. Path(command.Parent), command.Command.Name];
    }

    // The parser speaks of the types behind an option; its user has none.
    private static string InPlainWords(string message) => message
        .Replace("as expected type 'System.Int32'", "as a whole number", StringComparison.Ordinal)
        .Replace("as expected type 'System.Int64'", "as a whole number", StringComparison.Ordinal)
        .Replace("as expected type 'System.UInt64'", "as a whole number from 0 on", StringComparison.Ordinal)
        .Replace("as expected type 'System.Double'", "as a number", StringComparison.Ordinal);
}
