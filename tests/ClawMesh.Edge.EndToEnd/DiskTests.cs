using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>
/// The journal's disk fills and then turns read-only, in a private mount namespace: the database lies on a small tmpfs, while the
/// simulated outputs and the lock stay on an ordinary disk (a kernel does not turn a file system read-only under a writer).
/// </summary>
public class DiskTests
{
    private const string Valve = "actuator:valve:zone-1";

    // Rested, so that no limit answers before the journal does.
    private const string OtherValve = "actuator:valve:zone-2";

    [Fact]
    public async Task A_full_and_then_read_only_disk_stops_arming_and_nothing_else_and_heals_by_itself()
    {
        Assert.SkipUnless(Environment.UserName == "root" && await CanUnshareAsync(), "needs root and a mount namespace of its own");
        using var outside = new TempState();
        string state = Path.Combine(outside, "state");
        Directory.CreateDirectory(state);
        string script =
            $"""
            set -e
            mkdir -p '{outside}/sim' && touch '{outside}/node.lock'
            mount -t tmpfs -o size=3m,mode=0700 tmpfs '{state}'
            mkdir '{state}/sim' && mount --bind '{outside}/sim' '{state}/sim'
            touch '{state}/node.lock' && mount --bind '{outside}/node.lock' '{state}/node.lock'
            exec '{EdgeBinary.Path}' run --site simulated --state-dir '{state}' --listen 127.0.0.1:0 --no-discovery
            """;
        var start = new ProcessStartInfo("unshare") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["-m", "--propagation", "private", "bash", "-c", script]) start.ArgumentList.Add(argument);
        using Process node = Process.Start(start)!;
        Task<string> log = node.StandardOutput.ReadToEndAsync();
        try
        {
            await UntilAsync(async () => await JournalAsync(node, state) == "ready", "the node to be ready");
            Ran works = await InsideAsync(node, EdgeBinary.Path, "actuate", Valve, "open", "--for", "1s", "--json", "--state-dir", state);
            Assert.True(works.ExitCode == 0, works.ToString());

            await InsideAsync(node, "dd", "if=/dev/zero", $"of={state}/fill", "bs=64k");
            await UntilAsync(async () => await JournalAsync(node, state) == "unavailable", "the journal to notice the full disk");
            await AssertRefusedAndSensingAsync(node, state);
            Ran diag = await InsideAsync(node, EdgeBinary.Path, "diag", "storage", "--json", "--state-dir", state);
            Assert.Equal(1, diag.ExitCode);
            Assert.Contains(diag.Data.GetProperty("checks").EnumerateArray(), c => c.GetProperty("status").GetString() == "fail" && c.GetProperty("fix").GetString()!.Length > 0);

            Ran remount = await InsideAsync(node, "mount", "-o", "remount,ro", state);
            Assert.True(remount.ExitCode == 0, remount.ToString());
            await AssertRefusedAndSensingAsync(node, state);
            Ran stillSafe = await InsideAsync(node, EdgeBinary.Path, "safe-state", "--json", "--state-dir", state);
            Assert.True(stillSafe.ExitCode == 0, stillSafe.ToString());

            await InsideAsync(node, "mount", "-o", "remount,rw", state);
            await InsideAsync(node, "rm", $"{state}/fill");
            await UntilAsync(async () => await JournalAsync(node, state) == "ready", "the journal to come back");
            await InsideAsync(node, EdgeBinary.Path, "release", "--state-dir", state);
            await UntilAsync(
                async () => (await InsideAsync(node, EdgeBinary.Path, "actuate", Valve, "open", "--for", "1s", "--state-dir", state)).ExitCode == 0, "arming to work again");
            Ran verify = await InsideAsync(node, EdgeBinary.Path, "audit", "verify", "--state-dir", state);
            Assert.True(verify.ExitCode == 0, verify.ToString());
            Assert.False(node.HasExited, "the node crashed");
        }
        finally
        {
            if (!node.HasExited) node.Kill();
            await node.WaitForExitAsync();
        }

        Assert.Contains("recovery.escalated", await log, StringComparison.Ordinal);
    }

    private static async Task AssertRefusedAndSensingAsync(Process node, string state)
    {
        Ran refused = await InsideAsync(node, EdgeBinary.Path, "actuate", OtherValve, "open", "--json", "--state-dir", state);
        Assert.Equal(3, refused.ExitCode);
        Assert.Equal("JOURNAL_UNAVAILABLE", refused.Data.GetProperty("code").GetString());
        Ran status = await InsideAsync(node, EdgeBinary.Path, "status", "--json", "--state-dir", state);
        JsonElement moisture = status.Data.GetProperty("edge").GetProperty("sensors").EnumerateArray().Single(s => s.GetProperty("id").GetString() == "sensor:soil-moisture:zone-1");
        Assert.True(moisture.GetProperty("ageMs").GetInt64() < 3000, moisture.GetRawText());
    }

    private static async Task<string> JournalAsync(Process node, string state)
    {
        Ran status = await InsideAsync(node, EdgeBinary.Path, "status", "--json", "--state-dir", state);
        return status.ExitCode == 0 ? status.Data.GetProperty("edge").GetProperty("journal").GetProperty("state").GetString()! : "";
    }

    private static Task<Ran> InsideAsync(Process node, params string[] command)
    {
        var start = new ProcessStartInfo("nsenter") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in (string[])["-t", node.Id.ToString(CultureInfo.InvariantCulture), "-m", "--", .. command]) start.ArgumentList.Add(argument);
        return EdgeBinary.RunAsync(start);
    }

    private static async Task<bool> CanUnshareAsync()
    {
        var start = new ProcessStartInfo("unshare") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in (string[])["-m", "--propagation", "private", "true"]) start.ArgumentList.Add(argument);
        return (await EdgeBinary.RunAsync(start)).ExitCode == 0;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        long started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(40)) throw new TimeoutException($"waited 40 s for {what}");
            await Task.Delay(100);
        }
    }
}
