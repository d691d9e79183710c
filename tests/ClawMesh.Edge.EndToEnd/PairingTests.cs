using System.Text.Json;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>Two published nodes and two people at terminals.</summary>
public class PairingTests
{
    private const string CodeLine = "Type this code at the other device:";
    private const string Valve = "actuator:valve:V1";

    [Fact]
    [Trait("spec", "X-52")]
    [Trait("spec", "X-54")]
    [Trait("spec", "X-62")]
    public async Task Two_people_compare_digits_and_the_nodes_join_with_what_both_said_and_no_trust_add()
    {
        await using MeshMember house = await MeshMember.CreateAsync();
        await using MeshMember pump = await MeshMember.CreateAsync();
        await pump.StartAsync();
        await house.StartAsync("--peer", pump.Spec);
        Assert.False(await house.HasSessionWithAsync(pump.DeviceId));

        await PairAsync(pump, house, ["--grant", $"command={Valve}"], ["--want", "command=actuator:valve:*"]);

        JsonElement atPump = await OnlyPeerAsync(pump), atHouse = await OnlyPeerAsync(house);
        Assert.Equal((house.DeviceId, pump.DeviceId), (atPump.GetProperty("deviceId").GetString(), atHouse.GetProperty("deviceId").GetString()));
        Assert.Equal((house.PublicKey, pump.PublicKey), (atPump.GetProperty("publicKey").GetString(), atHouse.GetProperty("publicKey").GetString()));
        Assert.Equal([Valve], atPump.GetProperty("grants").GetProperty("command").EnumerateArray().Select(c => c.GetString()));
        Assert.Empty(atHouse.GetProperty("grants").GetProperty("command").EnumerateArray());
        Assert.Contains("\"method\": \"sas\"", await File.ReadAllTextAsync(Path.Combine(pump.StateDir, "mesh", "trusted-peers.json"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await house.JoinedAsync(pump);
        Assert.Contains(await pump.JournalAsync(), record => record.GetRawText().Contains("\"pair\"", StringComparison.Ordinal));

        await house.StartAsync("--peer", pump.Spec);
        await house.JoinedAsync(pump);
    }

    [Fact]
    [Trait("spec", "X-52")]
    [Trait("spec", "W-29")]
    public async Task Two_nodes_as_they_came_out_of_the_box_are_in_one_mesh_afterwards()
    {
        await using MeshMember house = await MeshMember.CreateAsync(config => config.Remove("meshName"));
        await using MeshMember pump = await MeshMember.CreateAsync(config => config.Remove("meshName"));
        await pump.StartAsync();
        await house.StartAsync("--peer", pump.Spec);
        string mesh = await MeshOfAsync(pump);
        Assert.NotEqual(mesh, await MeshOfAsync(house));

        await PairAsync(pump, house, [], []);

        await house.JoinedAsync(pump);
        Assert.Equal(mesh, await MeshOfAsync(house));
        await house.StartAsync("--peer", pump.Spec);
        await house.JoinedAsync(pump);
        Assert.Equal(mesh, await MeshOfAsync(house));
    }

    [Fact]
    [Trait("spec", "X-60")]
    public async Task A_code_that_is_not_the_others_ends_it_at_both_ends_and_stores_nothing()
    {
        await using MeshMember house = await MeshMember.CreateAsync();
        await using MeshMember pump = await MeshMember.CreateAsync();
        await pump.StartAsync();
        await house.StartAsync();
        await using TerminalProcess accepting = TerminalProcess.Start("pair", "--accept", "--state-dir", pump.StateDir);
        await accepting.UntilAsync("Pairing is open");
        await using TerminalProcess dialling = TerminalProcess.Start("pair", "--url", pump.Url, "--state-dir", house.StateDir);
        string code = await CodeAsync(accepting);
        await dialling.UntilAsync("six digits");
        Assert.DoesNotContain(code, dialling.Shown, StringComparison.Ordinal);
        await dialling.TypeAsync((code[0] == '0' ? "1" : "0") + code[1..]);

        Assert.Equal((1, 1), (await dialling.ExitCodeAsync(), await accepting.ExitCodeAsync()));
        foreach (TerminalProcess terminal in (TerminalProcess[])[dialling, accepting]) Assert.Contains("PAIRING_SAS_MISMATCH", terminal.Shown, StringComparison.Ordinal);
        foreach (MeshMember member in (MeshMember[])[house, pump])
        {
            Assert.Contains(await member.MessagesAsync("peer.fault"), m => m.Contains("somebody may sit between", StringComparison.Ordinal));
            Assert.Empty((await member.CliAsync("trust", "list", "--json")).Data.GetProperty("peers").EnumerateArray());
        }

        await using TerminalProcess again = TerminalProcess.Start("pair", "--accept", "--state-dir", pump.StateDir);
        await again.UntilAsync("pair.delayed");
    }

    [Fact]
    [Trait("spec", "X-54")]
    public async Task A_pipe_and_a_program_without_a_terminal_are_refused()
    {
        await using MeshMember pump = await MeshMember.CreateAsync();
        await pump.StartAsync();

        Ran piped = await pump.CliAsync("pair", "--accept", "--json");
        Assert.True(piped.ExitCode == 1, piped.ToString());
        Assert.Equal("pair.no_terminal", piped.Data.GetProperty("code").GetString());

        // Without the command line in between: this test has no controlling terminal, or does not read it.
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => pump.Node.CallAsync("edge.pair", """{"op":"accept","offers":{},"wants":{}}"""));
        Assert.Contains("pair.no_terminal", refused.Message, StringComparison.Ordinal);
        JsonElement status = await pump.Node.CallAsync("edge.pair", """{"op":"status"}""");
        Assert.Equal("closed", status.GetProperty("state").GetString());
    }

    [Fact]
    [Trait("spec", "X-54")]
    public async Task A_program_that_is_killed_takes_its_window_with_it()
    {
        await using MeshMember pump = await MeshMember.CreateAsync();
        await pump.StartAsync();
        await using (TerminalProcess accepting = TerminalProcess.Start("pair", "--accept", "--state-dir", pump.StateDir)) await accepting.UntilAsync("Pairing is open");
        await MeshPoll.UntilAsync(
            async () => (await pump.Node.CallAsync("edge.pair", """{"op":"status"}""")).GetProperty("state").GetString() == "failed", "the window to end", TimeSpan.FromSeconds(10));
    }

    private static async Task<string> MeshOfAsync(MeshMember member) => (await member.StatusAsync()).GetProperty("edge").GetProperty("mesh").GetProperty("meshId").GetString()!;

    private static async Task PairAsync(MeshMember accepts, MeshMember dials, string[] grants, string[] wants)
    {
        await using TerminalProcess accepting = TerminalProcess.Start(["pair", "--accept", .. grants, "--state-dir", accepts.StateDir]);
        await accepting.UntilAsync("Pairing is open");
        await using TerminalProcess dialling = TerminalProcess.Start(["pair", "--url", accepts.Url, .. wants, "--state-dir", dials.StateDir]);
        string code = await CodeAsync(accepting);
        await dialling.UntilAsync("six digits");
        await dialling.TypeAsync(code);
        await dialling.UntilAsync("The codes are equal");
        await accepting.UntilAsync("equal? [y/N");
        await accepting.TypeAsync("y");
        Assert.True(await dialling.ExitCodeAsync() == 0, dialling.Shown);
        Assert.True(await accepting.ExitCodeAsync() == 0, accepting.Shown);
    }

    private static async Task<string> CodeAsync(TerminalProcess accepting)
    {
        await accepting.UntilAsync("equal? [y/N");
        string line = await accepting.UntilAsync(CodeLine);
        string code = line[CodeLine.Length..].Trim()[..7];
        Assert.Equal(' ', code[3]);
        return code;
    }

    private static async Task<JsonElement> OnlyPeerAsync(MeshMember member) =>
        Assert.Single((await member.CliAsync("trust", "list", "--json")).Data.GetProperty("peers").EnumerateArray());
}
