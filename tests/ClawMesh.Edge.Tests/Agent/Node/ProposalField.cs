using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Actuation;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Core.Wire;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Mesh;
using ClawMesh.Edge.Tests.World.Planner;
using ClawMesh.Edge.Trust.Gate;
using ClawMesh.Edge.World.Planner;
using ClawMesh.Edge.World.Planner.Book;

namespace ClawMesh.Edge.Tests.Agent.Node;

/// <summary>A planner node and a field node on a simulated network; the field node has a real desk, gate and valve.</summary>
internal sealed class ProposalField : IAsyncDisposable
{
    private static readonly Ed25519Verifier Verifier = new();
    private int _asked;

    public ProposalField(OutputPolicy? policy = null, IReadOnlyList<ZoneGoal>? goals = null, double rate = 1, PeerGrants? plannerAtField = null, PeerGrants? fieldAtPlanner = null, string role = "planner", bool leaderToCome = false)
    {
        Output = new PermitDesk(policy, options: o => o with { Verifier = Verifier, TrustOf = id => Field!.Trust.Entries.GetValueOrDefault(id.Value) }, self: Key("field").DeviceId);
        Network = new SimulatedNetwork(Output.Time);
        Site = new TestSite(Output.Time, rate);
        NodeId field = Key("field").DeviceId;
        Field = new SimulatedNode(Network, "field", Key("field"), Verifier, new SimulatedNodeOptions
        {
            Gate = new WireGate(field, c => Output.Desk.WireGate.LeadsToSafeState(ForwardMessage.For(c, "sender"))),
            Actuation = Output.Desk,
            Capabilities = [Drafts.Valve, "actuator:valve"],
            Peers = leaderToCome ? [SimulatedNode.PeerOf(Key("leader").DeviceId)] : [],
        });
        Planner = new SimulatedNode(Network, "planner", Key("planner"), Verifier, new SimulatedNodeOptions { Role = role, Peers = [SimulatedNode.PeerOf(field), .. leaderToCome ? [SimulatedNode.PeerOf(Key("leader").DeviceId)] : Array.Empty<ClawMesh.Edge.Mesh.Peers.StaticPeer>()], Capabilities = ["actuator:valve:V9"], Actuation = Own.Desk });
        Field.Trust.Add(Planner.DeviceId, grants: plannerAtField ?? PeerGrants.Default with { Command = [Drafts.Valve] });
        Planner.Trust.Add(field, grants: fieldAtPlanner ?? PeerGrants.Default with { Approve = true });
        if (leaderToCome)
        {
            foreach (SimulatedNode node in (SimulatedNode[])[Planner, Field]) node.Trust.Add(Key("leader").DeviceId);
        }

        var frames = new FrameFactory(Planner.DeviceId, "planner", Output.Time, Guid.NewGuid);
        Desk = new ProposalDesk(
            new ProposalPorts(
                Planner.DeviceId, role, Planner.Mesh, Own.Desk, frames, (frame, messageClass) => Planner.Mesh.Tell(frame, messageClass),
                (act, by, what, _) =>
                {
                    Journal.Add($"{act} {by}");
                    return Task.CompletedTask;
                },
                Planner.Events, Output.Time, Guid.NewGuid, Simulated: false),
            Site, _ => Measured, goals is null ? null : Drafts.Standing(goals, Site, Output.Time));
        foreach (SimulatedNode node in (SimulatedNode[])[Planner, Field]) ProposalMethods.Register(node.Rpc, node.Mesh, Output.Time, c => c.Tier >= RpcTier.Peer);
        Until(() => Planner.IsConnected(Field) && Field.IsConnected(Planner), "the planner is connected");
    }

    /// <summary>The field node's.</summary>
    public PermitDesk Output { get; }

    /// <summary>The planner node's own valve, V9; its clock stands still.</summary>
    public PermitDesk Own { get; } = new(PermitDesk.OpenPolicy(new ActuatorId("actuator:valve:V9")));

    public SimulatedNetwork Network { get; }

    public SimulatedNode Planner { get; }

    public SimulatedNode Field { get; }

    public ProposalDesk Desk { get; }

    public TestSite Site { get; }

    public double? Measured { get; set; }

    public List<string> Journal { get; } = [];

    public int Opened => Output.Actuator.Writes.Count(v => v == OutputValue.Active);

    /// <summary>An operator on the local socket of either node.</summary>
    public static RpcCaller Anna { get; } = new(RpcTier.Operator, "operator:anna") { OnLoopback = true };

    /// <summary>An operator by token, from somewhere.</summary>
    public static RpcCaller Remote { get; } = new(RpcTier.Operator, "operator:token") { OnLoopback = true, Connection = new object() };

    /// <summary>The planner's own observation and a proposal that rests on it.</summary>
    public Proposal Offer(ApprovalLevel level = ApprovalLevel.L2, string target = Drafts.Valve, double minutes = 10, string operation = "open", Expectation? expectation = null, string frameId = "frame-1") =>
        Desk.Offer(Drafts.Water(Output.Time, level, target, operation, minutes, expectation: expectation, evidence: [Drafts.Evidence(Output.Time, frameId)]))!;

    public Proposal Now(Proposal proposal) => Desk.Book.Find(proposal.TaskId)!;

    /// <summary>The forward that carried the command to the field node, as it was on the wire.</summary>
    public JsonElement Forwarded() => Assert.Single(Forwards());

    public List<JsonElement> Forwards() =>
        [.. Sent(Planner).Where(t => t.Contains("\"mesh.message.forward\"", StringComparison.Ordinal)).Select(t => JsonDocument.Parse(t).RootElement.GetProperty("params"))];

    /// <summary>Payloads of the planner's events of one name.</summary>
    public List<JsonElement> Told(string name) =>
        [.. Sent(Planner).Select(t => JsonDocument.Parse(t).RootElement).Where(m => m.TryGetProperty("event", out JsonElement e) && e.GetString() == name).Select(m => m.GetProperty("payload"))];

    public JsonElement Ask(SimulatedNode node, RpcCaller caller, string method, string parameters = "{}")
    {
        Task<byte[]> answer = node.Rpc.AnswerAsync($"ask-{++_asked}", method, JsonDocument.Parse(parameters).RootElement, caller, TestContext.Current.CancellationToken);
        Until(() => answer.IsCompleted, $"{method} is answered", 60);
#pragma warning disable xUnit1031 // It is complete.
        return JsonDocument.Parse(answer.Result).RootElement;
#pragma warning restore xUnit1031
    }

    public JsonElement Decide(SimulatedNode node, RpcCaller caller, string decision, string taskId) =>
        Ask(node, caller, "edge.approve", $$"""{"taskId":"{{taskId}}","decision":"{{decision}}","reason":"because"}""");

    public JsonElement Chat(SimulatedNode node, RpcCaller caller, string verb, string taskId, string more = "") =>
        Ask(node, caller, $"chat.proposal.{verb}", $$"""{"taskId":"{{taskId}}"{{more}}}""");

    public static string Code(JsonElement answer) => answer.GetProperty("ok").GetBoolean() ? "OK" : answer.GetProperty("error").GetProperty("code").GetString()!;

    public static string Status(JsonElement answer) => answer.GetProperty("payload").GetProperty("proposal").GetProperty("status").GetString()!;

    public void Run(double seconds)
    {
        Network.Run(TimeSpan.FromSeconds(seconds));
        Desk.Book.Tick();
    }

    public void Until(Func<bool> holds, string what, double seconds = 5) => Assert.True(Network.RunUntil(holds, TimeSpan.FromSeconds(seconds)) is not null, $"not within {seconds} s: {what}");

    public async ValueTask DisposeAsync()
    {
        await Desk.Book.DisposeAsync();
        await Output.DisposeAsync();
        await Own.DisposeAsync();
    }

    public static Ed25519Signer Key(string name) => Ed25519Signer.FromSeed(SHA256.HashData(Encoding.UTF8.GetBytes($"proposals {name}")));

    private IEnumerable<string> Sent(SimulatedNode from) => Network.AllLinks.Where(l => l.Owner == from.Name).SelectMany(l => l.Sent);
}
