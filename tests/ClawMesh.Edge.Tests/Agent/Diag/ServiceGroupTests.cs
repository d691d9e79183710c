using System.Text.Json;
using ClawMesh.Edge.Hardware.Linux;
using ClawMesh.Edge.Tests.Agent.Service;

namespace ClawMesh.Edge.Tests.Agent.Diag;

public sealed class ServiceGroupTests : IDisposable
{
    private readonly DiagBench _diag = new();
    private string _shown = ServiceBench.Running;

    public void Dispose() => _diag.Dispose();

    [Fact]
    public async Task Without_a_unit_file_there_is_one_skip_that_says_how_to_install()
    {
        JsonElement only = Assert.Single(DiagBench.Checks(await _diag.JsonAsync("service")));

        only.Has("skip", "service install");
    }

    [Fact]
    public async Task Where_systemd_does_not_run_what_it_would_say_is_skipped()
    {
        _diag.Machine("etc/systemd/system/clawmesh-edge.service", "[Service]\n");

        (await _diag.CheckAsync("service.active")).Has("skip", "systemd does not run here");
    }

    [Fact]
    public async Task A_service_that_runs_as_it_should_passes_in_everything()
    {
        Install();

        JsonElement[] checks = [.. DiagBench.Checks(await _diag.JsonAsync("service"))];

        Assert.Equal(["unit", "enabled", "active", "restarts", "watchdog", "stop-post", "state-owner", "access"], checks.Select(c => c.GetProperty("id").GetString()!["service.".Length..]));
        foreach (JsonElement check in checks.Where(c => !c.GetProperty("id").GetString()!.EndsWith("state-owner", StringComparison.Ordinal))) Assert.True(check.Status() == "pass", check.GetRawText());
    }

    [Theory]
    [InlineData("UnitFileState=enabled", "UnitFileState=disabled", "enabled", "warn", "does not start with the machine")]
    [InlineData("NeedDaemonReload=no", "NeedDaemonReload=yes", "unit", "warn", "changed on disk")]
    [InlineData("LoadState=loaded", "LoadState=masked", "unit", "fail", "masked")]
    [InlineData("LoadState=loaded", "LoadState=bad-setting", "unit", "fail", "bad-setting")]
    [InlineData("ActiveState=active", "ActiveState=inactive", "active", "warn", "stopped")]
    [InlineData("ActiveState=active", "ActiveState=activating", "active", "warn", "waits before it starts again")]
    [InlineData("ActiveState=active", "ActiveState=failed", "active", "fail", "failed")]
    [InlineData("NRestarts=1", "NRestarts=14", "restarts", "warn", "14 since")]
    [InlineData("WatchdogUSec=10s", "WatchdogUSec=0", "watchdog", "warn", "does not watch")]
    [InlineData("WatchdogTimestampMonotonic=88112201", "WatchdogTimestampMonotonic=0", "watchdog", "warn", "not fed yet")]
    [InlineData("safe-state", "nothing", "stop-post", "fail", "nothing makes the outputs safe")]
    public async Task Each_thing_that_is_wrong_is_told_with_a_fix(string right, string wrong, string check, string status, string summary)
    {
        Install();
        _shown = ServiceBench.Running.Replace(right, wrong, StringComparison.Ordinal);

        JsonElement found = await _diag.CheckAsync($"service.{check}");

        found.Has(status, summary);
        Assert.NotEqual("", found.Fix());
    }

    [Fact]
    public async Task A_wrong_configuration_is_told_from_a_crash_because_it_is_not_tried_again()
    {
        Install();
        _shown = ServiceBench.Running.Replace("ActiveState=active", "ActiveState=failed", StringComparison.Ordinal).Replace("ExecMainStatus=0", "ExecMainStatus=2", StringComparison.Ordinal);

        JsonElement found = await _diag.CheckAsync("service.active");

        found.Has("fail", "not tried again by itself");
        Assert.Contains("config check", found.Fix(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_directory_of_somebody_else_fails_with_the_way_to_give_it_back()
    {
        Install();
        Directory.CreateDirectory(Path.Combine(_diag.Host.Root, "var/lib/clawmesh-edge"));

        JsonElement found = await _diag.CheckAsync("service.state-owner");

        found.Has("fail", "not to clawmesh-edge");
        Assert.Contains("chown", found.Fix(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "pass")]
    [InlineData(4_000_000_001, "pass")]
    [InlineData(4_000_000_002, "pass")]
    [InlineData(4_000_000_003, "warn")]
    public async Task Root_the_service_and_members_of_its_group_may_use_the_socket_and_others_learn_how(uint user, string status)
    {
        Install();
        _diag.UserId = user;

        (await _diag.CheckAsync("service.access")).Has(status, "");
    }

    private void Install()
    {
        _diag.Machine("etc/systemd/system/clawmesh-edge.service", "[Service]\n");
        _diag.Machine("run/systemd/system/.keep", "");
        // Ids that no user of the machine the test runs on has.
        _diag.Machine("etc/passwd", "root:x:0:0::/:/bin/sh\nclawmesh-edge:x:4000000001:4000000001::/:/bin/false\nann:x:4000000002:1::/:/bin/sh\nbob:x:4000000003:1::/:/bin/sh\n");
        _diag.Machine("etc/group", "clawmesh-edge:x:4000000001:ann\n");
        _diag.RunProgram = (_, _, _) => new ProgramResult(0, _shown);
        _diag.UserId = 0;
    }
}
