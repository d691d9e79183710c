using System.Security.Cryptography;
using System.Text.Json;
using ClawMesh.Edge.Agent.LocalApi;
using ClawMesh.Edge.Agent.Node;
using ClawMesh.Edge.Core.Lifecycle;
using ClawMesh.Edge.Core.Rpc;
using ClawMesh.Edge.Hardware.Identity;
using ClawMesh.Edge.TestKit;
using ClawMesh.Edge.TestKit.Mesh;

namespace ClawMesh.Edge.Tests.Agent.Cli;

/// <summary><c>peers</c> with and without <c>-v</c>, over real sessions on simulated links.</summary>
public sealed class PeersVerbTests : IDisposable
{
    private readonly CliBench _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    [Trait("spec", "W-133")]
    [Trait("spec", "X-37")]
    public async Task What_is_known_of_each_peer_is_told_and_shown_with_v()
    {
        var time = new ManualTime();
        var network = new SimulatedNetwork(time);
        var verifier = new Ed25519Verifier();
        var wrong = new SkewedTime(time) { Skew = TimeSpan.FromSeconds(-12) };
        var b = new SimulatedNode(network, "b", Ed25519Signer.FromSeed(SHA256.HashData("b"u8)), verifier, new SimulatedNodeOptions { Time = wrong });
        var a = new SimulatedNode(network, "a", Ed25519Signer.FromSeed(SHA256.HashData("a"u8)), verifier, new SimulatedNodeOptions { Peers = [b.AsPeer()] });
        SimulatedNode.Befriend(a, b);
        Assert.NotNull(network.RunUntil(() => a.Mesh.SessionOf(b.DeviceId)?.Sight.ClockOffset is not null, TimeSpan.FromSeconds(10)));

        var rpc = new RpcDispatcher();
        rpc.Add("mesh.peers", _ => true, (_, _, _) => Task.FromResult<Action<Utf8JsonWriter>>(new MeshViews(a.Mesh, time, []).Peers));
        Directory.CreateDirectory(_cli.State.Path);
        await using LocalServer node = LocalServer.Start(_cli.State, rpc, new EventLog(time));

        JsonElement peer = Assert.Single((await _cli.JsonAsync(0, "peers", "ok", "peers")).GetProperty("peers").EnumerateArray());
        JsonElement edge = peer.GetProperty("edge");
        Assert.Equal("insecure", edge.GetProperty("posture").GetString());
        Assert.InRange(edge.GetProperty("clockOffsetMs").GetInt64(), -12_010, -11_990);
        Assert.Equal(["safety", "control", "bulk", "coalesced", "dropped", "deferredMs", "window"], edge.GetProperty("pacing").EnumerateObject().Select(m => m.Name));
        Assert.InRange(edge.GetProperty("pacing").GetProperty("control").GetInt64(), 3, 20);
        Assert.Equal((0, 0), (edge.GetProperty("lag").GetProperty("weLack").GetInt64(), edge.GetProperty("lag").GetProperty("theyLack").GetInt64()));
        Assert.Equal(0, edge.GetProperty("verificationFailures").GetInt64());

        Assert.Equal(0, await _cli.RunAsync("peers"));
        Assert.DoesNotContain("posture", _cli.Output, StringComparison.Ordinal);
        Assert.Equal(0, await _cli.RunAsync("peers", "-v"));
        foreach (string part in (string[])[b.DeviceId.Value, "insecure", "mesh-ping", "we lack 0 frames", "s behind this node", "0 dropped"]) Assert.Contains(part, _cli.Output, StringComparison.Ordinal);

        a.Mesh.SessionOf(b.DeviceId)!.Sight.Lags(3, 4);
        a.Mesh.SessionOf(b.DeviceId)!.Sight.CountInvalid();
        Assert.Equal(0, await _cli.RunAsync("peers", "-v"));
        foreach (string part in (string[])["we lack 3 frames, they lack 4", "1 frames"]) Assert.Contains(part, _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_of_an_older_version_is_shown_as_far_as_it_tells()
    {
        var rpc = new RpcDispatcher();
        rpc.Add("mesh.peers", _ => true, (_, _, _) => Task.FromResult<Action<Utf8JsonWriter>>(w => w.WriteRawValue(
            """{"peers":[{"deviceId":"aa","outbound":true,"capabilities":[],"connectedAtMs":1},{"deviceId":"bb\u001b[2J","outbound":false,"capabilities":[],"connectedAtMs":1,"edge":{"state":"up","features":["x\u001b[2J"]}}]}""")));
        Directory.CreateDirectory(_cli.State.Path);
        await using LocalServer node = LocalServer.Start(_cli.State, rpc, new EventLog(new ManualTime()));

        Assert.Equal(0, await _cli.RunAsync("peers", "-v"));
        Assert.Contains("not known", _cli.Output, StringComparison.Ordinal);
    }
}
