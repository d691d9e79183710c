using System.CommandLine;
using ClawMesh.Edge.Agent.Diag;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>diag [GROUP…]</c>: what works here, what does not, and what to do about it. Needs no node and no privilege.</summary>
internal static class DiagVerb
{
    public static Command Build(GlobalOptions g) => Build(g, DiagHost.ThisMachine);

    internal static Command Build(GlobalOptions g, DiagHost host)
    {
        var groups = new Argument<string[]>("GROUP") { Arity = ArgumentArity.ZeroOrMore, Description = $"Only these groups: {DiagGroups.Names}." };
        var strict = new Option<bool>("--strict") { Description = "Exit 1 on warnings too." };
        var deep = new Option<bool>("--deep") { Description = "Take the time that a large journal needs." };
        var command = new Command("diag", "Look at this machine and say what works, what does not and what to do. No node is needed.") { groups, strict, deep };
        g.Body(command, async (context, parsed, cancellationToken) =>
        {
            IReadOnlyList<IDiagGroup> chosen = DiagGroups.Choose(parsed.GetValue(groups) ?? []);
            await using var subject = new DiagContext(context.State, context.Time, parsed.GetValue(deep), host);
            var report = new DiagReport(await DiagRunner.RunAsync(chosen, subject, cancellationToken), context.Verbose);
            context.Write(report);
            return report.ExitCode(parsed.GetValue(strict));
        });
        return command;
    }
}
