using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Agent.Config;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Sites;
using ClawMesh.Edge.Hardware.Buses;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Hardware.Sites;
using Spectre.Console;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary>
/// <c>safe-state</c>: every output safe, now. Asks a living node; without one it reads the site the last node ran and writes the
/// outputs itself. Needs no journal and no configuration beyond the site.
/// </summary>
internal static class SafeStateVerb
{
    private static readonly TimeSpan NodeLimit = TimeSpan.FromSeconds(1);

    public static Command Build(GlobalOptions global)
    {
        var site = new Option<string?>("--site") { Description = "The site whose outputs are meant; without it the site of the last run.", HelpName = "S" };
        var command = new Command("safe-state", "Send every output to its safe state, now; a living node latches them.") { site };
        global.Report(command, async (context, parsed, cancellationToken) =>
        {
            // The socket first: an operator by group may open it, and may not look at the node's lock.
            using LocalClient? node = LocalClient.TryConnect(context.State);
            if (node is not null) return await AskNodeAsync(context.State, node, cancellationToken);
            if (NodeLocks.HolderOf(context.State) is { } pid) throw Hangs(pid, "it holds the node's lock and its local socket is closed");
            return await WithoutNodeAsync(context, parsed.GetValue(site), cancellationToken);
        });
        return command;
    }

    private static async Task<JsonReport> AskNodeAsync(StateDirectory state, LocalClient client, CancellationToken cancellationToken)
    {
        try
        {
            return Report(await client.CallAsync("edge.safe-state", null, NodeLimit, cancellationToken), "the running node; the outputs are latched until `clawmesh-edge release`");
        }
        catch (EdgeException unreachable) when (unreachable.Code == ErrorCodes.NodeUnreachable)
        {
            // Its lines are its own: writing past a living node would race with it.
            throw Hangs(NodeLocks.HolderOf(state) ?? 0, unreachable.Why);
        }
    }

    private static EdgeException Hangs(int pid, string why) => new(
        "safe_state.node_hangs", "Could not send the outputs to their safe state.",
        $"{(pid > 0 ? $"Process {pid}" : "A process whose id is not known")} holds them and did not answer within {NodeLimit.TotalSeconds:0} s: {why}",
        pid > 0 ? $"End it with `kill -9 {pid}` and run `clawmesh-edge safe-state` again." : "Find it with `fuser` on node.lock in the state directory, end it with kill -9, and run `clawmesh-edge safe-state` again.");

    private static async Task<JsonReport> WithoutNodeAsync(CliContext context, string? siteFlag, CancellationToken cancellationToken)
    {
        StateDirectory state = context.State;
        Site site = siteFlag is not null ? Node.Sites.Load(siteFlag) : LastSite(state);
        IReadOnlyList<OutputSafeResult> results = SafeStateMedium.MakeAllSafe(site, state.Path, LinuxPorts.ThisMachine, Node.Sites.BoardOf(site), context.Time);
        JsonElement data = JsonMembers.Element(writer => SafeResultsJson.Write(writer, results));
        string journal = await TryJournalAsync(context, site, results, cancellationToken);
        return Report(data, $"site '{site.Name}', no node running; {journal}");
    }

    /// <summary>Afterwards, and only if it can be done: the outputs are safe already, and nothing here may undo that with an error.</summary>
    private static async Task<string> TryJournalAsync(CliContext context, Site site, IReadOnlyList<OutputSafeResult> results, CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(context.State.Path, "edge.db"))) return "there is no journal yet to tell";
        try
        {
            using OperatorJournal journal = OperatorJournal.Hold(context.State, context.Time, "Could not journal the safe state.");
            journal.Open();
            string energised = string.Join(", ", results.Where(r => r.Result.WasEnergised).Select(r => r.Output.Value));
            long sequence = await journal.AppendAsync("safe-state", $"site {site.Name}; energised before: {(energised.Length == 0 ? "none" : energised)}", cancellationToken);
            return $"journal record {sequence}";
        }
        catch (Exception unavailable) when (unavailable is EdgeException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            return $"not journaled: {(unavailable as EdgeException)?.Why ?? unavailable.Message}";
        }
    }

    private static Site LastSite(StateDirectory state)
    {
        if (!File.Exists(state.ActiveSiteFile))
        {
            throw new EdgeException(
                ErrorCodes.SiteMissing, "Could not tell which outputs are meant.", $"No node has run here: '{state.ActiveSiteFile}' does not exist.",
                "Name the site with --site NAME or --site FILE.", FailureClass.Config);
        }

        string text;
        try
        {
            text = File.ReadAllText(state.ActiveSiteFile);
        }
        catch (Exception closed) when (closed is IOException or UnauthorizedAccessException)
        {
            throw new EdgeException(
                ErrorCodes.SiteMissing, "Could not tell which outputs are meant.", $"'{state.ActiveSiteFile}' cannot be read: {closed.Message}",
                "Run the command as root or as the node's user, or name the site with --site.", FailureClass.Config, closed);
        }

        return Node.Sites.OrThrow(ActiveSite.Read(text, state.ActiveSiteFile), state.ActiveSiteFile);
    }

    private static JsonReport Report(JsonElement data, string through)
    {
        bool all = data.Items("outputs").All(o => o.Flag("confirmed"));
        return new JsonReport("safe-state", all ? ReportStatus.Ok : ReportStatus.Fail, data, (d, console) => Render(d, console, through));
    }

    private static void Render(JsonElement data, IAnsiConsole console, string through)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("output", "before", "now");
        foreach (JsonElement output in data.Items("outputs"))
        {
            table.AddRow(
                new Text(output.Text("ref")),
                new Text(output.Flag("wasEnergised") ? "energised" : "safe"),
                new Text(output.Flag("confirmed") ? "safe" : $"NOT CONFIRMED: {output.Text("detail")}"));
        }

        console.Write(table);
        console.WriteLine($"Through {through}.");
    }
}
