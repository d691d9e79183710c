using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>The read commands against another node's port: with its operator token, without, and with what it allows on its own machine.</summary>
public class MeshViewTests
{
    private static readonly string[] Views = ["status", "peers", "world", "events"];

    [Fact]
    [Trait("spec", "X-64")]
    [Trait("spec", "X-65")]
    [Trait("spec", "X-69")]
    [Trait("spec", "X-70")]
    public async Task Another_nodes_views_open_with_its_token_and_say_what_is_missing_without()
    {
        await using MeshMember node = await MeshMember.CreateAsync();
        using var elsewhere = new TempState();
        using var identity = new WireIdentity();
        await node.TrustAsync(identity.DeviceId, identity.PublicKey);
        await node.StartAsync();
        await using MeshWire wire = await MeshWire.JoinAsync(node, identity);
        string token = (await File.ReadAllTextAsync(Path.Combine(node.StateDir, "operator.token"), TestContext.Current.CancellationToken)).Trim();

        foreach (string view in Views)
        {
            Ran seen = await ViewAsync(elsewhere, view, node.Url, token);
            Assert.True(seen.ExitCode == 0, $"{view}: {seen}");
            Assert.Equal(view, seen.Json.GetProperty("kind").GetString());
        }

        Ran status = await ViewAsync(elsewhere, "status", node.Url, token);
        Assert.Equal(node.DeviceId, status.Data.GetProperty("localDeviceId").GetString());
        Ran peers = await ViewAsync(elsewhere, "peers", node.Url, token);
        JsonElement peer = Assert.Single(peers.Data.GetProperty("peers").EnumerateArray());
        Assert.Equal(identity.DeviceId, peer.GetProperty("deviceId").GetString());
        Ran events = await ViewAsync(elsewhere, "events", node.Url, token);
        Assert.Contains(events.Data.GetProperty("events").EnumerateArray(), e => e.GetProperty("message").GetString()!.StartsWith($"Connected: {identity.DeviceId[..12]}…", StringComparison.Ordinal));

        foreach (string view in Views)
        {
            Ran closed = await ViewAsync(elsewhere, view, node.Url, token: null);
            Assert.True(closed.ExitCode == 4, $"{view}: {closed}");
            Assert.Equal("node.not_permitted", closed.Data.GetProperty("code").GetString());
            Assert.Contains("CLAWMESH_OPERATOR_TOKEN", closed.Data.GetProperty("why").GetString(), StringComparison.Ordinal);
        }

        Ran wrong = await ViewAsync(elsewhere, "status", node.Url, new string('0', 64));
        Assert.True(wrong.ExitCode == 4, wrong.ToString());
        Assert.Equal("node.not_permitted", wrong.Data.GetProperty("code").GetString());
        Assert.Contains(await node.MessagesAsync("operator.act"), m => m.StartsWith("Operator proof from 127.0.0.1:", StringComparison.Ordinal));
        Assert.DoesNotContain(token, (await node.CliAsync("events", "--json", "--limit", "200")).Output, StringComparison.Ordinal);

        Ran nobody = await ViewAsync(elsewhere, "status", $"ws://127.0.0.1:{MeshMember.FreePort()}", token);
        Assert.True(nobody.ExitCode == 4, nobody.ToString());
        Assert.Equal("node.unreachable", nobody.Data.GetProperty("code").GetString());
    }

    [Fact]
    [Trait("spec", "X-67")]
    public async Task Guessing_a_token_is_slowed_down_and_does_not_lock_out_the_local_socket()
    {
        await using MeshMember node = await MeshMember.CreateAsync();
        using var elsewhere = new TempState();
        await node.StartAsync();
        string token = (await File.ReadAllTextAsync(Path.Combine(node.StateDir, "operator.token"), TestContext.Current.CancellationToken)).Trim();

        for (int i = 0; i < 5; i++) Assert.Equal(4, (await ViewAsync(elsewhere, "status", node.Url, new string('0', 63) + i)).ExitCode);
        Ran limited = await ViewAsync(elsewhere, "status", node.Url, token);

        Assert.True(limited.ExitCode == 4, limited.ToString());
        Assert.Contains("RATE_LIMITED", limited.Data.GetProperty("why").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, (await node.CliAsync("status", "--json")).ExitCode);
    }

    [Fact]
    [Trait("spec", "W-127")]
    [Trait("spec", "W-129")]
    [Trait("spec", "X-68")]
    [Trait("spec", "X-70")]
    public async Task A_program_on_the_machine_reads_without_proof_where_the_operator_allowed_it_and_changes_nothing()
    {
        await using MeshMember node = await MeshMember.CreateAsync(c => c["operator"] = new JsonObject { ["loopbackReadOnly"] = "read" });
        using var elsewhere = new TempState();
        await node.StartAsync();

        foreach (string view in Views)
        {
            Ran seen = await ViewAsync(elsewhere, view, node.Url, token: null);
            Assert.True(seen.ExitCode == 0, $"{view}: {seen}");
        }

        await using MeshWire page = await MeshWire.ConnectAsync(node);
        Assert.True((await page.AskAsync("chat.subscribe", [])).GetProperty("ok").GetBoolean());
        await MeshPoll.UntilAsync(() => Task.FromResult(page.Events.Any(e => e.Name == "context.frame")), "a frame at the page", TimeSpan.FromSeconds(10));
        foreach (string method in (string[])["edge.actuate", "edge.release", "edge.safe-state", "edge.trust", "edge.config", "mesh.message.forward", "context.sync", "chat.proposal.approve"])
            MeshForward.AssertRefused(await page.AskAsync(method, []), "NOT_AUTHORIZED");
    }

    private static Task<Ran> ViewAsync(string stateDir, string view, string url, string? token)
    {
        ProcessStartInfo start = EdgeBinary.StartInfo(view, "--url", url, "--json", "--state-dir", stateDir);
        start.Environment.Remove("CLAWMESH_OPERATOR_TOKEN");
        if (token is not null) start.Environment["CLAWMESH_OPERATOR_TOKEN"] = token;
        return EdgeBinary.RunAsync(start);
    }
}
