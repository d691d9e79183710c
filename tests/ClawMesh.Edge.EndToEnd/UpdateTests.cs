using System.Diagnostics;

namespace ClawMesh.Edge.EndToEnd;

/// <summary>
/// The published binary, the real guard and the bundle script together, on a tree of the test's own, with a systemctl that does as much of
/// systemd as an update needs: it starts the watcher, and starts the node again when it ends.
/// </summary>
public sealed class UpdateTests : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("clawmesh-update-").FullName;

    [Fact]
    public async Task A_version_that_crashes_is_on_trial_for_three_starts_and_then_the_old_one_runs()
    {
        string bundle = Prepare("abort();");

        Ran ran = await ApplyAsync(bundle);

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("update.rolled_back", ran.Error, StringComparison.Ordinal);
        Assert.Contains("3 starts", ran.Error, StringComparison.Ordinal);
        await OldVersionRunsAsync();
        Ran status = await RunAsync("update", "status", "--json");
        Assert.Equal(("packaged", "rolled-back", "0.2.0"), (
            status.Data.GetProperty("current").GetString(), status.Data.GetProperty("last").GetProperty("result").GetString(), status.Data.GetProperty("last").GetProperty("release").GetString()));
    }

    [Fact]
    public async Task A_version_that_says_nothing_is_replaced_at_its_deadline()
    {
        string bundle = Prepare("sleep(120);");

        Ran ran = await ApplyAsync(bundle);

        Assert.Contains("update.rolled_back", ran.Error, StringComparison.Ordinal);
        Assert.Contains("no health file", ran.Error, StringComparison.Ordinal);
        await OldVersionRunsAsync();
    }

    [Fact]
    public async Task A_version_that_is_healthy_is_kept_and_rolled_back_by_hand_only()
    {
        string health = $"{_root}/run/clawmesh-edge/health";
        string bundle = Prepare($$"""for (;;) if (system("read up rest < /proc/uptime; echo 0.2.0 ${up%%.*} healthy > {{health}}.new && mv {{health}}.new {{health}}; sleep 1")) return 1;""");

        Ran ran = await ApplyAsync(bundle, "--json");

        Assert.Equal(0, ran.ExitCode);
        Assert.Equal(("0.2.0", "packaged", "operator", "committed"), (
            ran.Data.GetProperty("release").GetString(), ran.Data.GetProperty("previous").GetString(), ran.Data.GetProperty("signer").GetString(), ran.Data.GetProperty("state").GetString()));
        Assert.Equal("releases/0.2.0", new FileInfo($"{_root}/opt/clawmesh-edge/current").LinkTarget);
        Assert.False(File.Exists($"{_root}/opt/clawmesh-edge/trial"));

        Assert.Equal(0, (await RunAsync("update", "rollback")).ExitCode);
        await OldVersionRunsAsync();
    }

    [Fact]
    public async Task A_bundle_that_somebody_changed_is_refused_and_nothing_is_started()
    {
        string bundle = Prepare("abort();");
        byte[] bytes = await File.ReadAllBytesAsync(bundle, TestContext.Current.CancellationToken);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(bundle, bytes, TestContext.Current.CancellationToken);

        Ran ran = await ApplyAsync(bundle);

        Assert.Equal(2, ran.ExitCode);
        Assert.Contains("update.bundle_invalid", ran.Error, StringComparison.Ordinal);
        Assert.False(File.Exists($"{_root}/systemd.log"));
        Assert.False(Directory.Exists($"{_root}/opt/clawmesh-edge/releases/0.2.0"));
    }

    [Fact]
    public async Task A_living_node_says_how_it_is_is_asked_before_an_update_and_journals_it()
    {
        string bundle = Prepare("abort();");
        ProcessStartInfo start = EdgeBinary.StartInfo("run", "--site", "simulated", "--listen", "127.0.0.1:0", "--no-discovery", "--state-dir", $"{_root}/state");
        start.Environment["INVOCATION_ID"] = "0123456789abcdef0123456789abcdef";
        start.Environment["RUNTIME_DIRECTORY"] = $"{_root}/run/clawmesh-edge";
        using Process node = Process.Start(start)!;
        Task<string> log = node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            await UntilAsync(() => File.Exists($"{_root}/run/clawmesh-edge/health"));
            string[] health = (await File.ReadAllTextAsync($"{_root}/run/clawmesh-edge/health", TestContext.Current.CancellationToken)).Split(' ');
            Assert.Equal("healthy\n", health[2]);
            string version = (await RunAsync("version", "--json")).Data.GetProperty("version").GetString()!;
            Assert.Equal(version, health[0]);

            Ran opened;
            do opened = await RunAsync("actuate", "actuator:valve:zone-1", "open", "--for", "60s");
            while (opened.ExitCode == 3 && opened.ToString().Contains("NOT_READY", StringComparison.Ordinal));
            Assert.Equal(0, opened.ExitCode);
            Ran refused = await ApplyAsync(bundle);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("update.energised", refused.Error, StringComparison.Ordinal);
            Assert.Contains("actuator:valve:zone-1", refused.Error, StringComparison.Ordinal);

            Assert.Equal(0, (await RunAsync("safe-state")).ExitCode);
            Ran applied = await ApplyAsync(bundle, "--no-wait", "--json");
            Assert.Equal(0, applied.ExitCode);
            Assert.True(applied.Data.GetProperty("journaled").GetBoolean());
            Assert.Contains("update-apply", (await RunAsync("audit", "list")).Output, StringComparison.Ordinal);
        }
        finally
        {
            node.Kill();
            await log;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // The watcher, the node, and the loop that would start it again, which looks five times a second; then what the node itself began.
        File.WriteAllText($"{_root}/over", "");
        Signal("watch.pid");
        Signal("node.pid");
        await Task.Delay(TimeSpan.FromSeconds(2), CancellationToken.None);
        Directory.Delete(_root, recursive: true);
    }

    /// <summary>A tree with a packaged version and a key, and a signed bundle whose program does this when it is the node.</summary>
    private string Prepare(string node)
    {
        Assert.SkipWhen(EdgeBinary.Root.Length == 0, "not in the repository; the guard and the bundle script are not here");
        Assert.SkipWhen(!OnPath("gcc") || !OnPath("openssl"), "gcc and openssl make the new version and its signature");
        foreach (string folder in (string[])["bin", "state", "etc/clawmesh-edge", "usr/lib/clawmesh-edge", "opt/clawmesh-edge/releases", "run/clawmesh-edge"]) Directory.CreateDirectory($"{_root}/{folder}");
        Directory.CreateSymbolicLink($"{_root}/proc", "/proc");
        File.Copy($"{EdgeBinary.Root}/systemd/start-guard", $"{_root}/usr/lib/clawmesh-edge/start-guard");
        Script("usr/lib/clawmesh-edge/clawmesh-edge", $"if [ \"$1\" = run ]; then touch '{_root}/old-runs'; exec sleep 60; fi\nexec '{EdgeBinary.Path}' \"$@\"");
        Script("bin/systemctl", SystemctlText());
        File.WriteAllText($"{_root}/state/node.json", """{"edge":{"update":{"healthySec":5,"deadlineSec":12}}}""");

        File.WriteAllText($"{_root}/new.c",
            "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\nint main(int c, char **v) {\n" +
            "  if (c > 1 && !strcmp(v[1], \"version\")) { puts(\"{\\\"data\\\":{\\\"version\\\":\\\"0.2.0\\\"}}\"); return 0; }\n  " +
            node + "\n  return 0;\n}\n");
        Shell("gcc", "-o", $"{_root}/new", $"{_root}/new.c");
        string line = Shell("bash", $"{EdgeBinary.Root}/aot/make-bundle.sh", "--new-key", $"{_root}/operator.pem");
        File.WriteAllText($"{_root}/etc/clawmesh-edge/update.keys", line);
        Shell("bash", $"{EdgeBinary.Root}/aot/make-bundle.sh", "--key", $"{_root}/operator.pem", "--binary", $"{_root}/new", "--rid", "linux-x64", "--version", "0.2.0", "--out", $"{_root}/it.bundle");
        return $"{_root}/it.bundle";
    }

    // Restart= of the unit and the watcher's unit, in so many lines; each life of the node has a turn, and a restart ends the turn before.
    private string SystemctlText() =>
        $$"""
        root='{{_root}}'
        guard="$root/usr/lib/clawmesh-edge/start-guard"
        export CLAWMESH_ROOT="$root"
        node() {
          turn=$(cat "$root/turn" 2>/dev/null || echo 0); turn=$((turn + 1)); echo $turn > "$root/turn"
          [ ! -f "$root/node.pid" ] || kill -9 "$(cat "$root/node.pid")" 2>/dev/null
          ( while [ "$(cat "$root/turn" 2>/dev/null)" = $turn ] && [ ! -e "$root/over" ]; do
              /bin/sh "$guard" pre-start
              binary="$root/opt/clawmesh-edge/current/clawmesh-edge"
              [ -x "$binary" ] || binary="$root/usr/lib/clawmesh-edge/clawmesh-edge"
              "$binary" run & echo $! > "$root/node.pid"; wait $!
              sleep 0.2
            done ) </dev/null >/dev/null 2>&1 &
        }
        case "$1" in
          cat | reset-failed | kill) exit 0 ;;
          is-failed) exit 1 ;;
          show) echo active; exit 0 ;;
        esac
        echo "$*" >> "$root/systemd.log"
        case "$*" in
          *clawmesh-edge-update*)
            [ ! -f "$root/watch.pid" ] || ! kill -0 "$(cat "$root/watch.pid")" 2>/dev/null || exit 0
            /bin/sh "$guard" watch </dev/null >/dev/null 2>&1 & echo $! > "$root/watch.pid" ;;
          *) node ;;
        esac
        """;

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition()) await Task.Delay(50, limit.Token);
    }

    private async Task OldVersionRunsAsync()
    {
        await UntilAsync(() => File.Exists($"{_root}/old-runs"));
        Assert.Null(new FileInfo($"{_root}/opt/clawmesh-edge/current").LinkTarget);
    }

    private async Task<Ran> ApplyAsync(string bundle, params string[] more) => await RunAsync(["update", "apply", bundle, .. more]);

    private async Task<Ran> RunAsync(params string[] arguments)
    {
        ProcessStartInfo start = EdgeBinary.StartInfo([.. arguments, "--state-dir", $"{_root}/state"]);
        start.Environment.Remove("INVOCATION_ID");
        start.Environment["CLAWMESH_ROOT"] = _root;
        start.Environment["PATH"] = $"{_root}/bin:{Environment.GetEnvironmentVariable("PATH")}";
        return await EdgeBinary.RunAsync(start);
    }

    private void Script(string path, string text)
    {
        File.WriteAllText($"{_root}/{path}", $"#!/bin/sh\n{text}\n");
        File.SetUnixFileMode($"{_root}/{path}", (UnixFileMode)0b111_101_101);
    }

    private void Signal(string file)
    {
        if (!File.Exists($"{_root}/{file}") || !int.TryParse(File.ReadAllText($"{_root}/{file}").Trim(), out int pid)) return;
        try
        {
            using Process process = Process.GetProcessById(pid);
            process.Kill();
        }
        catch (ArgumentException)
        {
            // It has ended by itself.
            return;
        }
    }

    private static bool OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(System.IO.Path.Combine(folder, program)));

    private static string Shell(string program, params ReadOnlySpan<string> arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        start.Environment.Remove("RID");
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
