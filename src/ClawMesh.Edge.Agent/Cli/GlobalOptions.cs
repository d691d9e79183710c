using System.CommandLine;
using ClawMesh.Edge.Core.Errors;

namespace ClawMesh.Edge.Agent.Cli;

/// <summary>The options every verb takes, and the one way a verb is run.</summary>
internal sealed class GlobalOptions(TextWriter output, TextWriter error, TimeProvider time)
{
    public Option<bool> Json { get; } = new("--json") { Description = "One JSON object on standard output, nothing else there.", Recursive = true };

    public Option<string?> StateDir { get; } = new("--state-dir") { Description = "Where the node keeps its state.", HelpName = "DIR", Recursive = true };

    public Option<bool> Verbose { get; } = new("--verbose", "-v") { Description = "Say more, such as which state directory is used.", Recursive = true };

    public void AddTo(Command root)
    {
        root.Options.Add(Json);
        root.Options.Add(StateDir);
        root.Options.Add(Verbose);
    }

    public CliContext Context(ParseResult parsed) =>
        new(parsed.GetValue(Json), parsed.GetValue(StateDir), parsed.GetValue(Verbose), output, error, time);

    /// <summary>Gives <paramref name="command"/> a body. Faults become an error report and an exit code; a bug ends the process with its stack.</summary>
    public void Body(Command command, Func<CliContext, ParseResult, CancellationToken, Task<int>> body)
    {
        command.SetAction(async (parsed, cancellationToken) =>
        {
            CliContext context = Context(parsed);
            try
            {
                return await body(context, parsed, cancellationToken);
            }
            catch (EdgeException fault)
            {
                context.WriteError(fault);
                return ExitCodes.For(fault);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // Interrupted by the person. What a command has started in the node goes on there.
                return ExitCodes.Failed;
            }
        });
    }

    /// <summary>A body that writes one report; its status decides between exit 0 and 1.</summary>
    public void Report(Command command, Func<CliContext, ParseResult, CancellationToken, Task<IReport>> body) =>
        Body(command, async (context, parsed, cancellationToken) =>
        {
            IReport report = await body(context, parsed, cancellationToken);
            context.Write(report);
            return report.Status == ReportStatus.Fail ? ExitCodes.Failed : ExitCodes.Ok;
        });
}
