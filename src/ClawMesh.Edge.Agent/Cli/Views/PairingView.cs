using System.Text.Json;
using ClawMesh.Edge.Agent.Cli.Verbs;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Views;

/// <summary>The other device as a person sees it before agreeing ([X-62]), and what came of it.</summary>
internal static class PairingView
{
    /// <summary>A device id in 16 groups of four digits, as people compare it ([X-61]).</summary>
    public static string Groups(string deviceId) => string.Join(' ', deviceId.Chunk(4).Select(four => new string(four)));

    public static void RenderOther(IAnsiConsole console, JsonElement status)
    {
        console.WriteLine();
        console.Write(Facts.Grid(
            ("other device", Facts.Plain(status.Text("displayName"))), ("device id", Groups(status.Text("deviceId"))),
            ("mesh", status.Text("joins") is { Length: > 0 } joins ? $"this node leaves its own and joins {joins}" : status.Text("meshId") is { Length: > 0 } mesh ? $"{mesh}, which is this node's too" : "it joins this node's")));
        console.WriteLine();
        Lines(console, "It will be allowed here to", status.Member("gives"));
        Lines(console, "This node will be allowed there to", status.Member("gets"));
        console.WriteLine();
    }

    public static void RenderResult(JsonElement status, IAnsiConsole console)
    {
        console.Write(new Text($"Paired with {Facts.Plain(status.Text("displayName"))}, {Groups(status.Text("deviceId"))}.\n"));
        if (status.Text("joins") is { Length: > 0 } joins) console.Write(new Text($"This node now belongs to mesh {joins}.\n"));
        console.WriteLine("The two find and join each other from now on. `trust list` shows what was granted, `trust grant` changes it.");
    }

    private static void Lines(IAnsiConsole console, string title, JsonElement grants)
    {
        var lines = new List<string>();
        if (grants.Flag("gossip")) lines.Add("  tell what it observes");
        if (grants.Flag("relay")) lines.Add("  pass on what others observe");
        if (grants.Flag("sync")) lines.Add("  ask for what it missed");
        foreach (JsonElement item in grants.Items("command"))
        {
            string reference = item.GetString()!;
            lines.Add(reference == "*" ? "! command every output" : reference.Contains('*', StringComparison.Ordinal) ? $"! command every output that fits {reference}" : $"  command {reference}");
        }

        if (grants.Flag("approve")) lines.Add("! assert that a person has approved");
        lines.Add(lines.Count == 0 ? "  do nothing" : $"  be believed up to {grants.Text("maxTier")}");
        console.Write(new Text($"{title}:\n{string.Join('\n', lines)}\n"));
    }
}
