using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>The main job of the node, on the published binary.</summary>
public class FirstLightTests
{
    private const string Valve = "actuator:valve:zone-1";

    [Fact]
    public async Task A_bounded_run_exits_0_and_leaves_frames_and_a_journal_that_verifies()
    {
        using var state = new TempState();

        Ran ran = await EdgeBinary.RunAsync("run", "--site", "simulated", "--state-dir", state, "--listen", "127.0.0.1:0", "--for", "3s");
        Ran audit = await EdgeBinary.RunAsync("audit", "verify", "--json", "--state-dir", state);

        Assert.True(ran.ExitCode == 0, ran.ToString());
        Assert.Contains("Listening on ws://127.0.0.1:", ran.Output, StringComparison.Ordinal);
        Assert.Contains("shutdown", ran.Output, StringComparison.Ordinal);
        Assert.True(audit.ExitCode == 0, audit.ToString());
        Assert.Equal("ok", audit.Json.GetProperty("status").GetString());

        // Frames survive the process: a second run finds them in the store before it has made any of its own.
        await using NodeProcess again = await NodeProcess.StartAsync(state);
        JsonElement status = await again.CallAsync("mesh.status", "{}");
        Assert.True(status.GetProperty("edge").GetProperty("frames").GetProperty("stored").GetInt64() > 10);
    }

    [Fact]
    public async Task Status_shows_every_sensor_live_while_the_node_runs()
    {
        using var state = new TempState();
        await using NodeProcess node = await NodeProcess.StartAsync(state);

        Ran ran = await node.CliAsync("status", "--json");

        Assert.True(ran.ExitCode == 0, ran.ToString());
        Assert.Equal("status", ran.Json.GetProperty("kind").GetString());
        Assert.Equal(1, ran.Json.GetProperty("schema").GetInt32());
        JsonElement[] simulated = [.. ran.Data.GetProperty("edge").GetProperty("sensors").EnumerateArray().Where(s => s.TryGetProperty("simulated", out _))];
        Assert.Equal(13, simulated.Length);
        Assert.All(simulated, s =>
        {
            Assert.Equal("active", s.GetProperty("state").GetString());
            Assert.True(s.TryGetProperty("value", out _), s.GetRawText());
        });
        Assert.Contains(ran.Data.GetProperty("edge").GetProperty("sensors").EnumerateArray(), s => s.GetProperty("id").GetString() == "sensor:host:mem-available");
    }

    [Fact]
    public async Task Opening_a_valve_waters_the_zone_and_its_lease_closes_it_by_itself()
    {
        using var state = new TempState();
        using var dryState = new TempState();
        await using NodeProcess node = await NodeProcess.StartAsync(state, "--sim-seed", "7");
        await using NodeProcess dry = await NodeProcess.StartAsync(dryState, "--sim-seed", "7");
        double before = await MoistureAsync(node);

        Ran open = await node.CliAsync("actuate", Valve, "open", "--for", "3s", "--json");
        double whileOpen = node.OutputOnDisk(Valve);
        await UntilAsync(() => Task.FromResult(node.OutputOnDisk(Valve) == 0), TimeSpan.FromSeconds(8));
        double after = await MoistureAsync(node);
        double dryAfter = await MoistureAsync(dry);

        Assert.True(open.ExitCode == 0, open.ToString());
        Assert.Equal("done", open.Data.GetProperty("outcome").GetString());
        Assert.Equal(3000, open.Data.GetProperty("leaseMs").GetInt64());
        Assert.Equal("sensor:flow:mainline-01", open.Data.GetProperty("observed").GetProperty("by").GetString());
        Assert.Equal(1, whileOpen);
        Assert.True(after > before + 0.5, $"moisture {before} -> {after}");
        Assert.True(after > dryAfter + 0.5, $"watered {after}, dry twin {dryAfter}");

        string[] types = await UntilJournalAsync(node, "lease_end");
        Assert.Equal(["decision", "outcome", "lease_end"], types);
    }

    [Fact]
    public async Task The_same_command_id_acts_once_and_answers_the_same_also_after_a_restart()
    {
        using var state = new TempState();
        string first;
        await using (NodeProcess node = await NodeProcess.StartAsync(state))
        {
            Ran one = await node.CliAsync("actuate", Valve, "open", "--for", "1s", "--command-id", "once-1", "--json");
            Ran two = await node.CliAsync("actuate", Valve, "open", "--for", "1s", "--command-id", "once-1", "--json");
            first = one.Data.GetProperty("permitId").GetString()!;

            Assert.True(one.ExitCode == 0, one.ToString());
            Assert.True(two.ExitCode == 0, two.ToString());
            Assert.True(two.Data.GetProperty("repeat").GetBoolean());
            Assert.Equal(first, two.Data.GetProperty("permitId").GetString());
            Assert.Equal(0, await node.TerminateAsync());
        }

        await using NodeProcess again = await NodeProcess.StartAsync(state);
        Ran three = await again.CliAsync("actuate", Valve, "open", "--for", "1s", "--command-id", "once-1", "--json");
        Assert.True(three.Data.GetProperty("repeat").GetBoolean());
        Assert.Equal(first, three.Data.GetProperty("permitId").GetString());
        Assert.Equal(0, again.OutputOnDisk(Valve));

        // The same id for another command is somebody's mistake, or worse.
        Ran other = await again.CliAsync("actuate", Valve, "open", "--for", "9s", "--command-id", "once-1", "--json");
        Assert.Equal(3, other.ExitCode);
        Assert.Equal("COMMAND_REPLAYED", other.Data.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Model_only_evidence_is_refused_with_exit_code_3_and_journaled()
    {
        using var state = new TempState();
        await using NodeProcess node = await NodeProcess.StartAsync(state);

        Ran ran = await node.CliAsync("actuate", Valve, "open", "--llm-only", "--json");
        Ran list = await node.CliAsync("audit", "list", "--json");

        Assert.Equal(3, ran.ExitCode);
        Assert.Equal("LLM_ONLY_ACTUATION_BLOCKED", ran.Data.GetProperty("code").GetString());
        Assert.Equal("refused", ran.Data.GetProperty("outcome").GetString());
        Assert.Equal(0, node.OutputOnDisk(Valve));
        Assert.Contains("LLM_ONLY_ACTUATION_BLOCKED", list.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stuck_valve_is_effect_unconfirmed_and_goes_back_to_safe()
    {
        using var state = new TempState();
        await using NodeProcess node = await NodeProcess.StartAsync(state);
        await File.WriteAllTextAsync(Path.Combine(state, "sim", "faults.json"), $$"""{"{{Valve}}":"stuck"}""");
        await Task.Delay(1500);

        Ran ran = await node.CliAsync("actuate", Valve, "open", "--json");

        Assert.Equal(1, ran.ExitCode);
        Assert.Equal("effect_unconfirmed", ran.Data.GetProperty("outcome").GetString());
        Assert.Equal(0, node.OutputOnDisk(Valve));
    }

    [Fact]
    public async Task Safe_state_on_a_live_node_latches_until_an_operator_releases()
    {
        using var state = new TempState();
        await using NodeProcess node = await NodeProcess.StartAsync(state);
        await node.CliAsync("actuate", Valve, "open", "--for", "60s");
        Assert.Equal(1, node.OutputOnDisk(Valve));

        Ran safe = await node.CliAsync("safe-state", "--json");
        long closed = Stopwatch.GetTimestamp();
        Assert.True(safe.ExitCode == 0, safe.ToString());
        Assert.Equal(0, node.OutputOnDisk(Valve));

        Ran latched = await node.CliAsync("actuate", "actuator:valve:zone-2", "open", "--json");
        Assert.Equal(3, latched.ExitCode);
        Assert.Equal("INTERLOCK_ACTIVE", latched.Data.GetProperty("code").GetString());

        Ran release = await node.CliAsync("release", "--json");
        Assert.True(release.ExitCode == 0, release.ToString());

        // Both valves are seen by one flow meter: a rise can only be told from what the first one leaves behind once that is gone.
        await UntilAsync(
            async () =>
            {
                JsonElement flow = await SensorAsync(node, "sensor:flow:mainline-01");
                bool sampledSince = flow.GetProperty("ageMs").GetInt64() < Stopwatch.GetElapsedTime(closed).TotalMilliseconds - 300;
                return sampledSince && flow.GetProperty("value").GetDouble() < 0.5;
            },
            TimeSpan.FromSeconds(5));
        Ran open = await node.CliAsync("actuate", "actuator:valve:zone-2", "open", "--for", "1s", "--json");
        Assert.True(open.ExitCode == 0, open.ToString());
    }

    [Fact]
    public async Task Sigterm_sends_the_outputs_to_their_safe_state_and_exits_0()
    {
        using var state = new TempState();
        await using NodeProcess node = await NodeProcess.StartAsync(state);
        await node.CliAsync("actuate", Valve, "open", "--for", "60s");
        Assert.Equal(1, node.OutputOnDisk(Valve));

        int exit = await node.TerminateAsync();

        Assert.Equal(0, exit);
        Assert.Equal(0, NodeProcess.OutputOnDisk(state, Valve));
    }

    [Fact]
    public async Task A_dropped_terminal_sends_the_outputs_to_their_safe_state_too()
    {
        using var state = new TempState();
        await using NodeProcess node = await NodeProcess.StartAsync(state);
        await node.CliAsync("actuate", Valve, "open", "--for", "60s");
        Assert.Equal(1, node.OutputOnDisk(Valve));

        int exit = await node.SignalAsync("HUP");

        Assert.Equal(0, exit);
        Assert.Equal(0, NodeProcess.OutputOnDisk(state, Valve));
    }

    [Fact]
    public async Task One_hung_bus_holds_neither_the_other_outputs_nor_safe_state_nor_the_stop()
    {
        using var state = new TempState();
        await using NodeProcess node = await NodeProcess.StartAsync(state);
        await node.CliAsync("actuate", "actuator:valve:zone-2", "open", "--for", "60s");
        await File.WriteAllTextAsync(Path.Combine(state, "sim", "faults.json"), $$"""{"{{Valve}}":"hang"}""");
        await Task.Delay(1500);

        Ran hung = await node.CliAsync("actuate", Valve, "open", "--for", "1s", "--json");
        Ran safe = await node.CliAsync("safe-state", "--json");

        Assert.Equal(1, hung.ExitCode);
        Assert.Equal("fault", hung.Data.GetProperty("outcome").GetString());
        Assert.Equal(1, safe.ExitCode);
        Assert.Equal("safe-state", safe.Json.GetProperty("kind").GetString());
        Assert.Equal(0, node.OutputOnDisk("actuator:valve:zone-2"));

        // The stop says that it could not confirm the hung output, and does not wait for it.
        Assert.Equal(1, await node.TerminateAsync());
        Assert.Contains("NOT confirmed", await node.LogAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_node_in_the_same_directory_and_one_on_a_busy_port_name_the_holder()
    {
        using var state = new TempState();
        using var other = new TempState();
        await using NodeProcess node = await NodeProcess.StartAsync(state);
        string listen = (await node.CallAsync("mesh.status", "{}")).GetProperty("edge").GetProperty("listen").GetString()!;

        Ran same = await EdgeBinary.RunAsync("run", "--site", "simulated", "--state-dir", state, "--listen", "127.0.0.1:0", "--json");
        Ran busy = await EdgeBinary.RunAsync("run", "--site", "simulated", "--state-dir", other, "--listen", listen, "--for", "2s");

        Assert.Equal(2, same.ExitCode);
        Assert.Contains(node.ProcessId.ToString(CultureInfo.InvariantCulture), same.Output, StringComparison.Ordinal);
        Assert.Equal(2, busy.ExitCode);
        Assert.Contains("node.port_busy", busy.Error, StringComparison.Ordinal);
        Assert.Contains(node.ProcessId.ToString(CultureInfo.InvariantCulture), busy.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Views_without_a_node_exit_4_and_say_what_to_do()
    {
        using var state = new TempState();

        Ran text = await EdgeBinary.RunAsync("status", "--state-dir", state);
        Ran json = await EdgeBinary.RunAsync("status", "--json", "--state-dir", state);

        Assert.Equal(4, text.ExitCode);
        Assert.Contains("clawmesh-edge run", text.Error, StringComparison.Ordinal);
        Assert.Equal(4, json.ExitCode);
        Assert.Equal("error", json.Json.GetProperty("kind").GetString());
        Assert.Equal("node.unreachable", json.Data.GetProperty("code").GetString());
    }

    private static async Task<double> MoistureAsync(NodeProcess node) => (await SensorAsync(node, "sensor:soil-moisture:zone-1")).GetProperty("value").GetDouble();

    private static async Task<JsonElement> SensorAsync(NodeProcess node, string sensor)
    {
        JsonElement status = await node.CallAsync("mesh.status", "{}");
        return status.GetProperty("edge").GetProperty("sensors").EnumerateArray().Single(s => s.GetProperty("id").GetString() == sensor);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, TimeSpan limit)
    {
        using var deadline = new CancellationTokenSource(limit);
        while (!await condition()) await Task.Delay(20, deadline.Token);
    }

    private static async Task<string[]> UntilJournalAsync(NodeProcess node, string lastType)
    {
        string[] types = [];
        await UntilAsync(
            async () =>
            {
                Ran list = await node.CliAsync("audit", "list", "--json", "--actuator", Valve);
                types = [.. list.Data.GetProperty("records").EnumerateArray().OrderBy(r => r.GetProperty("seq").GetInt64()).Select(r => r.GetProperty("type").GetString()!)];
                return types.Contains(lastType);
            },
            TimeSpan.FromSeconds(10));
        return types;
    }
}
