using System.Text.Json;
using System.Text.Json.Nodes;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>A session nobody has anything to say on still hears an event in time; a class of its own, because it takes half a minute.</summary>
public class MeshKeepAliveTests
{
    [Fact]
    [Trait("spec", "W-12")]
    [Trait("spec", "W-150")]
    public async Task A_quiet_accepted_session_hears_a_keep_alive_within_thirty_seconds()
    {
        // Sensors that report once an hour, and a farm on which nothing happens.
        await using MeshMember node = await MeshMember.CreateAsync(c => c["edge"] = new JsonObject { ["reportIntervalMs"] = 3_600_000 });
        using var identity = new WireIdentity();
        await node.TrustAsync(identity.DeviceId, identity.PublicKey);
        await node.StartAsync("--sim-rate", "0.01");
        await using MeshWire wire = await MeshWire.JoinAsync(node, identity);
        DateTimeOffset joined = DateTimeOffset.UtcNow;

        await MeshPoll.UntilAsync(() => Task.FromResult(wire.Events.Any(e => e.Name == "edge.keepalive")), "a keep-alive event", TimeSpan.FromSeconds(60));

        DateTimeOffset last = joined;
        foreach (WireEvent heard in wire.Events)
        {
            Assert.True(heard.At - last <= TimeSpan.FromSeconds(30), $"{(heard.At - last).TotalSeconds:0.0} s without an event");
            last = heard.At;
        }

        JsonElement payload = wire.Events.First(e => e.Name == "edge.keepalive").Root.GetProperty("payload");
        Assert.Equal(1, payload.GetProperty("gen").GetInt32());
        Assert.True(wire.IsOpen, "pings were answered all the while");
    }
}
