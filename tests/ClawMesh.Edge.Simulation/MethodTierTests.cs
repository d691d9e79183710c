using System.Net;
using System.Text.Json;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Operators;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Mesh;
using ClawMesh.Edge.Core.Frames;
using ClawMesh.Edge.Core.Evidence;

namespace ClawMesh.Edge.Simulation;

/// <summary>The table of, for the methods that the mesh itself answers.</summary>
public class MethodTierTests
{
    private const string No = "NOT_AUTHORIZED";
    private const string Unknown = "UNKNOWN_METHOD";

    private static readonly string[] Callers = ["stranger", "none", "health", "read", "peer", "bare peer", "granted peer", "operator"];

    private static readonly string Token = new('5', 64);

    // One word for each of Callers, in that order; -- is NOT_AUTHORIZED, ?? is UNKNOWN_METHOD.
    private static readonly (string Method, string Params, string Expected)[] Table =
    [
        ("mesh.challenge", "{}", "OK OK OK OK OK OK OK OK"),
        ("mesh.ping", """{"t":1,"n":2}""", "OK OK OK OK OK OK OK OK"),
        ("mesh.ping", $$"""{"t":1,"n":2,"target":"{{new string('a', 64)}}"}""", "-- -- -- -- OK OK OK --"),
        ("operator.challenge", "{}", "-- OK OK OK OK OK OK OK"),
        ("chat.subscribe", "{}", "-- -- -- OK OK OK OK OK"),
        ("mesh.trace", "{}", "-- -- -- OK OK OK OK OK"),
        ("context.sync", "{}", "-- -- -- -- OK -- OK OK"),
        ("mesh.message.forward", """{"channel":"telegram","to":"x","originGatewayId":"y"}""", "-- -- -- -- OK OK OK OK"),
        ("mesh.message.forward", "actuation", "-- -- -- -- -- -- OK OK"),
        ("mesh.message.forward", """{"channel":"clawmesh","to":"agent:pi","commandDraft":{"operation":{"name":"intent:parse","params":{"text":"open"}}}}""", "-- -- -- -- -- -- -- OK"),
        ("chat.proposal.approve", """{"taskId":"t1"}""", "-- -- -- -- -- -- NO_PLANNER NO_PLANNER"),
        ("chat.proposal.reject", """{"taskId":"t1"}""", "-- -- -- -- -- -- NO_PLANNER NO_PLANNER"),
        ("Mesh.Ping", "{}", "-- -- -- -- ?? ?? ?? ??"),
        ("mesh.unheard", "{}", "-- -- -- -- ?? ?? ?? ??"),
        ("__proto__", "{}", "-- -- -- -- ?? ?? ?? ??"),
        ("edge.fence", """{"targetRef":"actuator:valve:V1","ttlMs":1000}""", "-- -- -- -- -- -- OK OK"),
        ("edge.fence", """{"targetRef":"actuator:valve:V1","release":true}""", "-- -- -- -- -- -- OK OK"),
        ("edge.fence", """{"targetRef":"actuator:valve:V1","ttlMs":300001}""", "-- -- -- -- -- -- INVALID_PARAMS INVALID_PARAMS"),
        ("edge.fence", """{"targetRef":"actuator:valve:V9","ttlMs":1000}""", "-- -- -- -- -- -- TARGET_UNKNOWN TARGET_UNKNOWN"),
        ("edge.fence", """{"targetRef":"elsewhere:pump:P1","ttlMs":1000}""", "-- -- -- -- -- -- -- TARGET_UNKNOWN"),
        ("edge.sync", "{\"op\":\"root\",\"root\":\"0000000000000000000000000000000000000000000000000000000000000000\"}", "-- -- -- -- OK -- OK OK"),
        ("llm.infer", "{}", "-- -- -- -- ?? ?? ?? ??"),
        ("pair.begin", "{}", "PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE"),
        ("pair.reveal", "{}", "PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE"),
        ("pair.confirm", "{}", "PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE"),
        ("pair.cancel", "{}", "PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE PAIRING_NOT_ACTIVE"),
    ];

    public static TheoryData<string> EveryCaller => new(Callers);

    [Theory]
    [MemberData(nameof(EveryCaller))]
    [Trait("spec", "X-69")]
    [Trait("spec", "X-70")]
    [Trait("spec", "W-56")]
    [Trait("spec", "W-64")]
    [Trait("spec", "W-66")]
    public async Task Every_cell_of_the_table_is_as_written(string caller)
    {
        await using var executor = Executor(caller);
        Field field = executor.Field;
        ClassicLink link = Link(executor, caller);
        foreach ((string method, string parameters, string expected) in Table)
        {
            string wanted = expected.Split(' ')[Array.IndexOf(Callers, caller)] switch { "--" => No, "??" => Unknown, var word => word };
            JsonElement answer = field.Ask(link, method, parameters == "actuation" ? Commands.Forward(Commands.Open(field.Time)) : parameters);
            Assert.True(wanted == Field.Code(answer), $"{caller}: {method} gave {answer.GetRawText()}, not {wanted}");
            if (wanted != "OK") Assert.StartsWith(wanted, answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
            field.Run(0.1);
        }

        Assert.Equal(caller is "granted peer" or "operator" ? 1 : 0, executor.Opened);
    }

    [Theory]
    [MemberData(nameof(EveryCaller))]
    [Trait("spec", "X-69")]
    [Trait("spec", "W-56")]
    [Trait("spec", "X-71")]
    public async Task A_frame_counts_only_from_a_peer_by_its_grant(string caller)
    {
        await using var executor = Executor(caller);
        ClassicLink link = Link(executor, caller);
        string from = Field.Key(link.Link.Owner).DeviceId.Value;
        link.Tell("context.frame", $$$"""{"gen":1,"kind":"human_input","frameId":"f1","sourceDeviceId":"{{{from}}}","timestamp":1,"data":{"intent":"x"},"trust":{"evidence_sources":["human"],"evidence_trust_tier":"T3_verified_action_evidence"},"hops":0}""");
        executor.Field.Run(0.5);
        MeshCounters counters = executor.Node.Mesh.Counters;
        bool peer = caller is "peer" or "granted peer";
        Assert.Equal(peer ? 1 : 0, executor.Node.Mesh.World.Log(10, FrameKinds.HumanInput, null).Count);
        Assert.Equal(caller == "bare peer" ? 1 : 0, counters[MeshCounter.GrantDenied]);
        Assert.Equal(peer || caller == "bare peer" ? 0 : 1, counters[MeshCounter.Unauthenticated]);
    }

    [Fact]
    [Trait("spec", "X-66")]
    [Trait("spec", "X-69")]
    public async Task The_operator_token_opens_nothing_from_elsewhere_without_tls()
    {
        await using var executor = Executor("stranger");
        ClassicLink link = Link(executor, "stranger");
        string token = $$"""{"token":"{{Token}}"}""";
        Assert.Equal(No, executor.Field.CodeOf(link, "operator.auth", token));
        Assert.Equal(No, executor.Field.CodeOf(link, "context.sync"));
    }

    [Fact]
    [Trait("spec", "X-65")]
    [Trait("spec", "X-69")]
    public async Task A_socket_stays_an_operators_for_eight_hours()
    {
        await using var executor = Executor("operator");
        Field field = executor.Field;
        ClassicLink link = Link(executor, "operator");
        field.Run(8 * 3600 - 60);
        Assert.Equal("OK", field.CodeOf(link, "context.sync"));
        field.Run(120);
        Assert.Equal(No, field.CodeOf(link, "context.sync"));
    }

    [Fact]
    [Trait("spec", "X-33")]
    public async Task An_indirect_probe_tells_who_is_reached_and_comes_once_in_two_seconds()
    {
        await using var executor = Executor("peer");
        Field field = executor.Field;
        ClassicLink link = Link(executor, "peer");
        SimulatedNode other = field.Node("other", "field", executor.Node);
        field.Until(() => executor.Node.IsConnected(other), 5, "the other is connected");
        Assert.True(Reachable(field.Ask(link, "mesh.ping", Target("other"))));
        Assert.Equal("RATE_LIMITED", field.CodeOf(link, "mesh.ping", Target("other")));
        field.Run(2);
        Assert.False(Reachable(field.Ask(link, "mesh.ping", Target("nobody"))));
        field.Network.Cut(other, executor.Node);
        field.Run(7);
        string probe = link.Ask("mesh.ping", Target("other"));
        field.Run(4);
        Assert.False(Reachable(link.ResultOf(probe)!.Value));

        static string Target(string name) => $$"""{"t":5,"n":6,"target":"{{Field.Key(name).DeviceId.Value}}"}""";
        static bool Reachable(JsonElement answer) => answer.GetProperty("payload").GetProperty("reachable").GetBoolean();
    }

    [Fact]
    [Trait("spec", "X-11")]
    public async Task A_grant_taken_away_counts_for_the_next_request_of_a_living_session()
    {
        await using var executor = Executor("granted peer");
        Field field = executor.Field;
        ClassicLink link = Link(executor, "granted peer");
        Assert.Equal("OK", field.CodeOf(link, "context.sync"));
        executor.Node.Trust.Set(executor.Node.Trust.Entries.Values.Single() with { Grants = PeerGrants.Default with { Sync = false } });
        Assert.Equal(No, field.CodeOf(link, "context.sync"));
        Assert.Equal(No, field.CodeOf(link, "chat.proposal.approve", """{"taskId":"t"}"""));
        Assert.Equal(No, field.CodeOf(link, "mesh.message.forward", Commands.Forward(Commands.Open(field.Time))));
        Assert.Null(link.End);
    }

    private static Executor Executor(string caller) => new(
        1, mesh: o => o with { LoopbackReadOnly = caller is "none" or "read" ? caller : "health", HandshakeLimit = TimeSpan.FromSeconds(60) }, operators: Convert.FromHexString(Token));

    private static ClassicLink Link(Executor executor, string caller)
    {
        Field field = executor.Field;
        if (caller.EndsWith("peer", StringComparison.Ordinal))
        {
            return field.ClassicDialler("caller", executor.Node, caller switch
            {
                "bare peer" => new PeerGrants(Gossip: false, Relay: false, Sync: false, [], Approve: false, EvidenceTier.PlanningInference),
                "granted peer" => PeerGrants.Default with { Command = ["actuator:*"], Approve = true },
                _ => PeerGrants.Default,
            }).Link;
        }

        var stranger = new ClassicStandIn(field.Network, "caller", Field.Key("caller"));
        ClassicLink link = stranger.Dial(executor.Node, handshake: false, from: caller == "stranger" ? IPAddress.Parse("192.0.2.7") : null);
        if (caller == "operator") Assert.Equal("OK", field.CodeOf(link, "operator.auth", $$"""{"token":"{{Token}}"}"""));
        return link;
    }
}
