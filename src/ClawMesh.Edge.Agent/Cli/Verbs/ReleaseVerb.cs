using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Agent.LocalApi;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>release [TARGET]</c>: clears a latch after a person has looked.</summary>
internal static class ReleaseVerb
{
    public static Command Build(GlobalOptions global)
    {
        var target = new Argument<string?>("TARGET") { Description = "The output; all of them when left out.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("release", "Clear the latch of an output, or of all; for operators, journaled.") { target };
        global.Report(command, async (context, parsed, cancellationToken) =>
        {
            using LocalClient client = LocalClient.Connect(context.State);
            JsonElement data = await client.CallAsync(
                "edge.release",
                w =>
                {
                    if (parsed.GetValue(target) is { } t) w.WriteString("target", t);
                },
                TimeSpan.FromSeconds(10), cancellationToken);
            return new JsonReport("release", ReportStatus.Ok, data, Render);
        });
        return command;
    }

    private static void Render(JsonElement data, IAnsiConsole console)
    {
        string[] released = [.. data.Items("released").Select(r => r.GetString()!)];
        console.WriteLine(released.Length == 0 ? "Nothing was latched." : $"Released: {string.Join(", ", released)}.");
    }
}
