using System.Text.Json;
using ClawMesh.Edge.Agent.Cli;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Tests.World.Planner;
using ClawMesh.Edge.World.Planner;

namespace ClawMesh.Edge.Tests.Agent.Cli;

/// <summary><c>proposals</c>, <c>approve</c>, <c>reject</c> beside a running node.</summary>
public sealed class ProposalVerbTests
{
    private const string Zone = "actuator:valve:zone-1";

    [Fact]
    public async Task Without_a_node_there_is_nobody_to_ask()
    {
        using var bench = new CliBench();
        await bench.FailsAsync(4, "node.unreachable", "proposals");
        await bench.FailsAsync(4, "node.unreachable", "approve", "12345678");
        await bench.FailsAsync(4, "node.unreachable", "reject", "12345678", "--reason", "rain");
        await bench.FailsAsync(2, "cli.usage", "approve");
    }

    [Fact]
    public async Task A_node_without_a_planner_says_so()
    {
        using var bench = new CliBench();
        await using EdgeNode node = await StartAsync(bench, "field");

        JsonElement data = await bench.JsonAsync(0, "proposals", "ok", "proposals");
        Assert.Equal((false, 0), (data.Flag("planner"), data.Items("proposals").Count()));
        await bench.FailsAsync(1, "NO_PLANNER", "approve", "12345678");
        Assert.Equal(0, await bench.RunAsync("proposals"));
        Assert.Contains("No planner that this node hears proposes anything.", bench.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proposal_is_listed_approved_carried_out_and_told()
    {
        using var bench = new CliBench();
        await using EdgeNode node = await StartAsync(bench, "planner");
        ProposalDesk desk = Open(node);
        string task = desk.Offer(Draft(node))!.TaskId;

        JsonElement listed = await bench.JsonAsync(0, "proposals", "ok", "proposals");
        JsonElement item = Assert.Single(listed.Items("proposals"));
        Assert.Equal((true, task, "awaiting_approval"), (item.Flag("own"), item.Member("proposal").Text("taskId"), item.Member("proposal").Text("status")));
        Assert.Equal(0, await bench.RunAsync("proposals"));
        Assert.Contains(task[..8], bench.Output, StringComparison.Ordinal);
        Assert.Contains("It will be too dry at noon.", bench.Output, StringComparison.Ordinal);
        Assert.Equal(0, await bench.RunAsync("status"));
        Assert.Contains($"proposal {task[..8]}", bench.Output, StringComparison.Ordinal);
        await bench.FailsAsync(2, "INVALID_PARAMS", "approve", task[..4]);
        await bench.FailsAsync(1, "NOT_FOUND", "approve", "zzzzzzzz");

        JsonElement approved = await bench.JsonAsync(0, "approve", "ok", "approve", task[..6]);

        JsonElement proposal = approved.Member("proposal");
        Assert.Equal(("completed", "done"), (proposal.Text("status"), proposal.Member("result").Member("payload").Text("outcome")));
        Assert.StartsWith("operator:", proposal.Text("resolvedBy"), StringComparison.Ordinal);
        Assert.Equal(proposal.Member("result").Member("payload").Text("commandId"), node.Desk.Outputs().Single(o => o.Policy.Actuator.Value == Zone).CommandId);
        Assert.Empty((await bench.JsonAsync(0, "proposals", "ok", "proposals")).Items("proposals"));
        Assert.Single((await bench.JsonAsync(0, "proposals", "ok", "proposals", "--all")).Items("proposals"));
        JsonElement records = await bench.JsonAsync(0, "audit list", "ok", "audit", "list");
        Assert.Contains("proposal-approve", records.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_of_the_gate_is_exit_three_with_its_code_and_a_rejection_is_done()
    {
        using var bench = new CliBench();
        await using EdgeNode node = await StartAsync(bench, "planner");
        ProposalDesk desk = Open(node);
        string refused = desk.Offer(Draft(node) with { Operation = "explode" })!.TaskId, rejected = desk.Offer(Draft(node) with { TargetRef = "actuator:valve:zone-2" })!.TaskId;

        JsonElement data = await bench.JsonAsync(3, "approve", "fail", "approve", refused);
        Assert.Equal(("failed", "LOCAL_POLICY_REFUSED"), (data.Member("proposal").Text("status"), data.Member("proposal").Member("result").Member("payload").Text("code")));

        Assert.Equal(0, await bench.RunAsync("reject", rejected[..8], "--reason", "rain is coming"));
        Assert.Contains("rejected by operator:", bench.Output, StringComparison.Ordinal);
        Assert.Equal("rain is coming", desk.Book.Find(rejected)!.Result!.Error);
    }

    [Fact]
    public async Task The_strongest_level_takes_two_commands()
    {
        using var bench = new CliBench();
        await using EdgeNode node = await StartAsync(bench, "planner");
        ProposalDesk desk = Open(node);
        string task = desk.Offer(Draft(node) with { Level = ApprovalLevel.L3 })!.TaskId;

        Assert.Equal(0, await bench.RunAsync("approve", task));
        Assert.Contains($"clawmesh-edge approve {task[..8]} --confirm", bench.Output, StringComparison.Ordinal);
        Assert.Equal(ProposalStatus.Approved, desk.Book.Find(task)!.Status);
        Assert.Equal("completed", (await bench.JsonAsync(0, "approve", "ok", "approve", task, "--confirm")).Member("proposal").Text("status"));
    }

    private static Task<EdgeNode> StartAsync(CliBench bench, string role) => EdgeNode.StartAsync(
        new NodeOptions { State = bench.State, Site = "simulated", Name = "proposals-test", Role = role, Host = "127.0.0.1", Port = 0, Discovery = false },
        TimeProvider.System, TestContext.Current.CancellationToken);

    private static ProposalDesk Open(EdgeNode node) => ProposalDesk.Open(node, new TestSite(node.Time, 60), _ => null, standing: null);

    private static ProposalDraft Draft(EdgeNode node) => Drafts.Water(node.Time, target: Zone, zone: "zone-1", minutes: 10, evidence: [Drafts.Evidence(node.Time, simulated: true)]);
}
