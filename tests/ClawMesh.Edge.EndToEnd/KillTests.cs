using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>kill -9 at random moments around and during an actuation, against the published binary.</summary>
public abstract class KillTests(int seed)
{
    private const string Valve = "actuator:valve:K1";

    // Two hundred points in all, half of them in each of two nodes, so that both cores are used.
    private const int KillsPerNode = 100;

    // The pin is written within a few milliseconds, the effect is seen after about 100: half of the kills fall around the
    // write and the flush before it, half are spread past the answer.
    private const int AroundTheWriteMicroseconds = 5_000;
    private const int PastTheAnswerMs = 220;

    // One valve without rests and duties: what is tested is memory, not limits.
    private const string Site =
        """
        {
          "schema": 1, "name": "kill", "board": "simulated", "simulated": true,
          "sensors": [
            { "id": "sensor:tank-level:tank-1", "zone": "tank-1", "metric": "level", "unit": "%", "driver": "simulated", "channel": "tank-level", "interval": "1s", "valid": { "min": 0, "max": 105 } },
            { "id": "sensor:flow:mainline-01", "zone": "mainline-01", "metric": "flow", "unit": "l/min", "driver": "simulated", "channel": "flow", "interval": "1s", "valid": { "min": 0, "max": 150 } }
          ],
          "actuators": [
            { "ref": "actuator:valve:K1", "zone": "zone-1", "kind": "onOff", "driver": "simulated", "channel": "valve-1", "safe": "inactive",
              "operations": ["open", "close"], "maxOn": "1h", "ratePerMinute": 600,
              "effect": { "sensor": "sensor:flow:mainline-01", "rises": 2, "within": "2s" } }
          ]
        }
        """;

    [Fact]
    [Trait("spec", "X-41")]
    [Trait("spec", "X-81")]
    public async Task A_node_killed_at_any_moment_leaves_an_output_that_the_next_life_closes_and_a_command_it_never_retries()
    {
        using var state = new TempState();
        string site = Path.Combine(state, "kill-site.json");
        await File.WriteAllTextAsync(site, Site);
        var random = new Random(seed);
        var seen = new Tally();

        for (int kill = 0; kill < KillsPerNode; kill++)
        {
            string where = $"seed {seed}, kill {kill}";
            await using NodeProcess node = NodeProcess.Launch(state, "--site", site);
            await node.WaitForSocketAsync();
            Assert.True(node.OutputOnDisk(Valve) == 0, $"{where}: the output was not closed before the socket opened");
            await RefusedOnlyByReadinessAsync(node, kill, where, seen);

            Task<JsonElement?> answer = node.TryCallAsync("edge.actuate", $$"""{"target":"{{Valve}}","operation":"open","commandId":"kill-{{seed}}-{{kill}}","params":{"durationSec":60} }""");
            if (random.Next(2) == 0) SpinFor(TimeSpan.FromMicroseconds(random.Next(AroundTheWriteMicroseconds)));
            else await Task.WhenAny(answer, Task.Delay(random.Next(PastTheAnswerMs)));
            bool done = answer.IsCompletedSuccessfully && await answer is { } result && result.GetProperty("outcome").GetString() == "done";
            await node.KillAsync();

            double left = node.OutputOnDisk(Valve);
            if (done) Assert.True(left == 1, $"{where}: the answer was done and the mapped file says {left}");
            seen.Count(done, left);

            if (random.Next(2) == 0)
            {
                Ran safe = await node.CliAsync("safe-state", "--json");
                Assert.True(safe.ExitCode == 0, $"{where}: {safe}");
                Assert.True(node.OutputOnDisk(Valve) == 0, $"{where}: safe-state left the output at {node.OutputOnDisk(Valve)}");
            }

            Ran audit = await node.CliAsync("audit", "verify", "--json");
            Assert.True(audit.ExitCode == 0, $"{where}: {audit}");
        }

        await AssertEveryCommandEndedOnceAsync(state, site, seed);
        Assert.True(seen.Open > 0 && seen.Closed > 0, $"the moments did not spread: {seen}");
        TestContext.Current.SendDiagnosticMessage("{0} kills: {1}", KillsPerNode, seen);
    }

    // The command that was running when the last life was killed: known, unknown in its outcome or done, never acted on again.
    private static async Task RefusedOnlyByReadinessAsync(NodeProcess node, int kill, string where, Tally seen)
    {
        await node.WaitUntilReadyAsync("sensor:flow:mainline-01");
        if (kill == 0) return;
        Ran list = await node.CliAsync("audit", "list", "--json", "--limit", "20");
        Assert.True(list.ExitCode == 0, $"{where}: {list}");
        JsonElement[] records = [.. list.Data.GetProperty("records").EnumerateArray()];
        if (records.Any(r => r.GetProperty("code").GetString() == "RESTART_DURING_COMMAND")) seen.Unknown++;
        Assert.True(node.OutputOnDisk(Valve) == 0, $"{where}: something opened the output again");
    }

    private static async Task AssertEveryCommandEndedOnceAsync(string state, string site, int seed)
    {
        await using NodeProcess last = NodeProcess.Launch(state, "--site", site);
        await last.WaitForSocketAsync();
        Ran export = await last.CliAsync("audit", "export");
        Assert.Equal(0, export.ExitCode);
        List<JsonElement> records = [.. export.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
        foreach (IGrouping<string, JsonElement> command in records.Where(r => r.TryGetProperty("commandId", out _)).GroupBy(r => r.GetProperty("commandId").GetString()!))
        {
            int granted = command.Count(r => r.GetProperty("type").GetString() == "decision" && r.GetProperty("code").GetString() == "OK");
            int outcomes = command.Count(r => r.GetProperty("type").GetString() == "outcome");
            Assert.True(granted <= 1, $"seed {seed}: {command.Key} was granted {granted} times");
            if (granted == 1) Assert.True(outcomes == 1, $"seed {seed}: {command.Key} has {outcomes} outcomes");
        }
    }

    // A timer is too coarse for what happens within one flush.
    private static void SpinFor(TimeSpan moment)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < moment) Thread.SpinWait(10);
    }

    private static JsonElement Parse(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }

    private sealed class Tally
    {
        public int Open { get; private set; }

        public int Closed { get; private set; }

        public int Done { get; private set; }

        public int Unknown { get; set; }

        public void Count(bool done, double left)
        {
            if (done) Done++;
            if (left == 0) Closed++;
            else Open++;
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Done} answered done, {Open} left open, {Closed} left closed, {Unknown} lives found an interrupted command");
    }
}

/// <summary>The first hundred kills; a class of its own, because classes run side by side.</summary>
public class FirstHundredKillTests() : KillTests(20261);

/// <summary>The second hundred.</summary>
public class SecondHundredKillTests() : KillTests(20262);
