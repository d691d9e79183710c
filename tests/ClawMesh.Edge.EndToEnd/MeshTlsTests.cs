using System.Diagnostics;
using System.Text.Json;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>A published node whose port speaks wss, and the pin of its certificate at those who dial it.</summary>
public class MeshTlsTests
{
    [Fact]
    [Trait("spec", "W-13")]
    [Trait("spec", "W-14")]
    [Trait("spec", "W-162")]
    [Trait("spec", "X-65")]
    public async Task The_right_pin_joins_and_reads_and_a_wrong_one_says_so_and_sends_nothing()
    {
        await using MeshMember server = await MeshMember.CreateAsync();
        await using MeshMember right = await MeshMember.CreateAsync();
        await using MeshMember wrong = await MeshMember.CreateAsync();
        await MeshMember.IntroduceAsync(server, right);
        await MeshMember.IntroduceAsync(server, wrong);
        Ran set = await server.CliAsync("config", "set", "tls.listen", "true");
        Assert.True(set.ExitCode == 0, set.ToString());
        Ran identity = await server.CliAsync("identity", "--tls", "--json");
        Assert.True(identity.ExitCode == 0, identity.ToString());
        string pin = identity.Data.GetProperty("tls").GetProperty("fingerprint").GetString()!;
        string wrongPin = (pin[0] == '0' ? '1' : '0') + pin[1..];
        string url = $"wss://127.0.0.1:{server.Port}";
        await server.StartAsync();
        await right.StartAsync("--peer", $"{server.DeviceId}={url}|sha256:{pin.ToUpperInvariant()}|lan");
        await wrong.StartAsync("--peer", $"{server.DeviceId}={url}|{wrongPin}|lan");

        await right.JoinedAsync(server);
        JsonElement status = await right.StatusAsync();
        Assert.Equal("tls-pinned", Assert.Single(status.GetProperty("configuredStaticPeers").EnumerateArray()).GetProperty("securityPosture").GetString());
        Assert.True(Assert.Single(status.GetProperty("peers").EnumerateArray()).GetProperty("edge").GetProperty("encrypted").GetBoolean());
        await MeshPoll.UntilAsync(async () => (await server.FramesOfAsync(right.DeviceId)).Length > 0, "a frame through TLS", TimeSpan.FromSeconds(10));

        await MeshPoll.UntilAsync(
            async () => (await wrong.MessagesAsync("peer.fault")).Any(m => m.Contains("TLS_PIN_MISMATCH", StringComparison.Ordinal) && m.Contains(pin, StringComparison.Ordinal)),
            "the mismatch to be said at the dialler", TimeSpan.FromSeconds(10));
        Assert.False(await wrong.HasSessionWithAsync(server.DeviceId));
        Assert.False(await server.HasSessionWithAsync(wrong.DeviceId));

        string token = (await File.ReadAllTextAsync(Path.Combine(server.StateDir, "operator.token"), TestContext.Current.CancellationToken)).Trim();
        using var elsewhere = new TempState();
        Ran read = await StatusAsync(elsewhere, $"{url}|{pin}", token);
        Assert.True(read.ExitCode == 0, read.ToString());
        Assert.Equal(server.DeviceId, read.Data.GetProperty("localDeviceId").GetString());
        Ran mismatch = await StatusAsync(elsewhere, $"{url}|{wrongPin}", token);
        Assert.True(mismatch.ExitCode == 4, mismatch.ToString());
        Assert.Equal("TLS_PIN_MISMATCH", mismatch.Data.GetProperty("code").GetString());
        Ran unpinned = await StatusAsync(elsewhere, url, token);
        Assert.True(unpinned.ExitCode == 4, unpinned.ToString());
        Ran plain = await StatusAsync(elsewhere, server.Url, token);
        Assert.True(plain.ExitCode == 4, plain.ToString());
    }

    [Fact]
    [Trait("spec", "W-13")]
    [Trait("spec", "X-40")]
    public async Task A_command_without_a_running_node_goes_over_a_pinned_line()
    {
        await using MeshMember server = await MeshMember.CreateAsync();
        await using MeshMember operatorHost = await MeshMember.CreateAsync();
        await operatorHost.TrustAsync(server.DeviceId, server.PublicKey);
        await server.TrustAsync(operatorHost.DeviceId, operatorHost.PublicKey, "command=" + MeshForward.Valve);
        Assert.Equal(0, (await server.CliAsync("config", "set", "tls.listen", "true")).ExitCode);
        string pin = (await server.CliAsync("identity", "--tls", "--json")).Data.GetProperty("tls").GetProperty("fingerprint").GetString()!;
        await server.StartAsync();
        await server.SetClockAsync();

        Ran ran = await operatorHost.CliAsync(
            "actuate", MeshForward.Valve, "open", "--for", "1s", "--peer", server.DeviceId, "--url", $"wss://127.0.0.1:{server.Port}|{pin}|relay", "--json");
        Ran bare = await operatorHost.CliAsync("actuate", MeshForward.Valve, "close", "--peer", server.DeviceId, "--url", $"ws://127.0.0.1:{server.Port}||relay", "--json");

        Assert.True(ran.ExitCode == 0, ran.ToString());
        Assert.Equal("done", ran.Data.GetProperty("outcome").GetString());
        // [W-164]: nothing is dialled across a WAN line without a pin.
        Assert.True(bare.ExitCode == 2, bare.ToString());
    }

    private static Task<Ran> StatusAsync(string stateDir, string url, string token)
    {
        ProcessStartInfo start = EdgeBinary.StartInfo("status", "--url", url, "--json", "--state-dir", stateDir);
        start.Environment["CLAWMESH_OPERATOR_TOKEN"] = token;
        return EdgeBinary.RunAsync(start);
    }
}
