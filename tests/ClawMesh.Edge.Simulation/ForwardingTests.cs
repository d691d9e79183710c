using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Mesh;
using ClawMesh.Edge.Trust;

namespace ClawMesh.Edge.Simulation;

/// <summary>Commands over the mesh to a node with a real desk and one valve.</summary>
public class ForwardingTests
{
    private static readonly PeerGrants MayCommand = PeerGrants.Default with { Command = [Commands.Valve] };

    [Fact]
    [Trait("spec", "W-105")]
    [Trait("spec", "X-11")]
    public Task A_peer_without_the_grant_is_refused_and_with_it_the_valve_moves() => Executor.EachSeed(executor =>
    {
        Field field = executor.Field;
        SimulatedNode sender = Sender(executor);
        CallResult refused = Send(executor, sender, Commands.Open(field.Time));
        Assert.Equal(GateCodes.NotAuthorized, refused.Code);
        Assert.Equal(0, executor.Opened);

        // A grant counts from the moment it stands in the store.
        Field.Trust(executor.Node, "sender", MayCommand);
        CallResult done = Send(executor, sender, Commands.Open(field.Time));
        Assert.True(done.Ok, done.Message);
        Assert.Equal("done", Outcome(done));
        Assert.StartsWith("mesh-fwd-", done.Payload.GetProperty("messageId").GetString(), StringComparison.Ordinal);
        Assert.Equal("clawmesh", done.Payload.GetProperty("channel").GetString());
        Assert.Equal(1, executor.Opened);
    });

    [Fact]
    [Trait("spec", "W-100")]
    [Trait("spec", "X-40")]
    public Task An_effect_nobody_saw_is_unconfirmed_and_a_slow_one_is_answered_as_pending_after_two_seconds() => Executor.EachSeed(executor =>
    {
        Field field = executor.Field;
        SimulatedNode sender = Sender(executor, MayCommand);
        executor.Desk.Actuator.Effect = _ => Task.FromResult(DriveResult.Unconfirmed("no flow was seen"));
        CallResult unconfirmed = Send(executor, sender, Commands.Open(field.Time));
        Assert.True(unconfirmed.Ok);
        Assert.Equal("unconfirmed", Outcome(unconfirmed));

        var slow = new TaskCompletionSource<DriveResult>();
        executor.Desk.Actuator.Effect = _ => slow.Task;
        Task<CallResult> running = sender.Mesh.Forward.SendAsync(executor.Node.DeviceId, Commands.Open(field.Time), TestContext.Current.CancellationToken);
        field.Run(1.9);
        Assert.False(running.IsCompleted);
        field.Run(0.3);
        Assert.True(running.IsCompletedSuccessfully && running.Result.Ok);
        Assert.Equal("pending", Outcome(running.Result));
        slow.SetResult(DriveResult.Unconfirmed("no flow was seen"));
    });

    [Fact]
    [Trait("spec", "W-100")]
    [Trait("spec", "W-66")]
    public Task A_fault_of_the_output_is_no_success() => Executor.EachSeed(
        executor =>
        {
            SimulatedNode sender = Sender(executor, MayCommand);
            executor.Desk.Actuator.WriteFault = new EdgeException("gpio.write_failed", "Could not write.", "The line is gone.", "Look.", FailureClass.Storage);
            CallResult fault = Send(executor, sender, Commands.Open(executor.Field.Time));
            Assert.False(fault.Ok);
            Assert.Equal(GateCodes.OutputFault, fault.Code);
            Assert.StartsWith(GateCodes.OutputFault, fault.Message, StringComparison.Ordinal);
            Assert.Equal("fault", fault.Payload.GetProperty("result").GetProperty("outcome").GetString());
        },
        seeds: 2);

    public static TheoryData<string> Rows => new(Spoil.Keys.ToArray());

    [Theory]
    [MemberData(nameof(Rows))]
    [Trait("spec", "W-97")]
    [Trait("spec", "W-98")]
    [Trait("spec", "W-66")]
    public async Task Every_row_of_the_receiver_gate_reaches_the_sender_by_its_code(string code)
    {
        await using var executor = new Executor(1);
        (ClassicStandIn classic, ClassicLink link) = executor.Field.ClassicDialler("classic", executor.Node, MayCommand);
        JsonObject forward = JsonNode.Parse(Commands.Forward(Commands.Open(executor.Field.Time), classic.DeviceId.Value))!.AsObject();
        Spoil[code](forward, executor);
        JsonElement answer = executor.Field.Ask(link, "mesh.message.forward", forward.ToJsonString());
        Assert.Equal(code, Field.Code(answer));
        Assert.StartsWith(code, answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, executor.Opened);
        Assert.Null(link.End);
    }

    private static readonly Dictionary<string, Action<JsonObject, Executor>> Spoil = new()
    {
        [GateCodes.InvalidParams] = (f, _) => f.Remove("channel"),
        [GateCodes.LoopDetected] = (f, e) => f["originGatewayId"] = e.Node.DeviceId.Value,
        [GateCodes.InvalidCommandEnvelope] = (f, _) => f["command"]!["version"] = 2,
        [GateCodes.TrustEnvelopeMismatch] = (f, _) => f["trust"]!["minimum_trust_tier"] = "T0_planning_inference",
        [GateCodes.ActuationDeclarationRequired] = (f, _) => Both(f, t => t["action_type"] = "observation"),
        [GateCodes.InvalidTrustPolicy] = (f, _) => TopOnly(f, t => t["evidence_trust_tier"] = "T9"),
        [GateCodes.TrustMetadataRequired] = (f, _) => TopOnly(f, t => t.Remove("minimum_trust_tier")),
        [GateCodes.LlmOnlyActuationBlocked] = (f, _) => Both(f, t => t["evidence_sources"] = new JsonArray("llm", "mixed")),
        [GateCodes.InsufficientTrustTier] = (f, _) => Both(f, t => t["evidence_trust_tier"] = "T1_unverified_observation"),
        [GateCodes.VerificationRequired] = (f, _) => Both(f, t => t.Remove("verification_satisfied")),
        [GateCodes.NotAuthorized] = (f, e) => e.Node.Trust.Set(e.Node.Trust.Entries.Values.Single() with { Grants = PeerGrants.Default }),
        [GateCodes.TargetUnknown] = (f, e) =>
        {
            e.Node.Trust.Set(e.Node.Trust.Entries.Values.Single() with { Grants = PeerGrants.Default with { Command = ["actuator:*"] } });
            f["to"] = "actuator:valve:V2";
            f["command"]!["target"]!["ref"] = "actuator:valve:V2";
        },
        [GateCodes.CommandStale] = (f, e) => f["command"]!["createdAtMs"] = e.Field.Time.GetUtcNow().ToUnixTimeMilliseconds() - 94_000,
        [GateCodes.LocalPolicyRefused] = (f, _) => f["command"]!["operation"]!["name"] = "enable",
        [GateCodes.JournalUnavailable] = (f, e) => e.Desk.Journal.Health = new JournalHealth(JournalState.Unavailable, "the disk is gone", "replace it"),
        [GateCodes.NotReady] = (f, e) => e.Desk.Readiness.Current = new Readiness(ReadinessLevel.NodeGreen, []),
    };

    [Fact]
    [Trait("spec", "W-99")]
    [Trait("spec", "W-97")]
    public async Task A_forward_that_actuates_nothing_is_delivered_to_any_peer()
    {
        await using var executor = new Executor(1);
        ClassicLink link = executor.Field.ClassicDialler("classic", executor.Node).Link;
        JsonElement answer = executor.Field.Ask(link, "mesh.message.forward", """{"channel":"telegram","to":"somebody","originGatewayId":"x","message":"hello"}""");
        Assert.Equal("telegram", answer.GetProperty("payload").GetProperty("channel").GetString());
        Assert.False(answer.GetProperty("payload").TryGetProperty("result", out _));
        Assert.Empty(executor.Desk.Journal.Records);
    }

    [Fact]
    [Trait("spec", "W-98")]
    public Task The_executor_judges_again_behind_a_receiver_that_lets_everything_pass() => Executor.EachSeed(
        executor =>
        {
            (ClassicStandIn classic, ClassicLink link) = executor.Field.ClassicDialler("classic", executor.Node, MayCommand);
            JsonObject forward = JsonNode.Parse(Commands.Forward(Commands.Open(executor.Field.Time), classic.DeviceId.Value))!.AsObject();
            Both(forward, t => t["evidence_sources"] = new JsonArray("llm"));
            JsonElement answer = executor.Field.Ask(link, "mesh.message.forward", forward.ToJsonString());
            Assert.Equal(GateCodes.LlmOnlyActuationBlocked, Field.Code(answer));
            Assert.Equal(0, executor.Opened);
            Assert.Equal(0, executor.Node.Mesh.Forward.Refused);
        },
        receiver: new LetEverythingPass(),
        seeds: 2);

    [Fact]
    [Trait("spec", "W-98")]
    public Task A_command_of_a_model_alone_does_not_leave_the_sender() => Executor.EachSeed(executor =>
    {
        SimulatedNode sender = Sender(executor, MayCommand);
        foreach (TrustBlock trust in (TrustBlock[])[PermitDesk.GoodTrust with { EvidenceSources = ["llm"] }, PermitDesk.GoodTrust with { EvidenceTier = "T0_planning_inference" }, PermitDesk.GoodTrust with { VerificationSatisfied = null }])
        {
            Task<CallResult> result = sender.Mesh.Forward.SendAsync(executor.Node.DeviceId, Commands.Open(executor.Field.Time, trust: trust), TestContext.Current.CancellationToken);
            Assert.True(result.IsCompletedSuccessfully);
            Assert.Contains(result.Result.Code, (string[])[GateCodes.LlmOnlyActuationBlocked, GateCodes.InsufficientTrustTier, GateCodes.VerificationRequired]);
            Assert.StartsWith(result.Result.Code, result.Result.Message, StringComparison.Ordinal);
        }

        executor.Field.Run(1);
        Assert.DoesNotContain(executor.Field.Sent(sender, executor.Node), t => t.Contains("mesh.message.forward", StringComparison.Ordinal));
    });

    [Fact]
    [Trait("spec", "W-104")]
    [Trait("spec", "X-45")]
    public Task Five_peers_that_send_the_same_command_at_once_move_the_valve_once() => Executor.EachSeed(executor =>
    {
        Field field = executor.Field;
        ClassicLink[] links = [.. Enumerable.Range(0, 5).Select(i => field.ClassicDialler($"p{i}", executor.Node, MayCommand).Link)];
        string forward = Commands.Forward(Commands.Open(field.Time));
        string[] ids = [.. links.Select(l => l.Ask("mesh.message.forward", forward))];
        field.Run(1);
        string[] codes = [.. links.Zip(ids, (l, id) => Field.Code(l.ResultOf(id)!.Value))];
        Assert.Equal(1, codes.Count(c => c == "OK"));
        Assert.Equal(4, codes.Count(c => c == GateCodes.CommandReplayed));
        Assert.Equal(1, executor.Opened);

        // The one that was heard gets its answer again, and nothing moves.
        ClassicLink first = links[Array.IndexOf(codes, "OK")];
        JsonElement again = field.Ask(first, "mesh.message.forward", forward);
        Assert.True(again.GetProperty("payload").GetProperty("result").GetProperty("repeat").GetBoolean());
        Assert.Equal(1, executor.Opened);
    });

    [Fact]
    [Trait("spec", "W-106")]
    public Task Going_to_the_safe_state_is_never_one_command_too_many() => Executor.EachSeed(
        executor =>
        {
            Field field = executor.Field;
            ClassicLink link = field.ClassicDialler("classic", executor.Node, MayCommand).Link;
            List<string> codes = [];
            for (int i = 0; i < 40; i++) codes.Add(field.CodeOf(link, "mesh.message.forward", Commands.Forward(Commands.Open(field.Time))));
            Assert.Contains(GateCodes.RateLimited, codes);
            Assert.All(codes, c => Assert.True(c is "OK" or GateCodes.RateLimited, c));
            int opened = executor.Opened;
            for (int i = 0; i < 100; i++)
                Assert.Equal("OK", field.CodeOf(link, "mesh.message.forward", Commands.Forward(Commands.Open(field.Time, operation: "close", trust: PermitDesk.GoodTrust with { EvidenceSources = ["llm"] }))));
            Assert.Equal(opened, executor.Opened);
            Assert.Equal(OutputValue.Inactive, executor.Desk.Actuator.ReadBack());
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "W-106")]
    [Trait("spec", "W-105")]
    public Task The_safe_direction_relaxes_freshness_and_evidence_and_not_the_grant() => Executor.EachSeed(
        executor =>
        {
            Field field = executor.Field;
            ClassicLink with = field.ClassicDialler("with", executor.Node, MayCommand).Link;
            ClassicLink without = field.ClassicDialler("without", executor.Node).Link;
            string close = Commands.Forward(Commands.Open(field.Time, operation: "close", createdAtMs: 1, trust: PermitDesk.GoodTrust with { VerificationSatisfied = null }));
            Assert.Equal(GateCodes.NotAuthorized, field.CodeOf(without, "mesh.message.forward", close));
            Assert.Equal("OK", field.CodeOf(with, "mesh.message.forward", close));
            Assert.Equal("OK", field.CodeOf(with, "mesh.message.forward", close));
        },
        seeds: 2);

    [Fact]
    [Trait("spec", "X-80")]
    public Task A_command_that_cannot_be_delivered_fails_now_and_is_not_kept() => Executor.EachSeed(executor =>
    {
        Field field = executor.Field;
        SimulatedNode sender = Sender(executor, MayCommand);
        field.Network.Cut(sender, executor.Node);
        Task<CallResult> lost = sender.Mesh.Forward.SendAsync(executor.Node.DeviceId, Commands.Open(field.Time), TestContext.Current.CancellationToken);
        field.Run(12);
        Assert.Equal("PEER_DISCONNECTED", lost.Result.Code);
        Task<CallResult> none = sender.Mesh.Forward.SendAsync(executor.Node.DeviceId, Commands.Open(field.Time), TestContext.Current.CancellationToken);
        Assert.Equal("NOT_CONNECTED", none.Result.Code);
        field.Network.Mend(sender, executor.Node);
        field.Until(() => sender.IsConnected(executor.Node), 60, "the pair is back");
        field.Run(60);
        Assert.Equal(0, executor.Opened);
    });

    [Fact]
    [Trait("spec", "W-110")]
    [Trait("spec", "W-148")]
    public Task A_command_finds_its_executor_by_exact_ref_and_over_either_direction() => Executor.EachSeed(
        executor =>
        {
            Field field = executor.Field;
            // The executor dials; the command goes to the end that did not accept.
            var planner = new SimulatedNode(field.Network, "planner", Field.Key("planner"), new Hardware.Identity.Ed25519Verifier(), new SimulatedNodeOptions { Role = "planner" });
            Field.Trust(planner, "dialler");
            SimulatedNode dialler = field.Node("dialler", new SimulatedNodeOptions { Peers = [planner.AsPeer()], Actuation = executor.Desk.Desk, Gate = executor.Gate, Capabilities = [Commands.Valve] });
            Field.Trust(dialler, "planner", MayCommand);
            field.Until(() => planner.IsConnected(dialler), 5, "connected");
            Assert.Equal(dialler.DeviceId, planner.Mesh.Forward.ExecutorOf(Commands.Valve));
            Assert.Null(planner.Mesh.Forward.ExecutorOf("actuator:pump:P1"));
            CallResult done = Send(executor, planner, Commands.Open(field.Time), dialler.DeviceId);
            Assert.True(done.Ok, done.Message);
            Assert.Equal(1, executor.Opened);
        },
        seeds: 2);

    private static SimulatedNode Sender(Executor executor, PeerGrants? grants = null)
    {
        Field field = executor.Field;
        SimulatedNode sender = field.Node("sender", new SimulatedNodeOptions
        {
            Peers = [executor.Node.AsPeer()],
            Gate = new Trust.Gate.WireGate(Field.Key("sender").DeviceId, _ => false),
        });
        Field.Trust(sender, "executor");
        Field.Trust(executor.Node, "sender", grants);
        field.Until(() => sender.IsConnected(executor.Node) && executor.Node.IsConnected(sender), 5, "the sender is connected");
        return sender;
    }

    private static CallResult Send(Executor executor, SimulatedNode sender, CommandEnvelope command, NodeId? to = null)
    {
        Task<CallResult> call = sender.Mesh.Forward.SendAsync(to ?? executor.Node.DeviceId, command, TestContext.Current.CancellationToken);
        executor.Field.Until(() => call.IsCompleted, 5, "the command is answered");
        return call.Result;
    }

    private static string? Outcome(CallResult result) => result.Payload.GetProperty("result").GetProperty("outcome").GetString();

    private static void Both(JsonObject forward, Action<JsonObject> change)
    {
        change(forward["trust"]!.AsObject());
        change(forward["command"]!["trust"]!.AsObject());
    }

    private static void TopOnly(JsonObject forward, Action<JsonObject> change)
    {
        forward.Remove("command");
        change(forward["trust"]!.AsObject());
    }

    private sealed class LetEverythingPass : IWireGate
    {
        public Refusal? Judge(ForwardMessage message) => null;

        public bool LeadsToSafeState(ForwardMessage message) => false;
    }
}
