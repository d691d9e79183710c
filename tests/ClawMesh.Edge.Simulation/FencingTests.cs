using System.Text.Json;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Sessions;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>Fences and signatures over sessions, to a node with a real desk and one valve.</summary>
public class FencingTests
{
    private const string Take = """{"targetRef":"actuator:valve:V1","ttlMs":60000}""";
    private const string GiveBack = """{"targetRef":"actuator:valve:V1","release":true}""";

    private static readonly PeerGrants MayCommand = PeerGrants.Default with { Command = [Commands.Valve] };

    [Fact]
    [Trait("spec", "X-48")]
    [Trait("spec", "X-49")]
    public Task Of_two_planners_one_holds_the_fence_and_the_other_learns_until_when() => Executor.EachSeed(executor =>
    {
        Field field = executor.Field;
        ClassicLink one = field.ClassicDialler("one", executor.Node, MayCommand).Link;
        ClassicLink two = field.ClassicDialler("two", executor.Node, MayCommand).Link;
        JsonElement granted = field.Ask(one, "edge.fence", Take).GetProperty("payload");
        Assert.Equal((Commands.Valve, 1), (granted.GetProperty("targetRef").GetString(), granted.GetProperty("fence").GetInt64()));
        long until = granted.GetProperty("expiresAtMs").GetInt64();

        JsonElement held = field.Ask(two, "edge.fence", Take).GetProperty("error");
        Assert.Equal((GateCodes.FenceHeld, until), (held.GetProperty("code").GetString(), held.GetProperty("expiresAtMs").GetInt64()));
        Assert.Equal(GateCodes.FencedOut, field.CodeOf(two, "mesh.message.forward", Commands.Forward(Commands.Open(field.Time))));
        Assert.Equal("OK", field.CodeOf(one, "mesh.message.forward", Commands.Forward(Commands.Open(field.Time))));
        Assert.Equal("OK", field.CodeOf(two, "mesh.message.forward", Commands.Forward(Commands.Open(field.Time, operation: "close"))));
        Assert.Equal(1, executor.Node.Mesh.Counters[MeshCounter.FencedOut]);

        // The holder is the device, not the connection.
        one.Link.Close(1000, "");
        field.Run(1);
        Assert.Equal(GateCodes.FenceHeld, field.CodeOf(two, "edge.fence", Take));
        field.Run(60);
        Assert.Equal(2, field.Ask(two, "edge.fence", Take).GetProperty("payload").GetProperty("fence").GetInt64());
        Assert.True(field.Ask(two, "edge.fence", GiveBack).GetProperty("payload").GetProperty("released").GetBoolean());
    });

    [Fact]
    [Trait("spec", "X-48")]
    public Task Fences_are_limited_as_each_is_a_write_to_the_disk() => Executor.EachSeed(
        executor =>
        {
            Field field = executor.Field;
            ClassicLink link = field.ClassicDialler("one", executor.Node, MayCommand).Link;
            string[] codes = [.. Enumerable.Range(0, 30).Select(i => field.CodeOf(link, "edge.fence", i % 2 == 0 ? Take : GiveBack))];
            Assert.Contains("RATE_LIMITED", codes);
            Assert.InRange(codes.Count(c => c == "OK"), 10, 14);
            Assert.Null(link.End);
        },
        seeds: 2);

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"targetRef":"actuator:valve:V1"}""")]
    [InlineData("""{"targetRef":5,"ttlMs":1000}""")]
    [InlineData("""{"targetRef":"actuator:valve:V1","ttlMs":0}""")]
    [InlineData("""{"targetRef":"actuator:valve:V1","ttlMs":"60000"}""")]
    [InlineData("""{"targetRef":"actuator:valve:V1","ttlMs":1e300}""")]
    [InlineData("""{"targetRef":"actuator:valve:V1","release":"true"}""")]
    [Trait("spec", "X-48")]
    public async Task A_request_of_a_wrong_form_is_told_so(string parameters)
    {
        await using var executor = new Executor(1);
        ClassicLink link = executor.Field.ClassicDialler("one", executor.Node, MayCommand).Link;
        Assert.Equal(GateCodes.InvalidParams, executor.Field.CodeOf(link, "edge.fence", parameters));
    }

    [Fact]
    [Trait("spec", "X-50")]
    [Trait("spec", "X-8")]
    public async Task A_node_signs_its_own_commands_for_a_peer_that_knows_signatures_and_for_no_classic_one()
    {
        await using var executor = new Executor(1, desk: o => o with { SignedTargets = ["actuator:*"] });
        Field field = executor.Field;
        SimulatedNode sender = Sender(executor);
        CommandEnvelope own = Commands.Open(field.Time, source: sender.DeviceId.Value);
        Assert.True(Send(executor, sender, own, executor.Node.DeviceId).Ok);
        Assert.Contains(field.Sent(sender, executor.Node), t => t.Contains("\"sig\":\"", StringComparison.Ordinal) && t.Contains(own.CommandId, StringComparison.Ordinal));
        // Asked again, it is the same command.
        CallResult again = Send(executor, sender, own, executor.Node.DeviceId);
        Assert.True(again.Payload.GetProperty("result").GetProperty("repeat").GetBoolean());
        // What it cannot vouch for it does not sign.
        Assert.Equal(GateCodes.CommandSigInvalid, Send(executor, sender, Commands.Open(field.Time), executor.Node.DeviceId).Code);
        Assert.Equal(1, executor.Node.Mesh.Counters[MeshCounter.CommandSigInvalid]);

        ClassicStandIn classic = field.ClassicDialler("classic", sender, capabilities: Commands.Valve).Classic;
        CommandEnvelope toClassic = Commands.Open(field.Time, source: sender.DeviceId.Value);
        _ = sender.Mesh.Forward.SendAsync(classic.DeviceId, toClassic, TestContext.Current.CancellationToken);
        field.Run(6);
        string sent = Assert.Single(field.Sent(sender, classic), t => t.Contains(toClassic.CommandId, StringComparison.Ordinal));
        Assert.DoesNotContain("\"edge\"", sent, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("spec", "X-50")]
    [Trait("spec", "X-5")]
    public async Task A_recorded_signed_command_is_worth_nothing_in_another_hand()
    {
        await using var executor = new Executor(1);
        Field field = executor.Field;
        SimulatedNode sender = Sender(executor);
        CommandEnvelope own = Commands.Open(field.Time, source: sender.DeviceId.Value);
        Assert.True(Send(executor, sender, own, executor.Node.DeviceId).Ok);
        string recorded = field.Sent(sender, executor.Node).Single(t => t.Contains(own.CommandId, StringComparison.Ordinal));
        string parameters = JsonDocument.Parse(recorded).RootElement.GetProperty("params").GetRawText();

        // The thief may command too, and has the signed words of another: the id was used.
        ClassicLink thief = field.ClassicDialler("thief", executor.Node, MayCommand).Link;
        Assert.Equal(GateCodes.CommandReplayed, field.CodeOf(thief, "mesh.message.forward", parameters));
        Assert.Equal(1, executor.Opened);
        Assert.Equal(1, executor.Node.Mesh.Counters[MeshCounter.CommandsReplayed]);
    }

    private static SimulatedNode Sender(Executor executor)
    {
        Field field = executor.Field;
        SimulatedNode sender = field.Node("sender", new SimulatedNodeOptions { Peers = [executor.Node.AsPeer()], Gate = new Trust.Gate.WireGate(Field.Key("sender").DeviceId, _ => false) });
        Field.Trust(sender, "executor");
        Field.Trust(executor.Node, "sender", MayCommand);
        field.Until(() => sender.IsConnected(executor.Node) && executor.Node.IsConnected(sender), 5, "the sender is connected");
        return sender;
    }

    private static CallResult Send(Executor executor, SimulatedNode sender, CommandEnvelope command, NodeId to)
    {
        Task<CallResult> call = sender.Mesh.Forward.SendAsync(to, command, TestContext.Current.CancellationToken);
        executor.Field.Until(() => call.IsCompleted, 5, "the command is answered");
        return call.Result;
    }
}
