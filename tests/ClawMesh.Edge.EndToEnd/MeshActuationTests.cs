using System.Globalization;
using System.Text.Json;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>An operator at one published node commands an output of another: through the node, without one, and across a death of the executor.</summary>
public class MeshActuationTests
{
    private const string Valve = MeshForward.Valve;
    private const string Granted = "command=" + Valve;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Fact]
    [Trait("spec", "W-95")]
    [Trait("spec", "W-98")]
    [Trait("spec", "W-105")]
    [Trait("spec", "X-40")]
    [Trait("spec", "X-42")]
    [Trait("spec", "X-45")]
    public async Task A_command_of_an_operator_acts_at_the_peer_and_comes_back_with_its_permit_and_journal_number()
    {
        await using MeshMember a = await MeshMember.CreateAsync();
        await using MeshMember c = await StartExecutorAsync(a);
        await a.StartAsync("--peer", c.Spec);
        await a.JoinedAsync(c);

        Ran ran = await a.CliAsync("actuate", Valve, "open", "--for", "2s", "--peer", c.DeviceId, "--command-id", "far-1", "--json");

        Assert.True(ran.ExitCode == 0, ran.ToString());
        Assert.Equal("done", ran.Data.GetProperty("outcome").GetString());
        Assert.Equal("OK", ran.Data.GetProperty("code").GetString());
        Assert.Equal(c.DeviceId, ran.Data.GetProperty("peer").GetString());
        Assert.Equal(2_000, ran.Data.GetProperty("leaseMs").GetInt64());
        Assert.Equal(1, c.Node.OutputOnDisk(Valve));
        Assert.Equal(0, a.Node.OutputOnDisk(Valve));
        JsonElement[] records = await RecordsAsync(c, "far-1");
        JsonElement decision = Assert.Single(records, r => Type(r) == "decision");
        Assert.Equal(a.DeviceId, decision.GetProperty("body").GetProperty("device").GetString());
        Assert.Equal(ran.Data.GetProperty("permitId").GetString(), decision.GetProperty("permitId").GetString());
        Assert.Equal(ran.Data.GetProperty("journalSeq").GetInt64(), decision.GetProperty("seq").GetInt64());
        Assert.Single(records, r => Type(r) == "outcome");
        Assert.Empty(await RecordsAsync(a, "far-1"));

        Ran repeat = await a.CliAsync("actuate", Valve, "open", "--for", "2s", "--peer", c.DeviceId[..12], "--command-id", "far-1", "--json");
        Assert.True(repeat.ExitCode == 0, repeat.ToString());
        Assert.True(repeat.Data.GetProperty("repeat").GetBoolean(), repeat.ToString());
        Assert.Equal(ran.Data.GetProperty("permitId").GetString(), repeat.Data.GetProperty("permitId").GetString());

        // What only a peer offers is refused here, and the person learns whose it is ([W-110]).
        Ran elsewhere = await a.CliAsync("actuate", "actuator:valve:far-field", "open", "--json");
        Assert.Equal(3, elsewhere.ExitCode);
        Assert.Contains($"add --peer {c.DeviceId[..12]}", elsewhere.Data.GetProperty("message").GetString(), StringComparison.Ordinal);

        await c.OutputIsAsync(Valve, 0, Soon);
        await MeshPoll.UntilAsync(async () => (await RecordsAsync(c, "far-1")).Any(r => Type(r) == "lease_end"), "the end of the lease in the journal", Soon);
        Assert.Single(await RecordsAsync(c, "far-1"), r => Type(r) == "decision");

        // what came of it is a frame, and the commanding node hears it like everybody.
        await MeshPoll.UntilAsync(async () => (await ResultsAsync(a, "far-1")).Length == 1, "the result frame at A", Soon);
        await AssertRefusalsAsync(a, c);
        await AssertRepeatSurvivesRestartAsync(a, c);
    }

    [Fact]
    [Trait("spec", "W-67")]
    [Trait("spec", "X-35")]
    [Trait("spec", "X-80")]
    public async Task An_answer_that_does_not_come_is_said_and_the_same_id_asks_for_it_later()
    {
        await using MeshMember a = await MeshMember.CreateAsync();
        await using MeshMember c = await StartExecutorAsync(a);
        await a.StartAsync("--peer", c.Spec);
        await a.JoinedAsync(c);

        // Stopped, not dead: its sockets stay open and say nothing.
        await SignalAsync(c, "STOP");
        Ran lost = await a.CliAsync("actuate", Valve, "open", "--for", "1s", "--peer", c.DeviceId, "--command-id", "late-1", "--json");
        Ran silent = await a.CliAsync("actuate", Valve, "open", "--for", "1s", "--peer", c.DeviceId, "--command-id", "late-2", "--json");
        await SignalAsync(c, "CONT");

        Assert.True(lost.ExitCode == 1, lost.ToString());
        Assert.Contains(lost.Data.GetProperty("code").GetString(), (string[])["PEER_DISCONNECTED", "TIMEOUT"]);
        Assert.Contains("--command-id late-1", lost.Data.GetProperty("fix").GetString(), StringComparison.Ordinal);
        Assert.True(silent.ExitCode == 4, silent.ToString());
        Assert.Equal("NOT_CONNECTED", silent.Data.GetProperty("code").GetString());
        Assert.NotEmpty(await a.EventsAsync("peer.suspect"));

        await a.JoinedAsync(c);
        await c.WaitUntilArmedAsync();
        Ran again = await a.CliAsync("actuate", Valve, "open", "--for", "1s", "--peer", c.DeviceId, "--command-id", "late-1", "--json");
        Assert.True(again.ExitCode == 0, again.ToString());
        Assert.Single(await RecordsAsync(c, "late-1"), r => Type(r) == "decision" && r.GetProperty("code").GetString() == "OK");
        Assert.Empty(await RecordsAsync(c, "late-2"));
    }

    [Fact]
    [Trait("spec", "W-98")]
    [Trait("spec", "W-105")]
    [Trait("spec", "X-40")]
    public async Task An_operator_without_a_running_node_dials_with_its_own_key()
    {
        await using MeshMember a = await MeshMember.CreateAsync();
        await using MeshMember c = await StartExecutorAsync(a);

        Ran ran = await a.CliAsync("actuate", Valve, "open", "--for", "1s", "--peer", c.DeviceId, "--url", c.Url, "--command-id", "alone-1", "--json");
        Assert.True(ran.ExitCode == 0, ran.ToString());
        Assert.Equal("done", ran.Data.GetProperty("outcome").GetString());
        Assert.Equal(1, c.Node.OutputOnDisk(Valve));
        JsonElement decision = Assert.Single(await RecordsAsync(c, "alone-1"), r => Type(r) == "decision");
        Assert.Equal(a.DeviceId, decision.GetProperty("body").GetProperty("device").GetString());
        await c.OutputIsAsync(Valve, 0, Soon);
        await a.CliAsync("actuate", Valve, "open", "--for", "1s", "--peer", c.DeviceId, "--url", c.Url, "--command-id", "alone-1", "--json");
        Assert.Equal(0, c.Node.OutputOnDisk(Valve));
        Assert.Single(await RecordsAsync(c, "alone-1"), r => Type(r) == "decision" && r.GetProperty("code").GetString() == "OK");

        long before = await c.CounterAsync("mesh.inbound.messages");
        Ran model = await a.CliAsync("actuate", Valve, "open", "--llm-only", "--peer", c.DeviceId, "--url", c.Url, "--json");
        Assert.True(model.ExitCode == 3, model.ToString());
        Assert.Equal("LLM_ONLY_ACTUATION_BLOCKED", model.Data.GetProperty("code").GetString());
        Assert.Equal(before, await c.CounterAsync("mesh.inbound.messages"));

        Ran denied = await a.CliAsync("actuate", "actuator:valve:zone-2", "open", "--peer", c.DeviceId, "--url", c.Url, "--json");
        Assert.True(denied.ExitCode == 3, denied.ToString());
        Assert.Equal("NOT_AUTHORIZED", denied.Data.GetProperty("code").GetString());

        // The device is known by its key, not by where it was found.
        await using MeshMember other = await MeshMember.CreateAsync();
        await MeshMember.IntroduceAsync(a, other);
        await other.StartAsync();
        Ran wrong = await a.CliAsync("actuate", Valve, "open", "--peer", c.DeviceId, "--url", other.Url, "--json");
        Assert.True(wrong.ExitCode == 4, wrong.ToString());
        Assert.Equal("NOT_CONNECTED", wrong.Data.GetProperty("code").GetString());
        Assert.Equal(0, other.Node.OutputOnDisk(Valve));

        await c.Node.KillAsync();
        Ran gone = await a.CliAsync("actuate", Valve, "open", "--peer", c.DeviceId, "--url", c.Url, "--json");
        Assert.True(gone.ExitCode == 4, gone.ToString());
    }

    private static async Task AssertRefusalsAsync(MeshMember a, MeshMember c)
    {
        long arrived = await c.CounterAsync("edge.actuation.forwards");
        int records = (await c.JournalAsync()).Length;
        int outcomes = (await c.EventsAsync("actuation.outcome")).Length;
        Ran model = await a.CliAsync("actuate", Valve, "open", "--for", "1s", "--llm-only", "--peer", c.DeviceId, "--json");
        Assert.True(model.ExitCode == 3, model.ToString());
        Assert.Equal("LLM_ONLY_ACTUATION_BLOCKED", model.Data.GetProperty("code").GetString());
        Assert.Equal(arrived, await c.CounterAsync("edge.actuation.forwards"));
        Assert.Equal(records, (await c.JournalAsync()).Length);
        Assert.Equal(outcomes, (await c.EventsAsync("actuation.outcome")).Length);

        Ran denied = await a.CliAsync("actuate", "actuator:valve:zone-2", "open", "--for", "1s", "--peer", c.DeviceId, "--json");
        Assert.True(denied.ExitCode == 3, denied.ToString());
        Assert.Equal("NOT_AUTHORIZED", denied.Data.GetProperty("code").GetString());
        Assert.Equal(0, c.Node.OutputOnDisk("actuator:valve:zone-2"));
        Assert.Equal(arrived + 1, await c.CounterAsync("edge.actuation.forwards"));
    }

    private static async Task AssertRepeatSurvivesRestartAsync(MeshMember a, MeshMember c)
    {
        string permit = (await RecordsAsync(c, "far-1")).First(r => Type(r) == "decision").GetProperty("permitId").GetString()!;
        await c.Node.KillAsync();
        await a.LostAsync(c);
        Ran gone = await a.CliAsync("actuate", Valve, "open", "--peer", c.DeviceId, "--json");
        Assert.True(gone.ExitCode == 4, gone.ToString());
        Assert.Equal("NOT_CONNECTED", gone.Data.GetProperty("code").GetString());

        await c.StartAsync();
        await a.JoinedAsync(c);
        Ran repeat = await a.CliAsync("actuate", Valve, "open", "--for", "2s", "--peer", c.DeviceId, "--command-id", "far-1", "--json");
        Assert.True(repeat.ExitCode == 0, repeat.ToString());
        Assert.True(repeat.Data.GetProperty("repeat").GetBoolean(), repeat.ToString());
        Assert.Equal(permit, repeat.Data.GetProperty("permitId").GetString());
        Assert.Equal(0, c.Node.OutputOnDisk(Valve));
        Assert.Single(await RecordsAsync(c, "far-1"), r => Type(r) == "decision");
    }

    private static async Task<MeshMember> StartExecutorAsync(MeshMember commander)
    {
        MeshMember c = await MeshMember.CreateAsync();
        await commander.TrustAsync(c.DeviceId, c.PublicKey);
        await c.TrustAsync(commander.DeviceId, commander.PublicKey, Granted);
        await c.StartAsync("--capability", "actuator:valve:far-field");
        await c.SetClockAsync();
        return c;
    }

    private static async Task SignalAsync(MeshMember member, string signal)
    {
        using var kill = System.Diagnostics.Process.Start("kill", [$"-{signal}", member.Node.ProcessId.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    private static async Task<JsonElement[]> ResultsAsync(MeshMember member, string commandId) =>
        [.. (await member.Node.CallAsync("mesh.world.query", """{"limit":200,"kind":"event"}""")).GetProperty("frames").EnumerateArray()
            .Where(f => f.GetProperty("data") is var d && d.GetProperty("type").GetString() == "actuation.result" && d.GetProperty("commandId").GetString() == commandId)];

    private static async Task<JsonElement[]> RecordsAsync(MeshMember member, string commandId) =>
        [.. (await member.JournalAsync()).Where(r => r.TryGetProperty("commandId", out JsonElement id) && id.GetString() == commandId)];

    private static string Type(JsonElement record) => record.GetProperty("type").GetString()!;
}
