using System.CommandLine;
using System.Text.Json;
using ClawMesh.Edge.Agent.Cli.Views;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Core.Actuation;

namespace ClawMesh.Edge.Agent.Cli.Verbs;

/// <summary><c>approve ID</c> and <c>reject ID</c>: a person's word about a proposal of this node or of a connected planner.</summary>
internal static class DecideVerbs
{
    // Half a minute for a planner elsewhere to answer, as much for the command it sends to have an outcome, and some air.
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(75);

    public static Command Approve(GlobalOptions global)
    {
        Argument<string> id = Id();
        var confirm = new Option<bool>("--confirm") { Description = "Agree, at the site, to what is approved already: level L3 needs both. Only on the node that has the output." };
        var command = new Command("approve", "Approve a proposal; it then goes through the gate like any command. Tells what came of it.") { id, confirm };
        global.Body(command, (context, parsed, cancellationToken) =>
            DecideAsync(context, "approve", parsed.GetValue(confirm) ? "confirm" : "approve", parsed.GetValue(id)!, null, cancellationToken));
        return command;
    }

    public static Command Reject(GlobalOptions global)
    {
        Argument<string> id = Id();
        var reason = new Option<string?>("--reason") { Description = "Why; kept with the proposal.", HelpName = "T" };
        var command = new Command("reject", "Reject a proposal.") { id, reason };
        global.Body(command, (context, parsed, cancellationToken) => DecideAsync(context, "reject", "reject", parsed.GetValue(id)!, parsed.GetValue(reason), cancellationToken));
        return command;
    }

    private static Argument<string> Id() => new("ID") { Description = "The proposal: its id, or the first 6 or more digits when no other begins so." };

    private static async Task<int> DecideAsync(CliContext context, string verb, string decision, string id, string? reason, CancellationToken cancellationToken)
    {
        using LocalClient client = LocalClient.Connect(context.State);
        JsonElement data = await client.CallAsync(
            "edge.approve",
            w =>
            {
                w.WriteString("taskId", id);
                w.WriteString("decision", decision);
                if (reason is not null) w.WriteString("reason", reason);
            },
            CallLimit, cancellationToken);
        JsonElement proposal = data.Member("proposal");
        bool failed = proposal.Text("status") == "failed";
        context.Write(new JsonReport(verb, failed ? ReportStatus.Fail : ReportStatus.Ok, data, ProposalsView.RenderOne));
        if (!failed) return ExitCodes.Ok;
        return proposal.Member("result").Member("payload").Text("outcome") == ActuationOutcome.Refused.Word() ? ExitCodes.Refused : ExitCodes.Failed;
    }
}
