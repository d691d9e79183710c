using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>What somebody on the wire may try against a published node: refused, counted in mesh.health, and over when they stop.</summary>
public class HostileMeshTests
{
    [Fact]
    [Trait("spec", "W-46")]
    [Trait("spec", "W-53")]
    [Trait("spec", "X-82")]
    public async Task A_replayed_handshake_a_stolen_nonce_and_a_wrong_clock_are_refused_and_counted()
    {
        await using MeshMember node = await MeshMember.CreateAsync();
        await node.StartAsync();
        using var peer = new WireIdentity();
        await node.TrustAsync(peer.DeviceId, peer.PublicKey);
        await using MeshWire watched = await MeshWire.ConnectAsync(node);
        string nonce = await NonceAsync(watched);
        JsonObject proof = MeshWire.Connect(peer, nonce);

        // The same words on another connection, before and after their owner used them.
        await using MeshWire thief = await MeshWire.ConnectAsync(node);
        await NonceAsync(thief);
        MeshForward.AssertRefused(await thief.AskAsync("mesh.connect", (JsonObject)proof.DeepClone()), "AUTH_NONCE_INVALID");
        Assert.True((await watched.AskAsync("mesh.connect", (JsonObject)proof.DeepClone())).GetProperty("ok").GetBoolean());
        await NonceAsync(thief);
        MeshForward.AssertRefused(await thief.AskAsync("mesh.connect", (JsonObject)proof.DeepClone()), "AUTH_NONCE_INVALID");

        foreach (int offMs in (int[])[-600_000, 600_000])
        {
            await using MeshWire late = await MeshWire.ConnectAsync(node);
            MeshForward.AssertRefused(await late.HandshakeAsync(peer, signedAtMs: DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + offMs), "AUTH_FAILED");
        }

        Assert.Equal(4, await node.CounterAsync("edge.handshake.failures"));
        Assert.Contains(await node.MessagesAsync("peer.fault"), m => m.Contains("AUTH_NONCE_INVALID", StringComparison.Ordinal));
        Assert.True(watched.IsOpen);
    }

    [Fact]
    [Trait("spec", "W-53")]
    public async Task A_node_whose_clock_is_ten_minutes_ahead_stays_outside_and_is_named()
    {
        await using MeshMember right = await MeshMember.CreateAsync();
        await using MeshMember ahead = await MeshMember.CreateAsync();
        await MeshMember.IntroduceAsync(right, ahead);
        await right.StartAsync();
        await ahead.StartAsync("--peer", right.Spec);
        await ahead.JoinedAsync(right);

        // The session stands; the next handshake is judged by the clocks as they are then.
        await ahead.SetClockAsync(DateTimeOffset.UtcNow.AddMinutes(10));
        await right.Node.KillAsync();
        await ahead.LostAsync(right);
        await right.StartAsync();

        await MeshPoll.UntilAsync(async () => await right.CounterAsync("edge.handshake.failures") > 0, "the handshake to be refused", TimeSpan.FromSeconds(60));
        Assert.False(await right.HasSessionWithAsync(ahead.DeviceId));
        Assert.Contains(await right.MessagesAsync("peer.fault"), m => m.Contains("AUTH_FAILED", StringComparison.Ordinal) && m.Contains(ahead.DeviceId[..12], StringComparison.Ordinal));
    }

    [Fact]
    [Trait("spec", "W-15")]
    [Trait("spec", "W-154")]
    public async Task A_flood_of_half_open_sockets_is_turned_away_counted_and_over_in_seconds()
    {
        await using MeshMember node = await MeshMember.CreateAsync();
        await node.StartAsync();
        using var friend = new WireIdentity();
        await node.TrustAsync(friend.DeviceId, friend.PublicKey);
        await using MeshWire session = await MeshWire.JoinAsync(node, friend);

        var sockets = new List<Socket>();
        var strangers = new List<MeshWire>();
        try
        {
            for (int i = 0; i < 8; i++) strangers.Add(await MeshWire.ConnectAsync(node));
            for (int i = 0; i < 20; i++) await Assert.ThrowsAsync<WebSocketException>(() => MeshWire.ConnectAsync(node));
            // Sockets that never say a word, fewer than there are places.
            for (int i = 0; i < 150; i++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                await socket.ConnectAsync(IPAddress.Loopback, node.Port, TestContext.Current.CancellationToken);
            }

            Assert.True((await session.AskAsync("mesh.ping", new JsonObject { ["t"] = 1, ["n"] = 1 })).GetProperty("ok").GetBoolean());
            Assert.Equal(20, await node.CounterAsync("edge.inbound.turned_away"));
            Assert.Contains(await node.MessagesAsync("error"), m => m.Contains("was turned away", StringComparison.Ordinal));

            byte[] nothing = new byte[1];
            foreach (Socket socket in sockets)
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
                limit.CancelAfter(TimeSpan.FromSeconds(25));
                Assert.True(await Ended(socket, nothing, limit.Token), "the node hangs up on a socket that says nothing");
            }
        }
        finally
        {
            foreach (Socket socket in sockets) socket.Dispose();
            foreach (MeshWire stranger in strangers) await stranger.DisposeAsync();
        }

        // The places are free again.
        await using MeshWire next = await MeshWire.ConnectAsync(node);
        Assert.True(session.IsOpen);
    }

    [Fact]
    [Trait("spec", "X-48")]
    [Trait("spec", "X-49")]
    [Trait("spec", "X-81")]
    public async Task A_fence_outlives_a_kill_and_its_number_never_goes_back()
    {
        await using MeshMember node = await MeshMember.CreateAsync();
        await node.StartAsync();
        using var one = new WireIdentity();
        using var two = new WireIdentity();
        await node.TrustAsync(one.DeviceId, one.PublicKey, "command=actuator:valve:*");
        await node.TrustAsync(two.DeviceId, two.PublicKey, "command=actuator:valve:*");
        long first;
        await using (MeshWire holder = await MeshWire.JoinAsync(node, one)) first = (await TakeAsync(holder)).GetProperty("payload").GetProperty("fence").GetInt64();

        await node.Node.KillAsync();
        await node.StartAsync();
        await node.SetClockAsync();
        await using MeshWire other = await MeshWire.JoinAsync(node, two);
        JsonElement held = await TakeAsync(other);
        MeshForward.AssertRefused(held, "FENCE_HELD");
        Assert.True(held.GetProperty("error").GetProperty("expiresAtMs").GetInt64() > DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        MeshForward.AssertRefused(await other.ForwardAsync(MeshForward.Command(MeshForward.Valve, "open", two.DeviceId)), "FENCED_OUT");

        Ran taken = await node.CliAsync("fence", MeshForward.Valve, "--json");
        Assert.True(taken.ExitCode == 0, taken.ToString());
        Assert.True(taken.Data.GetProperty("fence").GetInt64() > first);
        JsonElement valve = (await node.StatusAsync()).GetProperty("edge").GetProperty("actuators").EnumerateArray().Single(a => a.GetProperty("ref").GetString() == MeshForward.Valve);
        Assert.StartsWith("operator:", valve.GetProperty("fence").GetProperty("holder").GetString(), StringComparison.Ordinal);
        Ran freed = await node.CliAsync("fence", MeshForward.Valve, "--release", "--json");
        Assert.True(freed.ExitCode == 0, freed.ToString());
        Assert.True((await TakeAsync(other)).GetProperty("ok").GetBoolean());
        Assert.Equal(1, await node.CounterAsync("edge.command.fenced_out"));
    }

    private static Task<JsonElement> TakeAsync(MeshWire wire) => wire.AskAsync("edge.fence", new JsonObject { ["targetRef"] = MeshForward.Valve, ["ttlMs"] = 60_000 });

    private static async Task<string> NonceAsync(MeshWire wire) =>
        (await wire.AskAsync("mesh.challenge", [])).GetProperty("payload").GetProperty("nonce").GetString()!;

    private static async Task<bool> Ended(Socket socket, byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await socket.ReceiveAsync(buffer, cancellationToken) == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
