using System.Text.Json;
using System.Text.Json.Nodes;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>
/// Two published nodes: one has the farm, the other plans for it from what it hears and has no sensor of its own. Ten minutes of the farm
/// pass in a second.
/// </summary>
public class PlannerTests
{
    private const string Zone = "zone-4";
    private const string Valve = "actuator:valve:zone-4";

    // A site of its own: simulated, and nothing in it.
    private const string Office = "office.json";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly string[] Rate = ["--sim-rate", "600"];

    [Fact]
    [Trait("spec", "W-117")]
    [Trait("spec", "W-119")]
    public async Task What_a_planner_asks_and_an_operator_approves_is_done_by_the_field_node_and_compared_with_the_forecast()
    {
        await using MeshMember field = await MeshMember.CreateAsync();
        await using MeshMember planner = await MeshMember.CreateAsync();
        await StartBothAsync(planner, field);
        uint writes = field.Node.WritesOnDisk(Valve);
        JsonElement proposal = await WaitingAsync(planner);
        string id = Id(proposal);
        Assert.Equal(field.DeviceId, proposal.GetProperty("peerDeviceId").GetString());
        Assert.Equal("L2", proposal.GetProperty("approvalLevel").GetString());
        Assert.Equal("open", proposal.GetProperty("operation").GetString());

        // A forecast is what a model says, and nothing more.
        JsonElement forecast = await ForecastAsync(planner);
        Assert.Equal("T0_planning_inference", forecast.GetProperty("tier").GetString());
        Assert.Equal(["llm"], forecast.GetProperty("sources").EnumerateArray().Select(s => s.GetString()));
        Assert.Empty(await RecordsAsync(field));
        Assert.Equal(writes, field.Node.WritesOnDisk(Valve));

        Ran approved = await planner.CliAsync("approve", id, "--json");

        Assert.True(approved.ExitCode == 0, approved.ToString());
        JsonElement completed = approved.Data.GetProperty("proposal");
        Assert.Equal("completed", completed.GetProperty("status").GetString());
        string commandId = completed.GetProperty("result").GetProperty("payload").GetProperty("commandId").GetString()!;
        JsonElement[] records = [.. (await RecordsAsync(field)).Where(r => r.TryGetProperty("commandId", out JsonElement of) && of.GetString() == commandId)];
        JsonElement decision = Assert.Single(records, r => Type(r) == "decision");
        Assert.Equal("OK", decision.GetProperty("code").GetString());
        Assert.NotEmpty(decision.GetProperty("permitId").GetString()!);
        Assert.Equal(planner.DeviceId, decision.GetProperty("body").GetProperty("device").GetString());
        Assert.Single(records, r => Type(r) == "outcome");
        Assert.True(field.Node.WritesOnDisk(Valve) > writes, "the valve was never opened");

        JsonElement compared = default;
        await MeshPoll.UntilAsync(
            async () => (compared = await FindAsync(planner, id)).GetProperty("edge").TryGetProperty("comparison", out _), "the effect to be compared", Limit, async () => (await FindAsync(planner, id)).GetRawText());
        JsonElement expectation = compared.GetProperty("edge").GetProperty("expectation"), comparison = compared.GetProperty("edge").GetProperty("comparison");
        Assert.Equal(60, expectation.GetProperty("afterMinutes").GetInt32());
        Assert.True(comparison.GetProperty("measuredPercent").GetDouble() > expectation.GetProperty("nowPercent").GetDouble(), compared.GetRawText());
        Assert.Contains(await planner.MessagesAsync("proposal.compared"), m => m.Contains(id[..8], StringComparison.Ordinal));
    }

    [Fact]
    [Trait("spec", "W-119")]
    [Trait("spec", "W-124")]
    public async Task A_rejected_proposal_moves_nothing_and_the_next_may_be_approved_at_the_field_node()
    {
        await using MeshMember field = await MeshMember.CreateAsync();
        await using MeshMember planner = await MeshMember.CreateAsync();
        await StartBothAsync(planner, field);
        uint writes = field.Node.WritesOnDisk(Valve);
        string first = Id(await WaitingAsync(planner));

        Ran rejected = await planner.CliAsync("reject", first, "--reason", "rain is coming", "--json");

        Assert.True(rejected.ExitCode == 0, rejected.ToString());
        Assert.Equal("rejected", rejected.Data.GetProperty("proposal").GetProperty("status").GetString());
        Ran late = await planner.CliAsync("approve", first, "--json");
        Assert.True(late.ExitCode != 0, late.ToString());
        Assert.Equal("NOT_FOUND", late.Data.GetProperty("code").GetString());
        Assert.Empty(await RecordsAsync(field));
        Assert.Equal(writes, field.Node.WritesOnDisk(Valve));

        // What is still needed is asked for again; the field node hears of it and its operator says yes there.
        string next = Id(await WaitingAsync(planner, but: first));
        await MeshPoll.UntilAsync(async () => (await ProposalsAsync(field)).Any(p => Id(p) == next), "the field node to hear of the proposal", Limit);
        Ran approved = await field.CliAsync("approve", next, "--json");

        Assert.True(approved.ExitCode == 0, approved.ToString());
        Assert.Equal(planner.DeviceId, approved.Data.GetProperty("planner").GetString());
        Assert.Equal("completed", approved.Data.GetProperty("proposal").GetProperty("status").GetString());
        Assert.Equal("completed", (await FindAsync(planner, next)).GetProperty("status").GetString());
        Assert.Single(await RecordsAsync(field), r => Type(r) == "decision" && r.GetProperty("code").GetString() == "OK");
        Assert.True(field.Node.WritesOnDisk(Valve) > writes, "the valve was never opened");
    }

    [Fact]
    [Trait("spec", "W-124")]
    public async Task A_planner_that_dies_before_the_approval_leaves_the_outputs_safe_and_its_proposal_is_not_found_afterwards()
    {
        await using MeshMember field = await MeshMember.CreateAsync();
        await using MeshMember planner = await MeshMember.CreateAsync();
        await StartBothAsync(planner, field);
        uint writes = field.Node.WritesOnDisk(Valve);
        string id = Id(await WaitingAsync(planner));
        await MeshPoll.UntilAsync(async () => (await ProposalsAsync(field)).Any(p => Id(p) == id), "the field node to hear of the proposal", Limit);

        await planner.Node.KillAsync();
        await field.LostAsync(planner);
        Ran orphan = await field.CliAsync("approve", id, "--json");
        Assert.True(orphan.ExitCode != 0, orphan.ToString());
        Assert.Equal("NO_PLANNER", orphan.Data.GetProperty("code").GetString());
        await StartPlannerAsync(planner, field);
        await field.JoinedAsync(planner);
        await MeshPoll.UntilAsync(async () => await LeaderOfAsync(field) == planner.DeviceId, "the field node to follow the planner again", Limit);
        await MeshPoll.UntilAsync(
            async () => (await planner.CliAsync("proposals", "--json")).Data.GetProperty("planner").GetBoolean(), "the planner to plan again", Limit);
        Ran late = await planner.CliAsync("approve", id, "--json");

        Assert.True(late.ExitCode != 0, late.ToString());
        Assert.Equal("NOT_FOUND", late.Data.GetProperty("code").GetString());
        Ran atField = await field.CliAsync("approve", id, "--json");
        Assert.True(atField.ExitCode != 0, atField.ToString());
        Assert.Equal("NOT_FOUND", atField.Data.GetProperty("code").GetString());
        Assert.Empty(await RecordsAsync(field));
        Assert.Equal(writes, field.Node.WritesOnDisk(Valve));
        Assert.Equal(0, field.Node.OutputOnDisk(Valve));
    }

    [Fact]
    public async Task A_goal_for_the_valve_of_a_peer_never_moves_the_planners_own_valve_of_that_name()
    {
        await using MeshMember field = await MeshMember.CreateAsync();
        await using MeshMember planner = await MeshMember.CreateAsync();
        await StartBothAsync(planner, field, plannerSite: "simulated");
        (uint here, uint there) = (planner.Node.WritesOnDisk(Valve), field.Node.WritesOnDisk(Valve));
        JsonElement proposal = await WaitingAsync(planner);
        Assert.Equal(field.DeviceId, proposal.GetProperty("peerDeviceId").GetString());

        Ran approved = await planner.CliAsync("approve", Id(proposal), "--json");

        Assert.True(approved.ExitCode == 0, approved.ToString());
        Assert.Equal(here, planner.Node.WritesOnDisk(Valve));
        Assert.True(field.Node.WritesOnDisk(Valve) > there, "the valve was never opened");
        Assert.Empty(await RecordsAsync(planner));
    }

    private static async Task StartBothAsync(MeshMember planner, MeshMember field, string plannerSite = Office)
    {
        await field.TrustAsync(planner.DeviceId, planner.PublicKey, "command=actuator:valve:*", "approve");
        await planner.TrustAsync(field.DeviceId, field.PublicKey, "approve");
        await File.WriteAllTextAsync(
            Path.Combine(planner.StateDir, Office), """{ "schema": 1, "name": "office", "board": "simulated", "simulated": true, "sensors": [], "actuators": [] }""");
        var goal = new JsonObject
        {
            ["zone"] = Zone, ["target"] = Valve, ["executor"] = field.DeviceId, ["level"] = "L2", ["lowPercent"] = 22, ["highPercent"] = 30, ["litresPerMinute"] = 11,
            ["litresPerDay"] = 400, ["maxMinutes"] = 8,
        };
        await File.WriteAllTextAsync(Path.Combine(planner.StateDir, "goals.json"), new JsonObject { ["schema"] = 1, ["goals"] = new JsonArray(goal) }.ToJsonString());
        await Task.WhenAll(field.StartAsync(["--role", "field", .. Rate]), StartPlannerAsync(planner, field, plannerSite));
        await Task.WhenAll(field.SetClockAsync(), planner.SetClockAsync());
        await planner.JoinedAsync(field);
    }

    private static Task<MeshMember> StartPlannerAsync(MeshMember planner, MeshMember field, string site = Office) =>
        planner.StartWithoutSensorsAsync(["--role", "planner", "--site", site == Office ? Path.Combine(planner.StateDir, Office) : site, "--peer", field.Spec, .. Rate]);

    private static async Task<string?> LeaderOfAsync(MeshMember member) =>
        (await member.StatusAsync()).GetProperty("plannerActivity").GetProperty("leader").TryGetProperty("deviceId", out JsonElement id) ? id.GetString() : null;

    private static async Task<JsonElement> WaitingAsync(MeshMember planner, string? but = null)
    {
        JsonElement found = default;
        await MeshPoll.UntilAsync(
            async () => (found = (await ProposalsAsync(planner)).FirstOrDefault(p => Id(p) != but && p.GetProperty("status").GetString() == "awaiting_approval")).ValueKind == JsonValueKind.Object,
            "a proposal that awaits approval", Limit, async () => $"{(await planner.CliAsync("proposals", "--all", "--json")).Output} {string.Join('\n', await planner.MessagesAsync("error"))}");
        return found;
    }

    private static async Task<JsonElement> ForecastAsync(MeshMember planner)
    {
        JsonElement forecast = default;
        await MeshPoll.UntilAsync(
            async () =>
            {
                Ran world = await planner.CliAsync("world", "--json");
                JsonElement zone = world.Data.GetProperty("entities").EnumerateArray().FirstOrDefault(e => e.GetProperty("id").GetString() == $"zone:{Zone}");
                if (zone.ValueKind == JsonValueKind.Object) forecast = zone.GetProperty("properties").EnumerateArray().FirstOrDefault(p => p.GetProperty("name").GetString() == "forecast:moisture");
                return forecast.ValueKind == JsonValueKind.Object;
            },
            $"a forecast of {Zone} in the planner's picture", Limit);
        return forecast;
    }

    private static async Task<JsonElement[]> ProposalsAsync(MeshMember member)
    {
        Ran ran = await member.CliAsync("proposals", "--all", "--json");
        Assert.True(ran.ExitCode == 0, ran.ToString());
        return [.. ran.Data.GetProperty("proposals").EnumerateArray().Select(p => p.GetProperty("proposal"))];
    }

    private static async Task<JsonElement> FindAsync(MeshMember member, string id) => (await ProposalsAsync(member)).Single(p => Id(p) == id);

    private static async Task<JsonElement[]> RecordsAsync(MeshMember field) =>
        [.. (await field.JournalAsync()).Where(r => Type(r) is "decision" or "outcome")];

    private static string Id(JsonElement proposal) => proposal.GetProperty("taskId").GetString()!;

    private static string Type(JsonElement record) => record.GetProperty("type").GetString()!;
}
