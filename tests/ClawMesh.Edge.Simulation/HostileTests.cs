using System.Buffers.Text;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using ClawMesh.Edge.Core.Errors;
using ClawMesh.Edge.Core.Identity;
using ClawMesh.Edge.Mesh;
using ClawMesh.Edge.Mesh.Handshake;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Simulation;

/// <summary>Attacks with what somebody on the wire can have: refused, counted, and nothing left behind.</summary>
public class HostileTests
{
    private static readonly PeerGrants MayCommand = PeerGrants.Default with { Command = [Commands.Valve] };

    [Fact]
    [Trait("spec", "W-46")]
    [Trait("spec", "X-45")]
    [Trait("spec", "X-82")]
    public Task A_recorded_session_played_again_opens_no_session_and_moves_nothing() => Executor.EachSeed(executor =>
    {
        Field field = executor.Field;
        (ClassicStandIn classic, ClassicLink link) = field.ClassicDialler("planner", executor.Node, MayCommand);
        Assert.Equal("OK", field.CodeOf(link, "mesh.message.forward", Commands.Forward(Commands.Open(field.Time), classic.DeviceId.Value)));
        string[] recorded = [.. field.Sent(classic, executor.Node)];
        Assert.True(recorded.Length >= 3);
        link.Link.Close(1000, "");
        field.Run(1);

        foreach (string from in (string[])["192.0.2.7", "127.0.0.1"])
        {
            ClassicLink thief = new ClassicStandIn(field.Network, $"thief at {from}", Field.Key("thief")).Dial(executor.Node, handshake: false, IPAddress.Parse(from));
            foreach (string message in recorded) thief.Send(message);
            field.Run(1);
            Assert.Equal("AUTH_NONCE_INVALID", Field.Code(thief.ResultOf("connect")!.Value));
            Assert.All(thief.Heard.Where(h => h.Type == "res" && h.Name is not ("challenge" or "connect")), h => Assert.Equal("NOT_AUTHORIZED", Field.Code(h.Body)));
        }

        Assert.Empty(executor.Node.Mesh.Sessions);
        Assert.Equal(1, executor.Opened);
        Assert.Equal(2, executor.Node.Mesh.Counters[MeshCounter.HandshakeFailures]);
        Assert.Contains(Field.EventsOf(executor.Node, Core.Lifecycle.EventTypes.PeerFault), e => e.Message.Contains("AUTH_NONCE_INVALID", StringComparison.Ordinal));

        // Also on a session of the same device the words act no second time.
        ClassicLink back = classic.Dial(executor.Node);
        field.Until(() => back.Connected, 2, "the planner is back");
        back.Send(recorded[^1]);
        field.Run(1);
        Assert.Equal(1, executor.Opened);
    });

    [Fact]
    [Trait("spec", "W-46")]
    public void A_nonce_of_another_connection_is_worth_nothing_even_with_a_true_signature() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        ClassicStandIn peer = field.Classic("peer", a);
        ClassicLink watched = peer.Dial(a, handshake: false);
        string challenge = watched.Ask("mesh.challenge");
        field.Run(1);
        string nonce = watched.ResultOf(challenge)!.Value.GetProperty("payload").GetProperty("nonce").GetString()!;
        string proof = Proof(peer, nonce, field.Time.GetUtcNow().ToUnixTimeMilliseconds());

        // The thief has the nonce and the peer's own answer to it, and is faster.
        ClassicLink thief = new ClassicStandIn(field.Network, "thief", Field.Key("thief")).Dial(a, handshake: false, IPAddress.Parse("192.0.2.7"));
        Assert.Equal("AUTH_NONCE_INVALID", field.CodeOf(thief, "mesh.connect", proof));
        // Nor with a nonce of the thief's own connection: the signature is over the other one.
        string own = field.Ask(thief, "mesh.challenge").GetProperty("payload").GetProperty("nonce").GetString()!;
        JsonObject changed = JsonNode.Parse(proof)!.AsObject();
        changed["nonce"] = own;
        Assert.Equal("AUTH_FAILED", field.CodeOf(thief, "mesh.connect", changed.ToJsonString()));
        Assert.Empty(a.Mesh.Sessions);
        Assert.Equal(2, a.Mesh.Counters[MeshCounter.HandshakeFailures]);

        Assert.Equal("OK", field.CodeOf(watched, "mesh.connect", proof));
        Assert.Equal(peer.DeviceId, Assert.Single(a.Mesh.Sessions).DeviceId);
    });

    [Fact]
    [Trait("spec", "W-25")]
    [Trait("spec", "W-27")]
    public void A_swapped_key_opens_no_session_and_leaves_the_pin_as_it_was() => Field.EachSeed(field =>
    {
        SimulatedNode a = field.Node("a");
        (ClassicStandIn peer, ClassicLink link) = field.ClassicDialler("peer", a);
        link.Link.Close(1000, "");
        field.Run(1);
        ClassicLink thief = new ClassicStandIn(field.Network, "thief", Field.Key("thief")).Dial(a, handshake: false);

        // The device's id with the thief's key and signature.
        string nonce = field.Ask(thief, "mesh.challenge").GetProperty("payload").GetProperty("nonce").GetString()!;
        long now = field.Time.GetUtcNow().ToUnixTimeMilliseconds();
        JsonObject claimed = JsonNode.Parse(Proof(peer, nonce, now))!.AsObject();
        claimed["publicKey"] = Base64Url.EncodeToString(Field.Key("thief").PublicKey.Span);
        claimed["signature"] = Base64Url.EncodeToString(Field.Key("thief").Sign(HandshakeText.Build(peer.DeviceId, now, nonce, peer.MeshId, peer.Role)));
        Assert.Equal("PUBLIC_KEY_MISMATCH", field.CodeOf(thief, "mesh.connect", claimed.ToJsonString()));
        Assert.Equal(peer.PublicKey, a.Trust.Entries[peer.DeviceId.Value].PublicKey);
        Assert.Equal(1, a.Mesh.Counters[MeshCounter.HandshakeFailures]);
    });

    [Theory]
    [InlineData(-600_000)]
    [InlineData(600_000)]
    [Trait("spec", "W-53")]
    [Trait("spec", "X-46")]
    public async Task A_peer_whose_clock_is_ten_minutes_off_gets_no_session_and_its_words_move_nothing(int offMs)
    {
        await using var executor = new Executor(1);
        Field field = executor.Field;
        ClassicStandIn peer = field.Classic("peer", executor.Node, MayCommand);
        ClassicLink link = peer.Dial(executor.Node, handshake: false);
        string nonce = field.Ask(link, "mesh.challenge").GetProperty("payload").GetProperty("nonce").GetString()!;
        long theirs = field.Time.GetUtcNow().ToUnixTimeMilliseconds() + offMs;
        Assert.Equal("AUTH_FAILED", field.CodeOf(link, "mesh.connect", Proof(peer, nonce, theirs)));
        Assert.Equal(1, executor.Node.Mesh.Counters[MeshCounter.HandshakeFailures]);

        // Its clock jumped after the handshake: nothing it dates acts but the way to the safe state.
        ClassicLink joined = peer.Dial(executor.Node);
        field.Until(() => joined.Connected, 2, "the peer joins with a right clock");
        Assert.Equal(GateCodes.CommandStale, field.CodeOf(joined, "mesh.message.forward", Commands.Forward(Commands.Open(field.Time, createdAtMs: theirs))));
        Assert.Equal("OK", field.CodeOf(joined, "mesh.message.forward", Commands.Forward(Commands.Open(field.Time, operation: "close", createdAtMs: theirs))));
        Assert.Equal(0, executor.Opened);
        Assert.Equal(1, executor.Node.Mesh.Counters[MeshCounter.CommandsStale]);
    }

    [Fact]
    [Trait("spec", "X-44")]
    [Trait("spec", "X-82")]
    public async Task A_flood_of_commands_fills_the_window_and_the_way_to_the_safe_state_stays_open()
    {
        const int places = 8;
        await using var executor = new Executor(
            1, mesh: o => o with { ForwardsPerSecond = 10_000, ForwardBurst = 10_000 }, desk: o => o with { ReplayCapacityPerOutput = Trust.Desk.DeskOptions.SafeReserve + places });
        Field field = executor.Field;
        ClassicLink link = field.ClassicDialler("planner", executor.Node, MayCommand).Link;
        string[] codes = [.. Enumerable.Range(0, 3 * places).Select(_ => field.CodeOf(link, "mesh.message.forward", Commands.Forward(Commands.Open(field.Time))))];
        Assert.Equal(places, codes.Count(c => c == "OK"));
        Assert.Equal(2 * places, codes.Count(c => c == GateCodes.ReplayWindowFull));

        Assert.Equal("OK", field.CodeOf(link, "mesh.message.forward", Commands.Forward(Commands.Open(field.Time, operation: "close"))));
        Assert.Equal(Core.Actuation.OutputValue.Inactive, executor.Desk.Actuator.ReadBack());
        Assert.Equal(places + 1, executor.Desk.Journal.RememberedCommands(Commands.Valve));
    }

    [Fact]
    [Trait("spec", "W-15")]
    [Trait("spec", "W-154")]
    public void Half_open_sockets_end_by_themselves_and_take_nobodys_place() => Field.EachSeed(
        field =>
        {
            SimulatedNode a = field.Node("a");
            ClassicLink friend = field.ClassicDialler("friend", a).Link;
            List<ClassicLink> silent = [];
            for (int i = 0; i < 200; i++)
            {
                ClassicLink link = new ClassicStandIn(field.Network, $"silent {i}", Field.Key($"silent {i % 10}")).Dial(a, handshake: false, IPAddress.Parse($"192.0.2.{i % 100}"));
                // Some say a word and stop in the middle of the handshake.
                if (i % 2 == 0) link.Ask("mesh.challenge");
                silent.Add(link);
            }

            field.Run(5);
            Assert.Equal("OK", field.CodeOf(friend, "mesh.ping"));
            Assert.Equal(200, a.Mesh.Strangers(IPAddress.Any).Total);
            field.Run(6);
            Assert.All(silent, l => Assert.Equal(1008, l.End?.Status));
            Assert.Equal(0, a.Mesh.Strangers(IPAddress.Any).Total);
            Assert.Single(a.Mesh.Sessions);
            Assert.Null(friend.End);
        },
        seeds: 2);

    // The params of mesh.connect as the device itself would send them.
    private static string Proof(ClassicStandIn peer, string nonce, long atMs)
    {
        Hardware.Identity.Ed25519Signer key = Field.Key(peer.Name);
        string signature = Base64Url.EncodeToString(key.Sign(HandshakeText.Build(peer.DeviceId, atMs, nonce, peer.MeshId, peer.Role)));
        return $$"""
            {"version":2,"deviceId":"{{peer.DeviceId.Value}}","publicKey":"{{peer.PublicKey}}","signature":"{{signature}}","signedAtMs":{{atMs}},"nonce":"{{nonce}}","clientNonce":"client","capabilities":[],"meshId":"{{peer.MeshId}}","role":"{{peer.Role}}"}
            """;
    }
}
