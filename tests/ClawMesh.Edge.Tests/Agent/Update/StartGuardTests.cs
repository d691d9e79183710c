using ClawMesh.Edge.Agent.Update;

namespace ClawMesh.Edge.Tests.Agent.Update;

/// <summary>The real script, started as systemd starts it, on a tree and a clock of the test's own.</summary>
public sealed class StartGuardTests : IDisposable
{
    private const string NextBoot = "66666666-7777-8888-9999-000000000000\n";

    private readonly UpdateTree _tree = new();

    [Fact]
    public async Task Without_a_trial_a_start_changes_nothing()
    {
        _tree.Install("0.1.5");

        await _tree.StartAsync();

        Assert.Equal("0.1.5", _tree.Launched);
        Assert.Equal(["current", "releases", "releases/0.1.5"], _tree.Names());
        Assert.Empty(_tree.Told);
    }

    [Fact]
    public async Task A_link_to_a_release_that_is_gone_is_mended_to_the_packaged_version()
    {
        UpdateTree.Link(_tree.Paths.Current, "0.9.9");

        await _tree.StartAsync();

        Assert.Equal("packaged", _tree.Launched);
        Assert.Equal(["releases"], _tree.Names());
    }

    [Fact]
    public async Task The_first_start_of_a_trial_is_counted_gives_it_its_time_and_calls_the_watcher()
    {
        _tree.BeginTrial();
        _tree.Say("0.2.0 1000 healthy");
        _tree.Uptime = 1010;

        await _tree.StartAsync();

        Assert.Equal(("0.2.0", 1, 1010 + 50), (_tree.Launched, _tree.Trial!.Starts, _tree.Trial.Deadline));
        Assert.Equal(["start --no-block clawmesh-edge-update.service"], _tree.Told);
        Assert.False(File.Exists(_tree.Paths.Health), "what an earlier life said of itself must not count");
    }

    // A start put the old version back just while the watcher looked; the watcher took the switched link for an update that never began and
    // wrote that over the reason.
    [Fact]
    public async Task A_watcher_that_waits_for_a_start_says_nothing_about_what_that_start_ended()
    {
        _tree.BeginTrial(starts: 3);
        _tree.Tool("flock",
            """
            #!/bin/sh
            if [ ! -e "$CLAWMESH_ROOT/once" ]; then
              : > "$CLAWMESH_ROOT/once"
              sh "$CLAWMESH_ROOT/usr/lib/clawmesh-edge/start-guard" pre-start
            fi
            exit 0

            """);

        await _tree.GuardAsync("watch", "--once");

        Assert.Equal(("0.1.5", "rolled-back"), (_tree.Launched, _tree.Last!.Result));
        Assert.StartsWith("3 starts", _tree.Last.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_version_that_crashes_gets_three_starts_and_the_fourth_runs_the_old_one()
    {
        _tree.BeginTrial();

        for (int start = 1; start <= 3; start++)
        {
            await _tree.StartAsync();
            Assert.Equal("0.2.0", _tree.Launched);
            _tree.Uptime += 3;
        }

        await _tree.StartAsync();

        Assert.Equal("0.1.5", _tree.Launched);
        Assert.False(File.Exists(_tree.Paths.Trial));
        Assert.Equal(("rolled-back", "0.2.0", "0.1.5"), (_tree.Last!.Result, _tree.Last.Release, _tree.Last.Previous));
        Assert.Contains("3 starts", _tree.Last.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Three_starts_are_all_also_over_many_boots()
    {
        _tree.BeginTrial();

        for (int boot = 1; boot <= 4; boot++)
        {
            _tree.Put(_tree.Paths.BootId, $"boot-{boot}\n");
            _tree.Uptime = 15;
            Directory.Delete(_tree.At("run"), recursive: true);
            Directory.CreateDirectory(_tree.At("run/clawmesh-edge"));
            Assert.Equal("0.2.0", _tree.Launched);
            await _tree.StartAsync();
        }

        Assert.Equal("0.1.5", _tree.Launched);
    }

    [Fact]
    public async Task A_start_after_the_deadline_runs_the_old_version_at_once()
    {
        _tree.BeginTrial();
        await _tree.StartAsync();
        _tree.Uptime += 50;

        await _tree.StartAsync();

        Assert.Equal("0.1.5", _tree.Launched);
        Assert.Equal("rolled-back", _tree.Last!.Result);
    }

    [Fact]
    public async Task A_version_that_is_healthy_for_its_time_is_committed_and_the_old_one_becomes_the_previous()
    {
        _tree.BeginTrial();
        await _tree.StartAsync();

        await _tree.WatchAsync(60, "0.2.0 NOW healthy");

        Assert.Equal(("committed", "healthy for 30 s"), (_tree.Last!.Result, _tree.Last.Reason));
        Assert.Equal(1035, _tree.Uptime);
        Assert.Equal(["current", "last-result", "previous", "releases", "releases/0.1.5", "releases/0.2.0"], _tree.Names());
        Assert.Equal(("0.2.0", "0.1.5"), (_tree.Launched, _tree.Paths.Linked(_tree.Paths.Previous)));
        Assert.DoesNotContain(_tree.Told, t => t.StartsWith("restart", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("0.2.0 NOW unhealthy journal", "unhealthy journal")]
    [InlineData("0.1.5 NOW healthy", "version 0.1.5 runs")]
    [InlineData("0.2.0 900 healthy", "s old")]
    [InlineData("0.2.0 99999 healthy", "s old")]
    [InlineData("0.2.0 NOW", "it says")]
    [InlineData("nonsense", "s old")]
    [InlineData(null, "no health file")]
    public async Task A_version_that_is_not_healthy_in_time_is_replaced_and_the_node_restarted(string? says, string reason)
    {
        _tree.BeginTrial();
        await _tree.StartAsync();

        await _tree.WatchAsync(100, says);

        Assert.Equal("0.1.5", _tree.Launched);
        Assert.Equal(1050, _tree.Uptime);
        Assert.Equal("rolled-back", _tree.Last!.Result);
        Assert.Contains(reason, _tree.Last.Reason, StringComparison.Ordinal);
        Assert.Equal(["reset-failed clawmesh-edge.service", "restart clawmesh-edge.service"], _tree.Told.Skip(1));
    }

    [Fact]
    public async Task What_ailed_the_node_before_the_update_does_not_keep_it_from_being_committed()
    {
        _tree.BeginTrial(before: "output:pump sensors");
        await _tree.StartAsync();

        await _tree.WatchAsync(100, "0.2.0 NOW unhealthy sensors");

        Assert.Equal("committed", _tree.Last!.Result);
    }

    [Fact]
    public async Task A_new_ailment_beside_the_old_one_counts()
    {
        _tree.BeginTrial(before: "sensors");
        await _tree.StartAsync();

        await _tree.WatchAsync(100, "0.2.0 NOW unhealthy sensors journal");

        Assert.Equal("rolled-back", _tree.Last!.Result);
    }

    [Fact]
    public async Task Healthy_time_counts_from_the_last_start_only()
    {
        _tree.BeginTrial();
        await _tree.StartAsync();
        await _tree.WatchAsync(25, "0.2.0 NOW healthy");
        await _tree.StartAsync();

        await _tree.WatchAsync(20, "0.2.0 NOW healthy");

        Assert.True(File.Exists(_tree.Paths.Trial));
        await _tree.WatchAsync(100, "0.2.0 NOW healthy");
        Assert.Equal("rolled-back", _tree.Last!.Result);
    }

    [Fact]
    public async Task A_gap_in_the_watching_is_no_evidence_of_health()
    {
        _tree.BeginTrial();
        await _tree.StartAsync();
        await _tree.WatchAsync(10, "0.2.0 NOW healthy");

        await _tree.WatchAsync(28, "0.2.0 NOW healthy", step: 28);

        Assert.True(File.Exists(_tree.Paths.Trial));
    }

    [Fact]
    public async Task A_reboot_grants_a_new_time_that_is_bounded_again()
    {
        _tree.BeginTrial();
        await _tree.StartAsync();
        await _tree.WatchAsync(45, says: null);
        _tree.Put(_tree.Paths.BootId, NextBoot);
        _tree.Uptime = 10;

        await _tree.StartAsync();
        Assert.Equal((2, 60L), (_tree.Trial!.Starts, _tree.Trial.Deadline));
        await _tree.WatchAsync(100, says: null);

        Assert.Equal(60, _tree.Uptime);
        Assert.Equal("0.1.5", _tree.Launched);
    }

    [Fact]
    public async Task A_machine_that_boots_without_starting_the_node_still_gets_the_old_version_back()
    {
        _tree.BeginTrial(starts: 1);
        _tree.Put(_tree.Paths.BootId, NextBoot);
        _tree.Uptime = 10;

        await _tree.WatchAsync(100, says: null);

        Assert.Equal("0.1.5", _tree.Launched);
    }

    [Fact]
    public async Task A_unit_that_systemd_gave_up_is_not_waited_for()
    {
        _tree.BeginTrial();
        await _tree.StartAsync();
        _tree.Put(_tree.At("failed"), "");

        await _tree.WatchAsync(5, says: null);

        Assert.Equal("0.1.5", _tree.Launched);
        Assert.Contains("gave up", _tree.Last!.Reason, StringComparison.Ordinal);
    }

    // `systemctl stop` of a version that does not end well leaves a failed unit; the watcher used to start the node again.
    [Fact]
    public async Task A_node_that_somebody_stopped_and_that_ended_badly_is_not_started_either()
    {
        _tree.BeginTrial();
        await _tree.StartAsync();
        _tree.Put(_tree.At("failed"), "");
        _tree.Put(_tree.At("exit-status"), "15\n");
        _tree.Put(_tree.At("active-state"), "failed\n");

        await _tree.WatchAsync(100, says: null);

        Assert.Equal("0.1.5", _tree.Launched);
        Assert.DoesNotContain(_tree.Told, t => t.StartsWith("restart", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_version_that_is_being_stopped_when_its_time_is_over_is_killed_and_the_stop_stays_a_stop()
    {
        _tree.BeginTrial();
        await _tree.StartAsync();
        _tree.Put(_tree.At("active-state"), "deactivating\n");

        await _tree.WatchAsync(100, says: null);

        Assert.Equal("0.1.5", _tree.Launched);
        Assert.Equal(["kill --signal=KILL clawmesh-edge.service"], _tree.Told.Skip(1));
    }

    [Fact]
    public async Task A_failed_unit_before_the_first_start_of_the_trial_is_the_old_versions()
    {
        _tree.BeginTrial();
        _tree.Put(_tree.At("failed"), "");

        await _tree.WatchAsync(5, says: null);

        Assert.Equal(("0.2.0", true), (_tree.Launched, File.Exists(_tree.Paths.Trial)));
    }

    [Fact]
    public async Task A_node_that_somebody_stopped_is_not_started_by_a_rollback()
    {
        _tree.BeginTrial();
        await _tree.StartAsync();
        _tree.Put(_tree.At("active-state"), "inactive\n");

        await _tree.WatchAsync(100, says: null);

        Assert.Equal("0.1.5", _tree.Launched);
        Assert.DoesNotContain(_tree.Told, t => t.StartsWith("restart", StringComparison.Ordinal));
    }

    [Fact]
    public async Task When_the_release_to_go_back_to_is_gone_the_packaged_version_comes()
    {
        _tree.BeginTrial();
        Directory.Delete(_tree.Paths.ReleaseOf("0.1.5"), recursive: true);
        await _tree.StartAsync();

        await _tree.WatchAsync(100, says: null);

        Assert.Equal("packaged", _tree.Launched);
    }

    [Theory]
    [InlineData("")]
    [InlineData("release=../../../tmp/evil\nprevious=0.1.5\n")]
    [InlineData("release=0.2.0\nprevious=$(reboot)\n")]
    [InlineData("\0\0\0\0")]
    public async Task A_trial_that_makes_no_sense_ends_in_what_was_committed_before(string trial)
    {
        _tree.Install("0.1.5", current: false);
        _tree.Install("0.2.0");
        UpdateTree.Link(_tree.Paths.Previous, "0.1.5");
        _tree.Put(_tree.Paths.Trial, trial);

        await _tree.StartAsync();

        Assert.Equal("0.1.5", _tree.Launched);
        Assert.False(File.Exists(_tree.Paths.Trial));
    }

    [Fact]
    public async Task A_disk_that_takes_no_more_writes_ends_in_three_starts_as_well()
    {
        _tree.BeginTrial();
        _tree.Tool("mv", "#!/bin/sh\nexit 1\n");

        for (int start = 1; start <= 3; start++)
        {
            await _tree.StartAsync();
            Assert.Equal("0.2.0", _tree.Launched);
        }

        await _tree.StartAsync();
        Assert.Equal("0.1.5", _tree.Launched);

        // Writable again: what only this boot knew becomes what the disk says.
        File.Delete(_tree.At("bin/mv"));
        await _tree.StartAsync();
        Assert.Equal("0.1.5", _tree.Launched);
        Assert.False(File.Exists(_tree.At("run/clawmesh-edge-guard/instead")));
    }

    [Fact]
    public async Task A_disk_that_hangs_in_a_sync_does_not_hold_up_the_start()
    {
        _tree.BeginTrial();
        _tree.Tool("sync", "#!/bin/sh\nexec sleep 20\n");

        GuardRun run = await _tree.GuardAsync("pre-start");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("did not sync", run.Error, StringComparison.Ordinal);
        Assert.Equal(1, _tree.Trial!.Starts);
    }

    [Fact]
    public async Task A_start_never_fails_whatever_is_missing()
    {
        _tree.BeginTrial();
        Directory.Delete(_tree.At("proc"), recursive: true);
        Directory.Delete(_tree.At("run"), recursive: true);

        await _tree.StartAsync();
    }

    public void Dispose() => _tree.Dispose();
}
