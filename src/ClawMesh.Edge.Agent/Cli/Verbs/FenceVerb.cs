using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Agent.LocalApi;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>fence TARGET</c>: takes the sole right to command an output, also from whoever holds it, or gives it back.</summary>
internal static class FenceVerb
{
    public static Command Build(GlobalOptions global)
    {
        var target = new Argument<string>("TARGET") { Description = "The output." };
        var seconds = new Option<int>("--seconds") { Description = "For how long, 1 to 300.", DefaultValueFactory = _ => 60 };
        var release = new Option<bool>("--release") { Description = "Give it back, or end another's." };
        var command = new Command("fence", "Take the sole right to command an output for a while; for operators, journaled when it was another's.") { target, seconds, release };
        global.Report(command, async (context, parsed, cancellationToken) =>
        {
            using LocalClient client = LocalClient.Connect(context.State);
            JsonElement data = await client.CallAsync(
                "edge.fence",
                w =>
                {
                    w.WriteString("targetRef", parsed.GetValue(target));
                    if (parsed.GetValue(release)) w.WriteBoolean("release", true);
                    else w.WriteNumber("ttlMs", parsed.GetValue(seconds) * 1000L);
                },
                TimeSpan.FromSeconds(10), cancellationToken);
            return new JsonReport("fence", ReportStatus.Ok, data, Render);
        });
        return command;
    }

    private static void Render(JsonElement data, IAnsiConsole console) => console.WriteLine(
        data.Flag("released")
            ? $"Nobody holds the fence of '{data.Text("targetRef")}' now."
            : $"'{data.Text("targetRef")}' is yours, fence {data.Number("fence"):0}, until {DateTimeOffset.FromUnixTimeMilliseconds((long)(data.Number("expiresAtMs") ?? 0)):HH:mm:ss}Z.");
}
