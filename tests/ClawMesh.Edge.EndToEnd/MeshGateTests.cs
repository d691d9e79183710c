using System.Text.Json;
using System.Text.Json.Nodes;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>A published node for a class of tests; started by the first that needs it, so that a missing binary skips tests instead of failing the class.</summary>
public sealed class GateNode : IAsyncLifetime
{
    private readonly Lazy<Task<MeshMember>> _node = new(async () =>
    {
        MeshMember member = await MeshMember.CreateAsync();
        await member.StartAsync();
        await member.SetClockAsync();
        return member;
    });

    internal Task<MeshMember> NodeAsync() => _node.Value;

    /// <summary>A peer nobody has met before, trusted and connected.</summary>
    internal async Task<(MeshMember Node, MeshWire Wire, string Me)> PeerAsync(params string[] grants)
    {
        MeshMember node = await NodeAsync();
        using var identity = new WireIdentity();
        await node.TrustAsync(identity.DeviceId, identity.PublicKey, grants);
        return (node, await MeshWire.JoinAsync(node, identity), identity.DeviceId);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_node.IsValueCreated && _node.Value.IsCompletedSuccessfully) await (await _node.Value).DisposeAsync();
    }
}

/// <summary>Every refusal of the receiver gate ([W-97]) and of the rows behind it ([X-51]), over a real socket, against the published node.</summary>
public class MeshGateTests(GateNode gate) : IClassFixture<GateNode>
{
    private const string Valve = MeshForward.Valve;
    private const string AllValves = "command=actuator:valve:*";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    /// <summary>Code, and what a sender did to a good command to earn it.</summary>
    public static readonly TheoryData<string, string> Rows = new()
    {
        { "INVALID_PARAMS", "no channel" },
        { "INVALID_PARAMS", "no to" },
        { "INVALID_PARAMS", "no originGatewayId" },
        { "LOOP_DETECTED", "the node's own id as origin" },
        { "INVALID_COMMAND_ENVELOPE", "version 2" },
        { "INVALID_COMMAND_ENVELOPE", "unknown tier in the envelope" },
        { "TRUST_ENVELOPE_MISMATCH", "another trust outside" },
        { "ACTUATION_DECLARATION_REQUIRED", "declared as observation" },
        { "ACTUATION_DECLARATION_REQUIRED", "no trust at all" },
        { "ACTUATION_DECLARATION_REQUIRED", "only target.ref names an output" },
        { "INVALID_TRUST_POLICY", "unknown tier without an envelope" },
        { "TRUST_METADATA_REQUIRED", "no minimum tier" },
        { "INVALID_COMMAND_ENVELOPE", "an actuation without an envelope" },
        { "LLM_ONLY_ACTUATION_BLOCKED", "a model alone" },
        { "LLM_ONLY_ACTUATION_BLOCKED", "mixed alone" },
        { "LLM_ONLY_ACTUATION_BLOCKED", "a model and mixed" },
        { "INSUFFICIENT_TRUST_TIER", "evidence below the minimum" },
        { "VERIFICATION_REQUIRED", "verification not satisfied" },
        { "NOT_AUTHORIZED", "an output without a grant" },
        { "TARGET_UNKNOWN", "an output the node does not have" },
        { "COMMAND_STALE", "created 61 s ago" },
        { "COMMAND_STALE", "created 6 s from now" },
        { "LOCAL_POLICY_REFUSED", "no evidence" },
        { "LOCAL_POLICY_REFUSED", "an operation the site does not allow" },
        { "LOCAL_POLICY_REFUSED", "evidence below the site's minimum" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    [Trait("spec", "W-66")]
    [Trait("spec", "W-92")]
    [Trait("spec", "W-93")]
    [Trait("spec", "W-94")]
    [Trait("spec", "W-96")]
    [Trait("spec", "W-97")]
    [Trait("spec", "W-100")]
    [Trait("spec", "W-101")]
    [Trait("spec", "W-103")]
    [Trait("spec", "W-104")]
    [Trait("spec", "W-105")]
    [Trait("spec", "W-107")]
    [Trait("spec", "X-46")]
    [Trait("spec", "X-51")]
    public async Task A_spoilt_command_is_refused_by_its_code_and_nothing_moves(string code, string spoilt)
    {
        (MeshMember node, MeshWire wire, string me) = await gate.PeerAsync(AllValves);
        await using MeshWire peer = wire;
        JsonObject forward = Spoil(spoilt, me, node.DeviceId);

        MeshForward.AssertRefused(await wire.ForwardAsync(forward), code);

        Assert.Equal(0, node.Node.OutputOnDisk(Valve));
        Assert.DoesNotContain(await node.JournalAsync(), r => r.GetProperty("type").GetString() == "decision" && IsOf(r, forward) && r.GetProperty("code").GetString() == "OK");
    }

    [Fact]
    [Trait("spec", "X-39")]
    [Trait("spec", "X-40")]
    [Trait("spec", "X-45")]
    public async Task A_good_command_acts_once_and_its_repeat_tells_the_outcome_while_another_command_of_that_id_is_refused()
    {
        (MeshMember node, MeshWire wire, string me) = await gate.PeerAsync(AllValves);
        await using MeshWire peer = wire;
        await MeshPoll.UntilAsync(async () => await RestedAsync(node, Valve), "the valve to be at rest", Soon);
        JsonObject good = MeshForward.Command(Valve, "open", me);

        JsonElement first = MeshForward.Done(await wire.ForwardAsync(Copy(good)));
        Assert.Equal(1, node.Node.OutputOnDisk(Valve));
        JsonElement again = MeshForward.Done(await wire.ForwardAsync(Copy(good)));
        JsonObject other = Copy(good);
        other["command"]!["operation"]!["params"]!["durationSec"] = 2;
        MeshForward.AssertRefused(await wire.ForwardAsync(other), "COMMAND_REPLAYED");

        Assert.True(first.GetProperty("journalSeq").GetInt64() > 0);
        Assert.False(first.TryGetProperty("repeat", out _));
        Assert.True(again.GetProperty("repeat").GetBoolean());
        Assert.Equal(first.GetProperty("permitId").GetString(), again.GetProperty("permitId").GetString());
        await node.OutputIsAsync(Valve, 0, Soon);
        Assert.Single(await DecisionsAsync(node, good), r => r.GetProperty("code").GetString() == "OK");
    }

    [Fact]
    [Trait("spec", "X-44")]
    [Trait("spec", "X-45")]
    [Trait("spec", "W-116")]
    public async Task The_same_command_from_five_peers_at_once_acts_once()
    {
        const string Target = "actuator:valve:zone-2";
        var peers = new List<MeshWire>();
        MeshMember node = await gate.NodeAsync();
        try
        {
            for (int i = 0; i < 5; i++) peers.Add((await gate.PeerAsync(AllValves)).Wire);
            await MeshPoll.UntilAsync(async () => await RestedAsync(node, Target), "the valve to be at rest", Soon);
            JsonObject command = MeshForward.Command(Target, "open", "planner");

            JsonElement[] answers = await Task.WhenAll(peers.Select(p => p.ForwardAsync(Copy(command))));

            MeshForward.Done(Assert.Single(answers, a => a.GetProperty("ok").GetBoolean()));
            foreach (JsonElement refused in answers.Where(a => !a.GetProperty("ok").GetBoolean())) MeshForward.AssertRefused(refused, "COMMAND_REPLAYED");
            JsonElement[] decisions = await DecisionsAsync(node, command);
            Assert.Equal(5, decisions.Length);
            Assert.Single(decisions, r => r.GetProperty("body").GetProperty("granted").GetBoolean());
            await node.OutputIsAsync(Target, 0, Soon);
        }
        finally
        {
            foreach (MeshWire peer in peers) await peer.DisposeAsync();
        }
    }

    [Fact]
    [Trait("spec", "W-101")]
    [Trait("spec", "W-106")]
    public async Task A_second_command_finds_the_output_busy_and_after_its_end_resting()
    {
        const string Target = "actuator:valve:zone-1";
        (MeshMember node, MeshWire wire, string me) = await gate.PeerAsync(AllValves);
        await using MeshWire peer = wire;
        await MeshPoll.UntilAsync(async () => await RestedAsync(node, Target), "the valve to be at rest", Soon);

        Task<JsonElement> first = wire.ForwardAsync(MeshForward.Command(Target, "open", me, seconds: 20));
        Task<JsonElement> second = wire.ForwardAsync(MeshForward.Command(Target, "open", me, seconds: 20));
        MeshForward.AssertRefused(await second, "BUSY");
        MeshForward.Done(await first);

        // The safe direction is never asked for evidence, freshness or rest.
        JsonObject close = MeshForward.Command(Target, "close", me, createdAtMs: 1, trust: t => t["evidence_sources"] = new JsonArray("llm"));
        MeshForward.Done(await wire.ForwardAsync(close));
        Assert.Equal(0, node.Node.OutputOnDisk(Target));
        MeshForward.AssertRefused(await wire.ForwardAsync(MeshForward.Command(Target, "open", me)), "LIMIT_EXCEEDED");
    }

    [Fact]
    [Trait("spec", "W-101")]
    public async Task An_output_whose_exclusive_group_is_taken_is_refused_by_its_interlock()
    {
        (MeshMember node, MeshWire wire, string me) = await gate.PeerAsync(AllValves);
        await using MeshWire peer = wire;
        await MeshPoll.UntilAsync(async () => await RestedAsync(node, "actuator:valve:zone-3"), "the valve to be at rest", Soon);

        MeshForward.Done(await wire.ForwardAsync(MeshForward.Command("actuator:valve:zone-3", "open", me, seconds: 20)));
        MeshForward.AssertRefused(await wire.ForwardAsync(MeshForward.Command("actuator:valve:zone-4", "open", me)), "INTERLOCK_ACTIVE");

        MeshForward.Done(await wire.ForwardAsync(MeshForward.Command("actuator:valve:zone-3", "close", me)));
        Assert.Equal(0, node.Node.OutputOnDisk("actuator:valve:zone-3"));
    }

    [Fact]
    [Trait("spec", "W-154")]
    public async Task A_storm_of_commands_is_limited_and_the_way_to_the_safe_state_stays_open()
    {
        (MeshMember node, MeshWire wire, string me) = await gate.PeerAsync(AllValves);
        await using MeshWire peer = wire;

        JsonElement[] answers = await Task.WhenAll(Enumerable.Range(0, 45).Select(_ => wire.ForwardAsync(Spoil("a model alone", me, node.DeviceId))));
        JsonElement close = await wire.ForwardAsync(MeshForward.Command(Valve, "close", me));

        JsonElement[] limited = [.. answers.Where(a => a.GetProperty("error").GetProperty("code").GetString() == "RATE_LIMITED")];
        Assert.NotEmpty(limited);
        Assert.All(limited, a => MeshForward.AssertRefused(a, "RATE_LIMITED"));
        Assert.True(answers.Length - limited.Length >= 30, $"{limited.Length} of {answers.Length} were limited; the burst is 30");
        MeshForward.Done(close);
        Assert.True(wire.IsOpen);
    }

    [Fact]
    [Trait("spec", "X-37")]
    [Trait("spec", "X-47")]
    [Trait("spec", "W-106")]
    public async Task A_clock_without_a_source_or_behind_the_journal_refuses_peers_and_nobody_who_makes_safe()
    {
        await using MeshMember node = await MeshMember.CreateAsync();
        using var identity = new WireIdentity();
        await node.TrustAsync(identity.DeviceId, identity.PublicKey, AllValves);
        await node.StartAsync();
        await using MeshWire wire = await MeshWire.JoinAsync(node, identity);
        string me = identity.DeviceId;

        // Where the kernel is disciplined or a battery-backed clock set it, there is nothing to distrust yet.
        Ran clock = await node.CliAsync("clock", "show", "--json");
        if (clock.Data.GetProperty("class").GetString() == "unsynchronised")
        {
            MeshForward.AssertRefused(await wire.ForwardAsync(MeshForward.Command(Valve, "open", me)), "CLOCK_UNTRUSTED");
            await node.SetClockAsync();
        }

        MeshForward.Done(await wire.ForwardAsync(MeshForward.Command(Valve, "open", me)));

        // An hour ahead, a record there, and back again: an old command must not become fresh by that.
        await node.SetClockAsync(DateTimeOffset.UtcNow.AddHours(1));
        await node.SetClockAsync(DateTimeOffset.UtcNow);
        MeshForward.AssertRefused(await wire.ForwardAsync(MeshForward.Command("actuator:valve:zone-2", "open", me)), "CLOCK_UNTRUSTED");
        MeshForward.Done(await wire.ForwardAsync(MeshForward.Command(Valve, "close", me)));
        Assert.Equal(0, node.Node.OutputOnDisk(Valve));
    }

    [Fact]
    [Trait("spec", "W-102")]
    [Trait("spec", "X-11")]
    public async Task An_approval_counts_only_from_a_peer_who_was_granted_to_approve()
    {
        await using MeshMember node = await MeshMember.CreateAsync();
        string site = Path.Combine(node.StateDir, "approval.json");
        await File.WriteAllTextAsync(site, ApprovalSite, TestContext.Current.CancellationToken);
        using var plain = new WireIdentity();
        using var approver = new WireIdentity();
        await node.TrustAsync(plain.DeviceId, plain.PublicKey, AllValves);
        await node.TrustAsync(approver.DeviceId, approver.PublicKey, AllValves, "approve");
        await node.StartAsync("--site", site);
        await node.SetClockAsync();
        await using MeshWire one = await MeshWire.JoinAsync(node, plain);
        await using MeshWire other = await MeshWire.JoinAsync(node, approver);

        MeshForward.AssertRefused(await one.ForwardAsync(MeshForward.Command("actuator:valve:A1", "open", plain.DeviceId)), "LOCAL_APPROVAL_REQUIRED");
        MeshForward.Done(await other.ForwardAsync(MeshForward.Command("actuator:valve:A1", "open", approver.DeviceId)));
    }

    private const string ApprovalSite =
        """
        {
          "schema": 1, "name": "approval", "board": "simulated", "simulated": true,
          "sensors": [
            { "id": "sensor:tank-level:tank-1", "zone": "tank-1", "metric": "level", "unit": "%", "driver": "simulated", "channel": "tank-level", "interval": "1s", "valid": { "min": 0, "max": 105 } },
            { "id": "sensor:flow:mainline-01", "zone": "mainline-01", "metric": "flow", "unit": "l/min", "driver": "simulated", "channel": "flow", "interval": "1s", "valid": { "min": 0, "max": 150 } }
          ],
          "actuators": [
            { "ref": "actuator:valve:A1", "zone": "zone-1", "kind": "onOff", "driver": "simulated", "channel": "valve-1", "safe": "inactive",
              "operations": ["open", "close"], "maxOn": "1m", "requiresApproval": true,
              "effect": { "sensor": "sensor:flow:mainline-01", "rises": 2, "within": "2s" } }
          ]
        }
        """;

    private static JsonObject Spoil(string how, string me, string node)
    {
        JsonObject Good(Action<JsonObject>? trust = null, string target = Valve, string operation = "open", long? createdAtMs = null) =>
            MeshForward.Command(target, operation, me, createdAtMs: createdAtMs, trust: trust);
        JsonObject With(JsonObject forward, Action<JsonObject> change)
        {
            change(forward);
            return forward;
        }

        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        return how switch
        {
            "no channel" => With(Good(), f => f.Remove("channel")),
            "no to" => With(Good(), f => f.Remove("to")),
            "no originGatewayId" => With(Good(), f => f.Remove("originGatewayId")),
            "the node's own id as origin" => With(Good(), f => f["originGatewayId"] = node),
            "version 2" => With(Good(), f => f["command"]!["version"] = 2),
            "unknown tier in the envelope" => Good(t => t["evidence_trust_tier"] = "T9_certain"),
            "another trust outside" => With(Good(), f => f["trust"]!["approved_by"] = new JsonArray("somebody else")),
            "declared as observation" => Good(t => t["action_type"] = "observation"),
            "no trust at all" => With(Good(), f =>
            {
                f.Remove("command");
                f.Remove("trust");
            }),
            "only target.ref names an output" => With(Good(t => t["action_type"] = "observation"), f => f["to"] = "somewhere"),
            "unknown tier without an envelope" => With(Good(), f =>
            {
                f.Remove("command");
                f["trust"]!["minimum_trust_tier"] = "T9_certain";
            }),
            "no minimum tier" => With(Good(), f =>
            {
                f.Remove("command");
                f["trust"]!.AsObject().Remove("minimum_trust_tier");
            }),
            "an actuation without an envelope" => With(Good(), f => f.Remove("command")),
            "a model alone" => Good(t => t["evidence_sources"] = new JsonArray("llm")),
            "mixed alone" => Good(t => t["evidence_sources"] = new JsonArray("mixed")),
            "a model and mixed" => Good(t => t["evidence_sources"] = new JsonArray("llm", "mixed")),
            "evidence below the minimum" => Good(t => t["evidence_trust_tier"] = "T1_unverified_observation"),
            "verification not satisfied" => Good(t => t["verification_satisfied"] = false),
            "an output without a grant" => Good(target: "actuator:pump:P1", operation: "start"),
            "an output the node does not have" => Good(target: "actuator:valve:zone-99"),
            "created 61 s ago" => Good(createdAtMs: now - 61_000),
            "created 6 s from now" => Good(createdAtMs: now + 6_500),
            "no evidence" => Good(t => t["evidence_sources"] = new JsonArray()),
            "an operation the site does not allow" => Good(operation: "start"),
            "evidence below the site's minimum" => Good(t =>
            {
                t["evidence_trust_tier"] = "T1_unverified_observation";
                t["minimum_trust_tier"] = "T0_planning_inference";
            }),
            _ => throw new ArgumentOutOfRangeException(nameof(how), how, "no such way to spoil a command"),
        };
    }

    private static async Task<bool> RestedAsync(MeshMember node, string target)
    {
        JsonElement output = (await node.StatusAsync()).GetProperty("edge").GetProperty("actuators").EnumerateArray().Single(o => o.GetProperty("ref").GetString() == target);
        if (output.TryGetProperty("leaseLeftMs", out _) || output.TryGetProperty("safePending", out _)) return false;
        JsonElement[] ends = [.. (await node.JournalAsync()).Where(r => r.GetProperty("type").GetString() is "lease_end" or "lease-end" or "safe" && r.TryGetProperty("actuator", out JsonElement a) && a.GetString() == target)];
        return ends.Length == 0 || DateTimeOffset.UtcNow - ends[^1].GetProperty("at").GetDateTimeOffset() > TimeSpan.FromSeconds(1.5);
    }

    private static async Task<JsonElement[]> DecisionsAsync(MeshMember node, JsonObject forward) =>
        [.. (await node.JournalAsync()).Where(r => r.GetProperty("type").GetString() == "decision" && IsOf(r, forward))];

    private static bool IsOf(JsonElement record, JsonObject forward) =>
        record.TryGetProperty("commandId", out JsonElement id) && id.GetString() == forward["command"]?["commandId"]?.GetValue<string>();

    private static JsonObject Copy(JsonObject forward) => forward.DeepClone().AsObject();
}
